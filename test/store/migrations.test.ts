import { DataSource, DefaultNamingStrategy, type DataSourceOptions } from 'typeorm';
import { afterEach, describe, expect, it } from 'vitest';
import { twoFactorEntities, twoFactorMigrations, TwoFactorService } from 'passport-two-factor';
import { AccountStore } from '../../lib/store/account-store.js';
import { close, databases, type CreatedDatabase } from '../support/databases.js';
import { account, authenticator, differences, newUserKey } from './fixtures.js';

const tables = ['accounts', 'authenticators', 'backup_codes', 'challenges', 'quotas'];
const longest = 'a_prefix_of_as_many_as_31_chars';
const prefixes = [undefined, 'mfa_', 'Mixed_Case_', longest];

/** Undoes every migration of ours. */
async function undoAll(db: DataSource): Promise<void> {
  for (let left = twoFactorMigrations().length; left > 0; left -= 1) await db.undoLastMigration();
}

/** The tables of a prefix as the database describes them. */
async function schema(db: DataSource, prefix: string): Promise<unknown[]> {
  const runner = db.createQueryRunner();
  try {
    const found = await runner.getTables(tables.map((table) => prefix + table));
    return found
      .map(({ name, columns, uniques, indices }) => ({
        name: name.split('.').at(-1),
        columns: columns.map((column) => ({
          name: column.name,
          type: column.type,
          length: column.length,
          nullable: column.isNullable,
          default: column.default ?? null,
          primary: column.isPrimary,
          key: column.primaryKeyConstraintName ?? null,
        })),
        uniques: uniques.map((unique) => ({ name: unique.name, columns: [...unique.columnNames].sort() })),
        indices: indices.map((index) => ({
          name: index.name,
          unique: index.isUnique,
          columns: [...index.columnNames].sort(),
        })),
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
    const db = await database.open(twoFactorEntities(options), {
      synchronize,
      migrations: twoFactorMigrations(options),
    });
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
    const columns = (await schema(db, 'two_factor_')).flatMap(
      (table) => (table as { columns: { name: string; type: string; nullable: boolean; default: unknown }[] }).columns,
    );
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
    await undoAll(db);
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
    const connect = (tablePrefix: string) =>
      new DataSource({
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

  describe("with names of the app's own", () => {
    async function connect(more: Partial<DataSourceOptions>, entities = twoFactorEntities()): Promise<DataSource> {
      const place = await database.create();
      created.push(place);
      const db = await new DataSource({
        ...place.options,
        ...more,
        entities,
        migrations: twoFactorMigrations(),
      } as DataSourceOptions).initialize();
      opened.push(db);
      return db;
    }

    const service = (db: DataSource): TwoFactorService =>
      new TwoFactorService({
        db,
        keys: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
        twoFactor: { issuer: 'A' },
        users: { id: (user: { id: string }) => user.id, find: (id) => ({ id }) },
      });

    it('make the tables under the entityPrefix of the DataSource, and undo them', async () => {
      const db = await connect({ entityPrefix: 'app_' });
      await db.runMigrations();
      expect(await differences(db)).toEqual([]);
      expect(await schema(db, 'app_two_factor_')).toHaveLength(5);
      await service(db).setup.totp('anna', false);
      expect(await service(db).isEnabled('anna')).toBe(true);
      await db.undoLastMigration();
      await db.runMigrations();
      expect(await differences(db)).toEqual([]);
      expect(await service(db).isEnabled('anna')).toBe(true);
      await undoAll(db);
      expect(await schema(db, 'app_two_factor_')).toEqual([]);
    });

    it('follow a naming strategy that has its own way of prefixing', async () => {
      class Dotless extends DefaultNamingStrategy {
        override prefixTableName(prefix: string, name: string): string {
          return `${prefix}__${name}`;
        }
      }
      const db = await connect({ entityPrefix: 'app', namingStrategy: new Dotless() });
      await db.runMigrations();
      expect(await differences(db)).toEqual([]);
      expect(await schema(db, 'app__two_factor_')).toHaveLength(5);
      expect(await service(db).isEnabled('anna')).toBe(false);
    });

    it('are not needed by a naming strategy that leaves given names alone', async () => {
      class SnakeNaming extends DefaultNamingStrategy {
        override tableName(target: string, given?: string): string {
          return given ?? target.toLowerCase();
        }
        override columnName(property: string, given: string | undefined): string {
          return given ?? property.toLowerCase();
        }
      }
      const db = await connect({ namingStrategy: new SnakeNaming() });
      await db.runMigrations();
      expect(await differences(db)).toEqual([]);
      expect(await service(db).isEnabled('anna')).toBe(false);
    });

    it('are refused with a naming strategy that renames a table or a column, by its name', async () => {
      class UpperColumns extends DefaultNamingStrategy {
        override columnName(property: string, given: string | undefined): string {
          return (given ?? property).toUpperCase();
        }
      }
      class PluralTables extends DefaultNamingStrategy {
        override tableName(target: string, given?: string): string {
          return `t_${given ?? target}`;
        }
      }
      const columns = await connect({ namingStrategy: new UpperColumns() });
      expect(() => service(columns)).toThrow(/UpperColumns.*column two_factor_accounts\.user_key .*USER_KEY/);
      const renamed = await connect({ namingStrategy: new PluralTables() });
      expect(() => service(renamed)).toThrow(/PluralTables.*table two_factor_accounts .*t_two_factor_accounts/);
      expect(() => service(renamed)).toThrow(TypeError);
    });

    if (database.name === 'mariadb') {
      it('make the same tables through the driver type of MariaDB', async () => {
        const db = await connect({ type: 'mariadb' });
        await db.runMigrations();
        expect(await differences(db)).toEqual([]);
        const synchronized = await connect({ type: 'mariadb', synchronize: true });
        expect(await schema(synchronized, 'two_factor_')).toEqual(await schema(db, 'two_factor_'));
        await synchronized.runMigrations();
        expect(await differences(synchronized)).toEqual([]);
      });
    }

    if (database.name === 'postgres') {
      it('make the tables in the schema of the DataSource', async () => {
        const place = await database.create();
        created.push(place);
        const plain = await new DataSource({ ...place.options, entities: [] }).initialize();
        await plain.query('CREATE SCHEMA auth');
        await plain.destroy();
        const db = await new DataSource({
          ...place.options,
          schema: 'auth',
          entityPrefix: 'app_',
          entities: twoFactorEntities(),
          migrations: twoFactorMigrations(),
        } as DataSourceOptions).initialize();
        opened.push(db);
        await db.runMigrations();
        expect(await differences(db)).toEqual([]);
        expect(
          await db.query(
            "SELECT COUNT(*)::int AS n FROM pg_tables WHERE schemaname = 'auth' AND tablename LIKE 'app_two_factor_%'",
          ),
        ).toEqual([{ n: 5 }]);
        await service(db).setup.totp('anna', false);
        expect(await service(db).isEnabled('anna')).toBe(true);
        await undoAll(db);
      });
    }
  });

  it('leave to version 0.1, when they are undone, no factor that did not count', async () => {
    const db = await open();
    await db.runMigrations();
    const userKey = newUserKey();
    const factor = (id: string, provisional: number) => authenticator(userKey, { id, provisional });
    const [old, removed, counted, begun] = [
      factor('old', 0),
      factor('removed', 0),
      factor('counted', 1),
      factor('begun', 1),
    ];
    const gone = factor('gone', 1);
    const save = (entity: string, row: object) =>
      db.createQueryBuilder().insert().into(entity).values(row).updateEntity(false).execute();
    await save(
      'TwoFactorAccount',
      account(userKey, { factors: JSON.stringify({ removed: false, counted: true, gone: false }) }),
    );
    for (const row of [old, removed, counted, begun, gone]) await save('TwoFactorAuthenticator', row);
    const orphan = authenticator(newUserKey(), { id: 'orphan', provisional: 1 });
    await save('TwoFactorAuthenticator', orphan);
    await db.undoLastMigration();
    const rows: { id: string }[] = await db.query('SELECT id FROM two_factor_authenticators ORDER BY id');
    expect(rows.map(({ id }) => id)).toEqual(['counted', 'old']);
  });
});

describe('a table prefix', () => {
  it.each(['', '1abc', 'a-b', 'a b', 'a.b', 'a;DROP TABLE app_users', '`', '"', 'ä_', 'a'.repeat(32), 7, null, {}])(
    'of %j is refused',
    (tablePrefix) => {
      const options = { tablePrefix } as { tablePrefix: string };
      expect(() => twoFactorEntities(options)).toThrow(TypeError);
      expect(() => twoFactorMigrations(options)).toThrow(/tablePrefix must be 1 to 31 letters/);
    },
  );
});
