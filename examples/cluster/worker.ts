import { once } from 'node:events';
import { createApp } from './app.js';
import { openRedis } from './redis.js';
import { host, openDatabase, readPort } from './settings.js';

function handedDown(name: string): string {
  const { [name]: value } = process.env;
  if (value === undefined) throw new Error(`The primary hands down no ${name}.`);
  return value;
}

/** One of the processes that answer requests. The port is shared: the primary hands each connection to one of them. */
export async function runWorker(): Promise<void> {
  // Ctrl-C reaches every process of a terminal; it is the primary that stops its workers.
  process.on('SIGINT', () => undefined);
  const db = await openDatabase({ migrate: false });
  const redis = await openRedis();
  const app = createApp({
    db,
    redis,
    keys: handedDown('TWO_FACTOR_KEYS'),
    sessionSecret: handedDown('SESSION_SECRET'),
  });
  const server = app.listen(readPort(), host);
  await once(server, 'listening');
  process.once('SIGTERM', () => {
    server.close(() => {
      void Promise.allSettled([db.destroy(), redis.close()]).then(() => process.exit());
    });
  });
}
