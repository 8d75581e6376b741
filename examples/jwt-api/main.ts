import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { readKeys } from '../quickstart/keys.js';
import { listen, run } from '../quickstart/listen.js';
import { createApp } from './app.js';
import { tables } from './database.js';

run(async () => {
  const database = process.env.DATABASE ?? join(__dirname, 'demo.sqlite');
  const db = new DataSource({ type: 'better-sqlite3', database, enableWAL: true, timeout: 5000, ...tables() });
  await db.initialize();
  await listen(createApp({ db, keys: readKeys(`${database}.keys`) }), () => db.destroy());
});
