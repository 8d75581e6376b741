import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { createApp } from './app.js';
import { demoTables } from './database.js';
import { readKeys } from './keys.js';
import { listen, run } from './listen.js';

run(async () => {
  const database = process.env.DATABASE ?? join(__dirname, 'demo.sqlite');
  const db = new DataSource({ type: 'better-sqlite3', database, enableWAL: true, timeout: 5000, ...demoTables() });
  await db.initialize();
  const origin = `http://localhost:${process.env.PORT ?? '3000'}`;
  await listen(createApp({ db, keys: readKeys(`${database}.keys`), origin }), () => db.destroy());
});
