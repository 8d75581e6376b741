import { afterEach, describe, expect, it } from 'vitest';
import { DataSource } from 'typeorm';
import { generateKey, twoFactorEntities, TwoFactorService } from 'passport-two-factor';
import { close, databases } from '../support/databases.js';

const make = (db: DataSource) =>
  new TwoFactorService({
    db,
    keys: generateKey('k1'),
    users: { id: String, find: (id: string) => id },
    twoFactor: { issuer: 'MyApp' },
  });
const only = (...names: string[]) => databases.filter(({ name }) => names.includes(name));

let db: DataSource;
afterEach(() => close(db));

describe.each(only('mariadb', 'postgres'))('a pool of $name', (database) => {
  it('whose connections all wait for the library ends in an error that says what to do, and is whole again', async () => {
    db = await database.open(twoFactorEntities(), { poolSize: 2 });
    const service = make(db);
    await service.setup.totp('1', false);
    let begun = 0;
    let bothHave!: () => void;
    const both = new Promise<void>((resolve) => {
      bothHave = resolve;
    });
    const answers = await Promise.allSettled(
      [1, 2].map(() =>
        db.transaction(async (manager) => {
          await manager.query('SELECT 1');
          if ((begun += 1) === 2) bothHave();
          await both;
          return service.isEnabled('1');
        }),
      ),
    );
    expect(answers.some(({ status }) => status === 'rejected')).toBe(true);
    for (const answer of answers) {
      if (answer.status === 'rejected')
        expect(String(answer.reason)).toMatch(/had no free connection for 2\.5 s.*inside of a transaction.*poolSize/);
      else expect(answer.value).toBe(true);
    }
    // Each connection that was handed over too late has gone back: as many transactions as before get theirs.
    await Promise.all([1, 2].map(() => db.transaction((manager) => manager.query('SELECT 1'))));
    expect(await Promise.all(Array.from({ length: 10 }, () => service.isEnabled('1')))).toEqual(Array(10).fill(true));
  });

  it('from which somebody left a transaction open answers no verdict that could be rolled back', async () => {
    db = await database.open(twoFactorEntities(), { poolSize: 1 });
    const service = make(db);
    await service.setup.totp('1', false);
    await db.query('START TRANSACTION');
    await expect(service.verify.totp('1', '000000')).rejects.toThrow('with a transaction left open');
    await db.query('ROLLBACK');
    expect(await service.isEnabled('1')).toBe(true);
  });
});

describe.each(only('mariadb'))('connections of $name', (database) => {
  const refusals: [string, string, string][] = [
    ['take a backslash for itself', "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'", 'NO_BACKSLASH_ESCAPES'],
    [
      'do so beside other modes',
      "SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES'",
      'NO_BACKSLASH_ESCAPES',
    ],
    ['take an empty text for null', "SET SESSION sql_mode = 'EMPTY_STRING_IS_NULL'", 'EMPTY_STRING_IS_NULL'],
    ['commit nothing by themselves', 'SET SESSION autocommit = 0', 'autocommit = 0'],
  ];

  interface Pool {
    on(event: 'connection', hook: (connection: { query(sql: string): void }) => void): void;
  }

  /** The tables, and another DataSource whose pool sets up by this statement each connection that it makes from now on. */
  async function withHook(hook: string): Promise<{ other: DataSource; done: () => Promise<void> }> {
    db = await database.open(twoFactorEntities());
    const other = await new DataSource({ ...db.options, synchronize: false }).initialize();
    (other.driver as unknown as { pool: Pool }).pool.on('connection', (connection) => {
      connection.query(hook);
    });
    // The connection that was there before the hook is in use.
    const held = other.createQueryRunner();
    await held.connect();
    return {
      other,
      done: async () => {
        await held.release();
        await other.destroy();
      },
    };
  }

  it.each(refusals)('that %s are refused by name, and nothing is written', async (_what, hook, name) => {
    const { other, done } = await withHook(hook);
    try {
      const begun = await make(other)
        .setup.totp('1', false, { label: 'it\'s \\ "mine"' })
        .catch((error: unknown) => error);
      expect(begun).toBeInstanceOf(TypeError);
      await expect(make(other).isEnabled('1')).rejects.toThrow(name);
      expect(await db.query('SELECT * FROM two_factor_accounts')).toEqual([]);
    } finally {
      await done();
    }
  });

  it('in other modes are taken, with labels of any signs', async () => {
    const { other, done } = await withHook(
      "SET SESSION sql_mode = 'ANSI,TRADITIONAL,PAD_CHAR_TO_FULL_LENGTH,HIGH_NOT_PRECEDENCE'",
    );
    try {
      const label = 'it\'s \\ "mine" %_ \u{1f511}';
      const service = make(other);
      await service.setup.totp('1', false, { label });
      expect((await service.list('1')).map((one) => one.label)).toEqual([label]);
    } finally {
      await done();
    }
  });

  it('are asked for their settings once each, not at every statement', async () => {
    const { other, done } = await withHook('SET @ours = 1');
    try {
      const service = make(other);
      await service.isEnabled('1');
      const asked = async () =>
        Number((await other.query<{ Value: unknown }[]>("SHOW SESSION STATUS LIKE 'Questions'"))[0]!.Value);
      const before = await asked();
      for (let call = 0; call < 5; call += 1) await service.isEnabled('1');
      expect((await asked()) - before).toBe(6);
    } finally {
      await done();
    }
  });
});
