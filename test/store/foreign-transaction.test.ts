import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DataSource } from 'typeorm';
import { DataSource as OldDataSource } from 'typeorm-0.3';
import { twoFactorEntities } from 'passport-two-factor';
import { AccountStore } from '../../lib/store/account-store.js';
import { TestApp, UserSchema } from '../support/app.js';
import { StatementLog } from '../support/statements.js';
import { account, newUserKey } from './fixtures.js';

const versions: [string, typeof DataSource][] = [
  ['TypeORM', DataSource],
  ['TypeORM 0.3', OldDataSource as unknown as typeof DataSource],
];

/** The connection of better-sqlite3 that TypeORM gives to every request. */
interface Connection {
  readonly inTransaction: boolean;
  exec(sql: string): void;
}

// On SQLite alone: elsewhere a transaction of the app has a connection of its own.
describe.each(versions)('a transaction of the app on SQLite with %s', (_name, Source) => {
  let db: DataSource;
  let test: TestApp;
  let connection: Connection;
  let accounts: AccountStore;
  let log: StatementLog;
  /** How often somebody asked the connection whether a transaction is open, and one was. */
  let looks: number;
  /** Ends the transaction that a sign-up has open: its password is hashed. */
  let hashed: (() => void) | undefined;

  async function open(options: object = {}): Promise<void> {
    log = new StatementLog();
    const entities = [UserSchema, ...twoFactorEntities()];
    db = await new Source({
      type: 'better-sqlite3',
      database: ':memory:',
      entities,
      synchronize: true,
      logger: log,
      ...options,
    }).initialize();
    const driver = db.driver as unknown as { databaseConnection: Connection };
    connection = driver.databaseConnection;
    looks = 0;
    driver.databaseConnection = new Proxy(connection, {
      get: (target, name) => {
        if (name === 'inTransaction' && target.inTransaction) looks += 1;
        return Reflect.get(target, name) as unknown;
      },
    });
    test = await TestApp.open(undefined as never, {
      dataSource: db,
      routes: (app) => {
        app.post('/sign-up', async (_req, res) => {
          const saved = db.transaction(async (manager) => {
            await manager.query("INSERT INTO app_users VALUES (7000, 'new@example.com', 'hash', 0)");
            await new Promise<void>((resolve) => {
              hashed = resolve;
            });
            throw new Error('the address is taken');
          });
          await saved.catch(() => res.status(409).json({}));
        });
      },
    });
    accounts = new AccountStore(db);
  }

  beforeEach(() => open());
  afterEach(async () => {
    vi.useRealTimers();
    hashed?.();
    if (connection.inTransaction) connection.exec('ROLLBACK');
    await db.destroy();
  });

  /** What happens while a sign-up has its transaction open: until it is answered, or waits for the sign-up to end. */
  async function beside<T>(work: () => PromiseLike<T>): Promise<T> {
    const signUp = test
      .agent()
      .post('/sign-up')
      .expect(409)
      .then(() => undefined);
    await vi.waitFor(
      () => {
        expect(connection.inTransaction).toBe(true);
      },
      { interval: 1 },
    );
    const [before, done] = [looks, Promise.resolve(work())];
    await Promise.race([
      done,
      vi.waitFor(
        () => {
          expect(looks).toBeGreaterThan(before + 2);
        },
        { timeout: 10_000, interval: 1 },
      ),
    ]);
    hashed!();
    await signUp;
    return done;
  }

  it('that is rolled back beside wrong codes gives no guess back', async () => {
    const { user, secret } = await test.withTotp(1);
    const agent = test.agent();
    await test.login(agent, user).expect(202);
    const answers: string[] = [];
    for (let guess = 0; guess < 8; guess += 1) {
      const { body } = await beside(() => agent.post('/2fa').send({ code: test.wrongTotp(secret) }));
      answers.push(body.error.code as string);
    }
    expect(answers.slice(0, 5)).toEqual(Array(5).fill('INVALID_CODE'));
    expect(answers.slice(5)).not.toContain('INVALID_CODE');
  });

  it('that is rolled back beside a login does not give its code back', async () => {
    const { user, secret, backupCodes } = await test.withTotp(1);
    for (const code of [test.totp(secret), backupCodes[0]!]) {
      const statuses: number[] = [];
      for (let use = 0; use < 2; use += 1) {
        const agent = test.agent();
        await test.login(agent, user).expect(202);
        statuses.push((await beside(() => agent.post('/2fa').send({ code }))).status);
      }
      expect(statuses).toEqual([200, 401]);
    }
  });

  it('does not show the library what it takes back', async () => {
    await test.withTotp(1);
    await db.query('BEGIN');
    await db.query('DELETE FROM two_factor_authenticators');
    const [before, enabled] = [looks, test.service.isEnabled('1')];
    await vi.waitFor(
      () => {
        expect(looks).toBeGreaterThan(before + 2);
      },
      { interval: 1 },
    );
    await db.query('ROLLBACK');
    expect(await enabled).toBe(true);
  });

  it('that begins between the look and the statement is seen by the statement', async () => {
    const userKey = newUserKey();
    const createQueryRunner = db.createQueryRunner.bind(db);
    let begun = 0;
    db.createQueryRunner = (mode) =>
      new Proxy(createQueryRunner(mode), {
        get: (runner, name) => {
          const member: unknown = Reflect.get(runner, name);
          if (typeof member !== 'function') return member;
          return (...given: unknown[]): unknown => {
            if (name === 'query' && begun++ === 0) connection.exec('BEGIN');
            return Reflect.apply(member, runner, given);
          };
        },
      });
    const made = accounts.ensure(userKey, 'user');
    await vi.waitFor(
      () => {
        expect(looks).toBeGreaterThan(2);
      },
      { interval: 1 },
    );
    connection.exec('ROLLBACK');
    await made;
    db.createQueryRunner = createQueryRunner;
    expect(await accounts.find(userKey)).toMatchObject({ userKey });
  });

  it('is seen where TypeORM prepares every statement anew', async () => {
    await db.destroy();
    await open({ statementCacheSize: 0 });
    const userKey = newUserKey();
    await beside(() => accounts.ensure(userKey, 'user'));
    expect(await accounts.find(userKey)).toMatchObject({ userKey });
  });

  it('is waited for once more after the DataSource was closed and opened again', async () => {
    await accounts.ensure(newUserKey(), 'user');
    await db.destroy();
    await db.initialize();
    await db.query('BEGIN');
    const found = accounts.ensure(newUserKey(), 'user');
    await expect(found).rejects.toThrow('has been open for 2 s');
    await db.query('ROLLBACK');
  });

  it.each(['SAVEPOINT own', 'BEGIN IMMEDIATE'])(
    '(%s) that stays open is an error after 2 s, and nothing is written',
    async (begin) => {
      await test.withTotp(1);
      const [before] = await db.query<unknown[]>('SELECT * FROM two_factor_accounts');
      await db.query(begin);
      await expect(test.service.verify.totp('1', '000000')).rejects.toThrow(
        'A transaction of the app has been open for 2 s',
      );
      await db.query('COMMIT');
      expect(await db.query('SELECT * FROM two_factor_accounts')).toEqual([before]);
      expect(await test.service.isEnabled('1')).toBe(true);
    },
  );

  it('that awaits the library ends with an error that says so, and does not hang', async () => {
    await expect(db.transaction(() => test.service.isEnabled('1'))).rejects.toThrow(
      'do not await the second factor inside of one',
    );
    expect(await test.service.isEnabled('1')).toBe(false);
  });

  it('is waited for in real time, whatever a test of the app does with timers', async () => {
    vi.useFakeTimers();
    await db.query('BEGIN');
    await expect(test.service.isEnabled('1')).rejects.toThrow('has been open for 2 s');
    await db.query('ROLLBACK');
    expect(await test.service.isEnabled('1')).toBe(false);
  });

  it('may write the tables of the second factor itself, by the same statement', async () => {
    const [one, other] = [newUserKey(), newUserKey()];
    await accounts.ensure(one, 'user');
    await db.transaction(async (manager) => {
      await manager.getRepository('TwoFactorAccount').insert({ ...account(other) });
    });
    expect(await accounts.find(other)).toMatchObject({ userKey: other });
  });

  it('costs other statements nothing: those of the library are logged once each', async () => {
    log.reset();
    await test.service.isEnabled('1');
    expect(log.statements).toHaveLength(1);
    expect(log.statements[0]).toMatch(/^SELECT .*two_factor_accounts/);
  });
});
