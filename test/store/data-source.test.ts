import { DataSource, type DataSourceOptions } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKey, twoFactorEntities, TwoFactorService } from 'passport-two-factor';
import { checkDataSource } from '../../lib/store/database.js';
import { close, databases } from '../support/databases.js';

/** The options of an app that has all but the `db` right. */
const open = (db: unknown) => new TwoFactorService({
  db: db as DataSource, keys: generateKey('k1'), users: { id: String, find: () => null }, twoFactor: { issuer: 'MyApp' },
});

function refused(db: unknown, message: RegExp): void {
  expect(() => checkDataSource(db)).toThrow(TypeError);
  expect(() => checkDataSource(db)).toThrow(message);
  expect(() => open(db)).toThrow(message);
}

describe.each(databases)('a DataSource on $name', (database) => {
  let db: DataSource;

  beforeAll(async () => {
    db = await database.open(twoFactorEntities());
  });
  afterAll(() => close(db));

  it('is taken', () => {
    expect(checkDataSource(db)).toBe(db);
    expect(() => open(db)).not.toThrow();
  });

  it('that another copy of typeorm has made is taken: its shape counts, not its class', () => {
    const { options, namingStrategy } = db;
    const copy: unknown = {
      isInitialized: true, options, namingStrategy, createQueryBuilder: () => undefined, hasMetadata: () => true,
      getMetadata: (name: string) => db.getMetadata(name),
    };
    expect(checkDataSource(copy)).toBe(copy);
  });

  it('that was not initialised is refused with what to write', () => {
    refused(new DataSource(db.options), /db must be an initialised DataSource: write "await dataSource\.initialize\(\)"/);
  });

  it('that was closed is refused', async () => {
    const closed = await database.open(twoFactorEntities());
    await close(closed);
    refused(closed, /db must be an initialised DataSource/);
  });

  it('without the entities is refused with what to write', async () => {
    const bare = await database.open([]);
    try {
      refused(bare, /db must know the entities of the second factor: add \.\.\.twoFactorEntities\(\) to the "entities"/);
    } finally {
      await close(bare);
    }
  });

  it('with four of the five entities is refused', async () => {
    const some = await database.open(twoFactorEntities().slice(0, 4));
    try {
      refused(some, /db must know the entities/);
    } finally {
      await close(some);
    }
  });

  it.each(['mongodb', 'oracle', 'mssql', 'cockroachdb', 'sap', 'sqljs'])('of type %s is refused', (type) => {
    const other = Object.create(db, { options: { value: { type } as DataSourceOptions } }) as unknown;
    refused(other, new RegExp(`db must be a DataSource of type .*; got ${type}`));
  });
});

describe('a db that is no DataSource', () => {
  it.each([
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a connection string', 'mysql://localhost/app', 'string'],
    ['a number', 1, 'number'],
    ['the options of one', { type: 'mysql', entities: [] }, 'object'],
    ['a pool of mysql2', { query: () => undefined, execute: () => undefined }, 'object'],
    ['the class itself', DataSource, 'function'],
  ])('(%s) is refused with what to write', (_name, db, got) => {
    refused(db, new RegExp(`^db must be a TypeORM DataSource: new DataSource\\(.*twoFactorEntities.*got ${got}$`));
  });
});
