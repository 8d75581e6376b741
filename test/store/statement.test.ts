import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DataSource } from 'typeorm';
import { twoFactorEntities } from 'passport-two-factor';
import { AccountStore } from '../../lib/store/account-store.js';
import { insertOf, Statement, updateOf } from '../../lib/store/statement.js';
import { close, databases } from '../support/databases.js';
import { driverError, failing } from './faults.js';
import { account, newUserKey } from './fixtures.js';

const entity = 'TwoFactorAccount';

describe.each(databases)('a statement on $name', (database) => {
  let db: DataSource;

  beforeEach(async () => {
    db = await database.open(twoFactorEntities(), { poolSize: 2 });
  });
  afterEach(() => close(db));

  it('has its values where they belong, in whatever order they are given and however often one is named', async () => {
    const insert = insertOf(db, entity);
    const [one, other] = [newUserKey(), newUserKey()];
    for (const key of [one, other])
      expect(await insert.inserts({ ...account(key, { failures: 3, lastStep: 9 }) })).toBe(true);
    const update = updateOf(db, entity, {
      set: ['failures', 'lastStep'],
      where: 'user_key = :userKey AND (user_key = :userKey OR failures = -1)',
    });
    expect(await update.affected({ userKey: one, set_lastStep: 1, set_failures: 2 })).toBe(1);
    const accounts = new AccountStore(db);
    expect(await accounts.find(one)).toMatchObject({ failures: 2, lastStep: 1 });
    expect(await accounts.find(other)).toMatchObject({ failures: 3, lastStep: 9 });
  });

  it.each([
    "' OR 1=1 --",
    '"; DROP TABLE two_factor_accounts; --',
    '$1',
    '?',
    ':userKey',
    '%s',
    '\\',
    "\\'",
    '\u{1f511}',
    ' ',
  ])('takes the value %j as a value', async (value) => {
    const userKey = newUserKey();
    const insert = insertOf(db, entity);
    await insert.inserts({ ...account(newUserKey()) });
    expect(await insert.inserts({ ...account(userKey, { userId: value, lastUsed: value }) })).toBe(true);
    const select = new Statement(db, ['userId'], (values) =>
      db
        .createQueryBuilder()
        .select('account.userKey', 'key')
        .from(entity, 'account')
        .where('account.user_id = :userId AND account.last_used = :userId', values),
    );
    expect(await select.rows({ userId: value })).toEqual([{ key: userKey }]);
  });

  it('is not run without one of its values', async () => {
    const update = updateOf(db, entity, { set: ['failures'], where: 'user_key = :userKey' });
    await expect(update.affected({ set_failures: 1 })).rejects.toThrow('The statement has no value for userKey.');
    await expect(update.affected({ userKey: newUserKey() })).rejects.toThrow(
      'The statement has no value for set_failures.',
    );
  });

  it('is not built with a parameter that has no name', () => {
    expect(
      () =>
        new Statement(db, [], () =>
          db
            .createQueryBuilder()
            .select('1')
            .from(entity, 'account')
            .where('account.failures = :count', { count: 'seven' }),
        ),
    ).toThrow('A statement has a parameter that is none of its names.');
  });

  it('gives its connection back, also when it fails', async () => {
    const accounts = new AccountStore(db);
    const userKey = newUserKey();
    await accounts.ensure(userKey, 'user');
    const fault = failing(db, /two_factor_accounts/, () => driverError({ code: 'ECONNRESET' }));
    for (let tries = 0; tries < 10; tries += 1) await expect(accounts.find(userKey)).rejects.toThrow();
    fault.end();
    const found = await Promise.all(Array.from({ length: 10 }, () => accounts.find(userKey)));
    expect(found.every((one) => one?.userKey === userKey)).toBe(true);
  });

  it('goes to the primary server, since a replica may not know of a factor yet', async () => {
    const createQueryRunner = vi.spyOn(db, 'createQueryRunner');
    const accounts = new AccountStore(db);
    createQueryRunner.mockClear();
    await accounts.ensure(newUserKey(), 'user');
    await accounts.find(newUserKey());
    expect(createQueryRunner.mock.calls).toEqual([['master'], ['master']]);
    createQueryRunner.mockRestore();
  });

  it.each([undefined, null, '1'])('whose driver counts its rows as %j is an error, never a success', async (count) => {
    const connection = {
      query: (_sql: string, done: (error: null, rows: unknown) => void) => {
        done(null, [{ settings: 'sql_mode=' }]);
      },
    };
    const runner = {
      connect: () => Promise.resolve(connection),
      release: () => Promise.resolve(),
      query: () => Promise.resolve({ affected: count, records: [], raw: [] }),
    };
    const update = updateOf(db, entity, { set: ['failures'], where: 'user_key = :userKey' });
    const original = db.createQueryRunner.bind(db);
    db.createQueryRunner = () => runner as never;
    try {
      await expect(update.affectsOne({ set_failures: 1, userKey: newUserKey() })).rejects.toThrow(
        'does not tell how many rows',
      );
    } finally {
      db.createQueryRunner = original;
    }
  });

  it('of an insert answers false for a row that is there, and throws for anything else', async () => {
    const insert = insertOf(db, entity);
    const row = { ...account(newUserKey()) };
    expect(await insert.inserts(row)).toBe(true);
    expect(await insert.inserts(row)).toBe(false);
    const fault = failing(db, /^INSERT/, () => driverError({ code: 'ER_NO_SUCH_TABLE', errno: 1146 }));
    await expect(insert.inserts({ ...account(newUserKey()) })).rejects.toThrow('the database said no');
    fault.end();
  });
});
