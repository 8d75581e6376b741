import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { createApp } from '../quickstart/app.js';
import { demoTables } from '../quickstart/database.js';
import { readKeys } from '../quickstart/keys.js';
import { listen, run } from '../quickstart/listen.js';

run(async () => {
  const url = process.env.DATABASE_URL ?? 'mysql://root@127.0.0.1:3306/test';
  const db = new DataSource({ type: 'mysql', url, ...demoTables('demo_') });
  try {
    await db.initialize();
  } catch (error) {
    const { message, code } = error as Error & { code?: string };
    // Without the URL itself: it may hold a password.
    throw new Error(
      `MySQL cannot be used (${code ?? message}): set DATABASE_URL=mysql://user:password@host:3306/database.`,
      { cause: error },
    );
  }
  await listen(createApp({ db, keys: readKeys(join(__dirname, 'demo.keys')) }), () => db.destroy());
});
