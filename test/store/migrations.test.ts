import { DataSource } from 'typeorm';
import { afterEach, describe, expect, it } from 'vitest';
import { twoFactorEntities, twoFactorMigrations } from 'passport-two-factor';
import { AccountStore } from '../../lib/store/account-store.js';
import { close, databases, type CreatedDatabase } from '../support/databases.js';
import { differences, newUserKey } from './fixtures.js';

const tables = ['accounts', 'authenticators', 'backup_codes', 'challenges', 'quotas'];
const longest = 'a_prefix_of_as_many_as_31_chars';
const prefixes = [undefined, 'mfa_', 'Mixed_Case_', longest];

/** The tables of a prefix as the database describes them. */
async function schema(db: DataSource, prefix: string): Promise<unknown[]> {
  const runner = db.createQueryRunner();
  try {
    const found = await runner.getTables(tables.map((table) => prefix + table));
    return found
      .map(({ name, columns, uniques, indices }) => ({
        name: name.split('.').at(-1),
        columns: columns.map((column) => ({
          name: column.name, type: column.type, length: column.length, nullable: column.isNullable,
          default: column.default ?? null, primary: column.isPrimary, key: column.primaryKeyConstraintName ?? null,
        })),
        uniques: uniques.map((unique) => ({ name: unique.name, columns: [...unique.columnNames].sort() })),
        indices: indices.map((index) => ({ name: index.name, unique: index.isUnique, columns: [...index.columnNames].sort() })),
      }))
      .sort((a, b) => (String(a.name) < String(b.name) ? -1 : 1));
  } finally {
    await runner.release();
  }
}

describe.each(databases)('the migrations on $name', (database) => {
  const opened: DataSource[] = [];
  const created: CreatedDatabase[] = [];

  async function open(prefix?: string, synchronize = false): Promise<DataSource> {
    const options = prefix === undefined ? undefined : { tablePrefix: prefix };
    const db = await database.open(twoFactorEntities(options), { synchronize, migrations: twoFactorMigrations(options) });
    opened.push(db);
    return db;
  }

  afterEach(async () => {
    await Promise.all(opened.splice(0).map(close));
    await Promise.all(created.splice(0).map((made) => made.drop()));
  });

  it.each(prefixes)('make exactly the tables that the entities want, with tablePrefix %s', async (prefix) => {
    const db = await open(prefix);
    expect(await differences(db)).not.toEqual([]);
    await db.runMigrations();
    expect(await differences(db)).toEqual([]);
    expect(await schema(db, prefix ?? 'two_factor_')).toHaveLength(5);
  });

  it.each(prefixes)('make the same tables as synchronize, with tablePrefix %s', async (prefix) => {
    const [migrated, synchronized] = await Promise.all([open(prefix), open(prefix, true)]);
    await migrated.runMigrations();
    const name = prefix ?? 'two_factor_';
    expect(await schema(migrated, name)).toEqual(await schema(synchronized, name));
  });

  it('make no column that may be null, and none but TEXT without a default', async () => {
    const db = await open();
    await db.runMigrations();
    const columns = (await schema(db, 'two_factor_')).flatMap((table) => (table as { columns: { name: string; type: string; nullable: boolean; default: unknown }[] }).columns);
    expect(columns.length).toBeGreaterThan(40);
    expect(columns.filter(({ nullable }) => nullable)).toEqual([]);
    const bare = columns.filter((column) => column.default === null);
    expect(bare.map(({ name }) => name).sort()).toEqual(['codes', 'info', 'last_used', 'sealed', 'sealed']);
    expect(new Set(bare.map(({ type }) => type))).toEqual(new Set(['text']));
  });

  it('run once, however often they are asked to', async () => {
    const db = await open();
    expect(await db.runMigrations()).toHaveLength(2);
    expect(await db.runMigrations()).toEqual([]);
    expect(await differences(db)).toEqual([]);
  });

  it('are undone without a trace and can be run again', async () => {
    const db = await open();
    await db.runMigrations();
    for (const _ of twoFactorMigrations()) await db.undoLastMigration();
    expect(await schema(db, 'two_factor_')).toEqual([]);
    await db.runMigrations();
    expect(await differences(db)).toEqual([]);
  });

  it('undo what synchronize made, too', async () => {
    const db = await open('mfa_', true);
    const runner = db.createQueryRunner();
    for (const Migration of twoFactorMigrations({ tablePrefix: 'mfa_' }).reverse()) await new Migration().down(runner);
    await runner.release();
    expect(await schema(db, 'mfa_')).toEqual([]);
  });

  it('live twice in one database under two prefixes, with rows of their own', async () => {
    const place = await database.create();
    created.push(place);
    const connect = (tablePrefix: string) => new DataSource({
      ...place.options,
      entities: twoFactorEntities({ tablePrefix }),
      // Each app knows both sets of migrations, as two apps that share a folder of them would.
      migrations: [...twoFactorMigrations({ tablePrefix: 'one_' }), ...twoFactorMigrations({ tablePrefix: 'two_' })],
    }).initialize();
    const one = await connect('one_');
    const two = await connect('two_');
    try {
      expect(await one.runMigrations()).toHaveLength(4);
      expect(await two.runMigrations()).toEqual([]);
      expect(await differences(one)).toEqual([]);
      expect(await differences(two)).toEqual([]);
      const userKey = newUserKey();
      await new AccountStore(one).ensure(userKey, 'user');
      expect(await new AccountStore(one).find(userKey)).toMatchObject({ userKey });
      expect(await new AccountStore(two).find(userKey)).toBeUndefined();
    } finally {
      await Promise.all([one.destroy(), two.destroy()]);
    }
  });
});

describe('a table prefix', () => {
  it.each(['', '1abc', 'a-b', 'a b', 'a.b', 'a;DROP TABLE app_users', '`', '"', 'ä_', 'a'.repeat(32), 7, null, {}])('of %j is refused', (tablePrefix) => {
    const options = { tablePrefix } as { tablePrefix: string };
    expect(() => twoFactorEntities(options)).toThrow(TypeError);
    expect(() => twoFactorMigrations(options)).toThrow(/tablePrefix must be 1 to 31 letters/);
  });
});
