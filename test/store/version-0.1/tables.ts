import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { DataSource } from 'typeorm';
import type { DatabaseName } from '../../support/servers.js';

/** What rows.sql was written with, and what its people still hold. */
export const version01 = {
  keys: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
  /** A minute after the last row. */
  now: 1_764_300_300_000,
  secret: 'K7HFWTGRFWPZVWYRUIUGU2QEOUCZTNZ5',
  usedBackupCode: 'WDMZCBNKTQW5D',
  backupCodes: ['CRHEQPK5YX9KN', '875HT9K1A0B7Q'],
  email: 'anna@example.org',
  /** Of anna's pending login by `local`, remembered, with the info `{ scope: 'all' }`. */
  challengeToken: '0lba3PXFnqZnH1AQUi5ijz871a-B1-biw2A_-3wOWkY',
  /** Of the enrollment that bob has begun. */
  begunSecret: 'O2RWFOFXZGZE3WZ3EXVJ4TD67IE435OD',
};

const migrationsTable: Record<DatabaseName, string> = {
  sqlite: 'CREATE TABLE "migrations" ("id" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "timestamp" bigint NOT NULL, "name" varchar NOT NULL)',
  mariadb: 'CREATE TABLE `migrations` (`id` int NOT NULL AUTO_INCREMENT, `timestamp` bigint NOT NULL, `name` varchar(255) NOT NULL, PRIMARY KEY (`id`)) ENGINE=InnoDB',
  postgres: 'CREATE TABLE "migrations" ("id" SERIAL NOT NULL, "timestamp" bigint NOT NULL, "name" character varying NOT NULL, PRIMARY KEY ("id"))',
};

/** One statement from each piece, on one line as it was run: TypeORM reads the text of SQLite's tables again. */
async function statements(file: string): Promise<string[]> {
  const text = await readFile(resolve(__dirname, file), 'utf8');
  return text.replace(/^--.*$/gm, '').split(';\n').map((statement) => statement.replace(/\s*\n\s*/g, ' ').trim()).filter(Boolean);
}

/** Makes the tables of version 0.1 with their rows. @param migrated whether a migration made them, or `synchronize` */
export async function makeVersion01(db: DataSource, database: DatabaseName, migrated: boolean): Promise<void> {
  for (const sql of [...(await statements(`${database}.sql`)), ...(await statements('rows.sql'))]) await db.query(sql);
  if (!migrated) return;
  await db.query(migrationsTable[database]);
  await db.query("INSERT INTO migrations (timestamp, name) VALUES (1764000000000, 'TwoFactorInitial_two_factor_1764000000000')");
}
