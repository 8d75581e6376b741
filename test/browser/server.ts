import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DataSource } from 'typeorm';
import { generateKey } from 'passport-two-factor';
import { fakeClock } from 'passport-two-factor/testing';
import { createApp } from '../../examples/router/app.js';
import { demoTables } from '../../examples/quickstart/database.js';

/** The example in a process of its own, on a clock that the test winds on. */
async function main(): Promise<void> {
  const clock = fakeClock();
  const db = await new DataSource({
    type: 'better-sqlite3',
    database: process.env.DATABASE!,
    ...demoTables(),
  }).initialize();
  // Passkeys are used on one origin, so the port is taken before the app is made.
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const app = createApp({ db, keys: generateKey('k1'), clock: clock.now, origin: `http://localhost:${port}` });
  server.on('request', app);
  // What an app that is an OAuth provider does with a user who is logged in.
  app.get('/authorize', (req, res) => {
    res.redirect(req.query.redirect_uri as string);
  });
  process.send!({ port, now: clock.now() });
  process.on('message', (by: string) => {
    clock.advance(by);
    process.send!({ now: clock.now() });
  });
  process.on('disconnect', () => {
    process.exit();
  });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
