import { DataSource } from 'typeorm';
import { demoTables } from '../quickstart/database.js';

function readNumber(name: string, fallback: number, from: number, to: number): number {
  const { [name]: given = String(fallback) } = process.env;
  const number = Number(given);
  if (!/^\d+$/.test(given) || number < from || number > to)
    throw new Error(`${name} must be a number from ${from} to ${to}; got "${given}".`);
  return number;
}

export const readPort = (): number => readNumber('PORT', 3000, 0, 65_535);
export const readProcesses = (): number => readNumber('PROCESSES', 2, 1, 64);

/** This machine only: the outbox shows everybody's codes. */
export const host = process.env.HOST ?? '127.0.0.1';

/** Without the URL itself: it may hold a password. */
export function unusable(name: string, cause: unknown, advice: string): Error {
  const { message, code } = cause as Error & { code?: string };
  return new Error(`${name} cannot be used (${code ?? message}): set ${advice}.`, { cause });
}

export async function openDatabase({ migrate }: { migrate: boolean }): Promise<DataSource> {
  const url = process.env.DATABASE_URL ?? 'mysql://root@127.0.0.1:3306/test';
  const db = new DataSource({ type: 'mysql', url, ...demoTables('cluster_'), migrationsRun: migrate });
  return db.initialize().catch((error: unknown) => {
    throw unusable('MySQL', error, 'DATABASE_URL=mysql://user:password@host:3306/database');
  });
}
