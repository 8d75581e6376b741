import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { entityNames } from './entities.js';
import { checkNames } from './names.js';

const supported = ['mysql', 'mariadb', 'postgres', 'better-sqlite3', 'sqlite'];

/**
 * Checks the `db` option. Only its shape is looked at, not its class: the app may have another copy of typeorm.
 * @throws TypeError that says what to write instead
 */
export function checkDataSource(db: unknown): DataSource {
  const source = db as Partial<DataSource> | null | undefined;
  if (typeof source !== 'object' || source === null || typeof source.createQueryBuilder !== 'function') {
    throw new TypeError(`db must be a TypeORM DataSource: new DataSource({ …, entities: [User, ...twoFactorEntities()] }); got ${db === null ? 'null' : typeof db}`);
  }
  if (source.isInitialized !== true) {
    throw new TypeError('db must be an initialised DataSource: write "await dataSource.initialize()" before "new TwoFactorService({ db: dataSource, … })"');
  }
  const dataSource = source as DataSource;
  if (!supported.includes(dataSource.options.type)) {
    throw new TypeError(`db must be a DataSource of type ${supported.join(', ')}; got ${dataSource.options.type}`);
  }
  if (!Object.values(entityNames).every((name) => dataSource.hasMetadata(name))) {
    throw new TypeError('db must know the entities of the second factor: add ...twoFactorEntities() to the "entities" of the DataSource and ...twoFactorMigrations() to its "migrations"');
  }
  checkNames(dataSource);
  return dataSource;
}

function errorCodes(error: unknown): unknown[] {
  const outer = error as { code?: unknown; errno?: unknown; driverError?: { code?: unknown; errno?: unknown } } | null;
  return [outer?.driverError?.code, outer?.driverError?.errno, outer?.code, outer?.errno];
}

// Deadlock, lock timeout, changed row (MariaDB's snapshot), serialization failure: the statement had no effect.
const transientCodes = new Set<unknown>([1213, 1205, 1020, '40001', '40P01']);
const duplicateCodes = new Set<unknown>([1062, '23505', 'SQLITE_CONSTRAINT_PRIMARYKEY', 'SQLITE_CONSTRAINT_UNIQUE']);

const isTransient = (error: unknown): boolean =>
  errorCodes(error).some((code) => transientCodes.has(code) || (typeof code === 'string' && code.startsWith('SQLITE_BUSY')));

/** Whether a row with the same key is there already. `.orIgnore()` does not tell on PostgreSQL and SQLite. */
export const isDuplicate = (error: unknown): boolean => errorCodes(error).some((code) => duplicateCodes.has(code));

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
      await delay(randomInt(2, 10) * attempt);
    }
  }
}
