import { DataSource, type DataSourceOptions } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKey, twoFactorEntities, TwoFactorService } from 'passport-two-factor';
import { checkDataSource } from '../../lib/store/database.js';
import { close, databases } from '../support/databases.js';

/** The options of an app that has all but the `db` right. */
const open = (db: unknown) =>
  new TwoFactorService({
    db: db as DataSource,
    keys: generateKey('k1'),
    users: { id: String, find: () => null },
    twoFactor: { issuer: 'MyApp' },
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
      isInitialized: true,
      options,
      namingStrategy,
      createQueryBuilder: () => undefined,
      hasMetadata: () => true,
      getMetadata: (name: string) => db.getMetadata(name),
    };
    expect(checkDataSource(copy)).toBe(copy);
  });

  it('that is not open yet is taken, and left closed', () => {
    const later = new DataSource(db.options);
    expect(checkDataSource(later)).toBe(later);
    expect(() => open(later)).not.toThrow();
    expect(later.isInitialized).toBe(false);
  });

  it.each([
    ['no entities', undefined],
    ['four of the five', twoFactorEntities().slice(0, 4)],
  ])('that is not open yet and has %s is refused', (_name, entities) => {
    refused(
      new DataSource({ ...db.options, entities } as DataSourceOptions),
      /db must know the entities of the second factor/,
    );
  });

  it('that is not open yet and can never be opened is refused', () => {
    refused(
      { isInitialized: false, options: db.options, createQueryBuilder: () => undefined },
      /db must be a TypeORM DataSource: .* it has no initialize/,
    );
  });

  it('without the entities is refused with what to write', async () => {
    const bare = await database.open([]);
    try {
      refused(
        bare,
        /db must know the entities of the second factor: add \.\.\.twoFactorEntities\(\) to the "entities"/,
      );
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

  it('of the package sqlite3, whose transactions cannot be told from statements, is refused by name', () => {
    const other = Object.create(db, { options: { value: { type: 'sqlite' } } }) as unknown;
    refused(
      other,
      /db must be a DataSource of type mysql, mariadb, postgres, better-sqlite3; got sqlite: write type: 'better-sqlite3'/,
    );
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
