import { DataSource } from 'typeorm';
import { twoFactorEntities, twoFactorMigrations } from 'passport-two-factor';
import { listen, run } from '../quickstart/listen.js';
import { createApp } from './app.js';
import { startProvider } from './provider.js';

run(async () => {
  const db = new DataSource({
    type: 'better-sqlite3',
    database: ':memory:',
    entities: [...twoFactorEntities()],
    migrations: [...twoFactorMigrations()],
    migrationsRun: true,
  });
  await db.initialize();
  const provider = await startProvider();
  await listen(createApp({ db, issuer: provider.issuer.url! }), () => Promise.all([provider.stop(), db.destroy()]));
});
