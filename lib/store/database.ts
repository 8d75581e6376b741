import { randomInt } from 'node:crypto';
import type { DataSource, QueryResult } from 'typeorm';
import { checkEntities, opened, openLater } from './opening.js';
import { onPooledConnection } from './pooled-connection.js';
import { isShared, onSharedConnection } from './shared-connection.js';
import { pause } from './waiting.js';

const supported = ['mysql', 'mariadb', 'postgres', 'better-sqlite3'];

/**
 * Checks the `db` option. Only its shape is looked at, not its class: the app may have another copy of typeorm. One
 * that is not open yet is opened by the first statement, and is checked for its entities then.
 * @throws TypeError that says what to write instead
 */
export function checkDataSource(db: unknown): DataSource {
  const source = db as Partial<DataSource> | null | undefined;
  if (typeof source !== 'object' || source === null || typeof source.createQueryBuilder !== 'function') {
    throw new TypeError(
      'db must be a TypeORM DataSource: new DataSource({ …, entities: [User, ...twoFactorEntities()] }); got ' +
        (db === null ? 'null' : typeof db),
    );
  }
  const dataSource = source as DataSource;
  // TypeORM 0.3 knows more types than 1.x.
  const type: string = dataSource.options.type;
  if (!supported.includes(type)) {
    // The package sqlite3 runs a statement some time after it was asked to, so that a transaction could begin in
    // between.
    const instead =
      type === 'sqlite' ? ": write type: 'better-sqlite3' and install better-sqlite3; the file stays as it is" : '';
    throw new TypeError(`db must be a DataSource of type ${supported.join(', ')}; got ${type}${instead}`);
  }
  if (dataSource.isInitialized) checkEntities(dataSource);
  else openLater(dataSource);
  return dataSource;
}

/** Runs one autocommit statement, which is asked for once the DataSource is open. */
export async function execute(
  db: DataSource,
  statement: () => readonly [sql: string, parameters: unknown[]],
): Promise<QueryResult> {
  await opened(db);
  const [sql, parameters] = statement();
  const run = isShared(db) ? onSharedConnection : onPooledConnection;
  try {
    return await retrying(() => run(db, sql, parameters));
  } catch (error) {
    throw isMissing(error) ? missingTables(error) : error;
  }
}

function errorCodes(error: unknown): unknown[] {
  const outer = error as { code?: unknown; errno?: unknown; driverError?: { code?: unknown; errno?: unknown } } | null;
  return [outer?.driverError?.code, outer?.driverError?.errno, outer?.code, outer?.errno];
}

// Deadlock, lock timeout, changed row (MariaDB's snapshot), serialization failure: the statement had no effect.
const transientCodes = new Set<unknown>([1213, 1205, 1020, '40001', '40P01']);
const duplicateCodes = new Set<unknown>([1062, '23505', 'SQLITE_CONSTRAINT_PRIMARYKEY', 'SQLITE_CONSTRAINT_UNIQUE']);

const isTransient = (error: unknown): boolean =>
  errorCodes(error).some(
    (code) => transientCodes.has(code) || (typeof code === 'string' && code.startsWith('SQLITE_BUSY')),
  );

/** Whether a row with the same key is there already. `.orIgnore()` does not tell on PostgreSQL and SQLite. */
export const isDuplicate = (error: unknown): boolean => errorCodes(error).some((code) => duplicateCodes.has(code));

// A missing table or column on MySQL and PostgreSQL; SQLite has no code for it.
const missingCodes = new Set<unknown>([1146, 1054, '42P01', '42703']);

const isMissing = (error: unknown): error is Error =>
  error instanceof Error &&
  (errorCodes(error).some((code) => missingCodes.has(code)) ||
    /\bno such (table|column): |has no column named /.test(error.message));

const missingTables = (cause: Error): Error =>
  new Error(
    'The tables of the second factor are missing or older than the library: run the migrations. Add ' +
      '...twoFactorMigrations() to the' +
      ' "migrations" of the DataSource, with the tablePrefix of its twoFactorEntities(), and write "await ' +
      'dataSource.runMigrations()".' +
      ` The database says: ${cause.message}`,
    { cause },
  );

const retries = 4;

/**
 * Runs one autocommit statement, again where the database rolled it back to let another one go on. Anything else, a
 * lost connection above all, is not repeated: the statement may have taken effect.
 */
export async function retrying<T>(statement: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await statement();
    } catch (error) {
      if (attempt > retries || !isTransient(error)) throw error;
      await pause(randomInt(2, 10) * attempt);
    }
  }
}
