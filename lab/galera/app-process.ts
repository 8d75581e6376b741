// One of several app processes. Its connections go through the proxy, its sessions are in Redis, its time is the parent's.
import { RedisStore } from 'connect-redis';
import { createClient } from 'redis';
import { NodeApp, Shared } from './node-app.js';

export interface Start {
  readonly url: string;
  readonly keys: string;
  readonly now: number;
  readonly redisUrl: string;
  readonly prefix: string;
}

async function start({ url, keys, now, redisUrl, prefix }: Start): Promise<void> {
  const client = await createClient({ url: redisUrl }).connect();
  const shared = new Shared(keys, now, new RedisStore({ client, prefix }));
  const app = await NodeApp.open(url, shared);
  process.on('message', (time: number) => {
    shared.now = time;
    process.send!({ seen: app.seen });
  });
  process.send!({ port: app.port });
}

process.once('message', (message: Start) => {
  void start(message);
});
process.on('disconnect', () => process.exit());
