import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { demoTables } from '../quickstart/database.js';
import { readKeys } from '../quickstart/keys.js';
import { listen, run } from '../quickstart/listen.js';
import { createApp } from './app.js';

run(async () => {
  const database = process.env.DATABASE ?? join(__dirname, 'demo.sqlite');
  const db = new DataSource({ type: 'better-sqlite3', database, enableWAL: true, timeout: 5000, ...demoTables() });
  await db.initialize();
  const origin = `http://localhost:${process.env.PORT ?? '3000'}`;
  await listen(createApp({ db, keys: readKeys(`${database}.keys`), origin }), () => db.destroy());
  console.log(`
  1. Sign up, then log in: a password is enough so far.
  2. Account > Two-step login > Add a method. What is "sent" by e-mail or SMS is shown at /outbox.
  3. Log out and in again: now you are asked for a code.
  4. Account > Vault asks again once your last code is a minute old.
  5. Add a passkey, log out, and log in by it alone.`);
});
