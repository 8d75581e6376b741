import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { DataSource } from 'typeorm';
import { twoFactorEntities, TwoFactorMechanism } from 'passport-two-factor';
import { identityOf } from '../../lib/service/identity.js';
import { AccountStore } from '../../lib/store/account-store.js';
import { close, databases } from '../support/databases.js';
import { account, newId, newUserKey, now, userIdOf, winners } from './fixtures.js';

describe.each(databases)('the accounts on $name', (database) => {
  let db: DataSource;
  let accounts: AccountStore;

  beforeAll(async () => {
    db = await database.open(twoFactorEntities());
    accounts = new AccountStore(db);
  });
  afterAll(() => close(db));

  /** A user's account, committed once with these columns. */
  async function saved(columns: Partial<ReturnType<typeof account>> = {}) {
    const userKey = newUserKey();
    await accounts.ensure(userKey, userIdOf(userKey));
    const made = (await accounts.find(userKey))!;
    await accounts.commit(made, columns);
    return { ...made, ...columns, version: 1 };
  }

  describe('ensure', () => {
    it('makes an account that begins with nothing', async () => {
      const userKey = newUserKey();
      expect(await accounts.find(userKey)).toBeUndefined();
      await accounts.ensure(userKey, userIdOf(userKey));
      expect(await accounts.find(userKey)).toEqual(account(userKey));
    });

    it('leaves one that is there as it is', async () => {
      const before = await saved({ failures: 4, backupSetId: newId(32) });
      await accounts.ensure(before.userKey, 'user');
      expect(await accounts.find(before.userKey)).toEqual(before);
    });

    it('makes one where twenty requests ask at once', async () => {
      const userKey = newUserKey();
      await Promise.all(Array.from({ length: 20 }, () => accounts.ensure(userKey, userIdOf(userKey))));
      const rows = await db
        .createQueryBuilder()
        .select('COUNT(*)', 'count')
        .from('TwoFactorAccount', 'account')
        .where('account.user_key = :userKey', { userKey })
        .getRawOne<{ count: unknown }>();
      expect(Number(rows?.count)).toBe(1);
    });

    it('gives users whose ids a collation calls equal an account each', async () => {
      const ids = ['abc', 'ABC', 'abc ', ' abc', 'ábc', 'äbc', '0', 'straße', 'strasse'];
      const before = ids.map((id) => identityOf(id));
      for (const { key, id } of before) await accounts.ensure(key, id);
      for (const [index, { key }] of before.entries()) {
        const found = (await accounts.find(key))!;
        expect(found.version).toBe(0);
        await accounts.commit(found, { failures: index + 1 });
      }
      expect(new Set(before.map(({ key }) => key)).size).toBe(ids.length);
      for (const [index, { key }] of before.entries())
        expect(await accounts.find(key)).toMatchObject({ failures: index + 1, version: 1 });
    });
  });

  describe('find', () => {
    it('answers numbers as numbers, the times too, which drivers give as text', async () => {
      const columns = {
        failures: 3,
        windowFailures: 90,
        windowStart: now,
        nextAttemptAt: now + 1,
        lastStep: 58_908_960,
        challengeEpoch: 7,
        securityEpoch: 8,
      };
      const before = await saved(columns);
      expect(await accounts.find(before.userKey)).toStrictEqual(before);
    });

    it('keeps the largest whole number that JavaScript knows', async () => {
      const before = await saved({ nextAttemptAt: Number.MAX_SAFE_INTEGER });
      expect((await accounts.find(before.userKey))?.nextAttemptAt).toBe(Number.MAX_SAFE_INTEGER);
    });
  });

  describe('commit', () => {
    it('writes the columns and raises the version', async () => {
      const before = await saved();
      expect(await accounts.commit(before, { failures: 1, nextAttemptAt: now })).toBe(true);
      expect(await accounts.find(before.userKey)).toEqual({ ...before, failures: 1, nextAttemptAt: now, version: 2 });
    });

    it('refuses what was decided on an older state, and writes nothing of it', async () => {
      const before = await saved();
      await accounts.commit(before, { failures: 1 });
      expect(await accounts.commit(before, { failures: 0, lastStep: 5 })).toBe(false);
      expect(await accounts.find(before.userKey)).toMatchObject({ failures: 1, lastStep: 0, version: 2 });
    });

    it('lets one of twenty verdicts on one state through, even where it changes nothing', async () => {
      const before = await saved();
      expect(await winners(20, () => accounts.commit(before, {}))).toBe(1);
      expect((await accounts.find(before.userKey))?.version).toBe(2);
    });

    it('does not make an account that is not there, nor touch another', async () => {
      const other = await saved({ failures: 2 });
      expect(await accounts.commit(account(newUserKey()), { failures: 1 })).toBe(false);
      expect(await accounts.find(other.userKey)).toEqual(other);
    });
  });

  describe('epochAfter', () => {
    it('is a time, and later than every epoch that was reached', () => {
      expect(accounts.epochAfter(0, now)).toBe(now);
      expect(accounts.epochAfter(now, now)).toBe(now + 1);
      expect(accounts.epochAfter(now + 5, now)).toBe(now + 6);
    });
  });

  describe('remove', () => {
    it('erases the account of its user alone, and tells how many rows that were', async () => {
      const [before, other] = [await saved(), await saved()];
      expect(await accounts.remove(before.userKey)).toBe(1);
      expect(await accounts.remove(before.userKey)).toBe(0);
      expect(await accounts.find(before.userKey)).toBeUndefined();
      expect(await accounts.find(other.userKey)).toEqual(other);
    });

    it('is followed by epochs that the erased account has never had, though the clock stands still', async () => {
      const store = new AccountStore(db);
      const before = await saved({ securityEpoch: now + 7 });
      await store.remove(before.userKey);
      expect(store.epochAfter(0, now)).toBe(now + 8);
    });
  });

  describe('settleBackupCode', () => {
    const settled = { failures: 0, windowFailures: 16, nextAttemptAt: 0 };
    const charged = {
      failures: 5,
      windowFailures: 17,
      windowStart: now,
      nextAttemptAt: now + 30_000,
      backupSetId: 'set',
    };

    it('takes back what was charged', async () => {
      const before = await saved(charged);
      expect(await accounts.settleBackupCode(before, () => settled)).toBeDefined();
      expect(await accounts.find(before.userKey)).toEqual({ ...before, ...settled, version: 2 });
    });

    it('takes it from the account as it is by now', async () => {
      const before = await saved(charged);
      await accounts.commit(before, { windowFailures: 20 });
      const settle = (account: { windowFailures: number }) => ({ windowFailures: account.windowFailures - 1 });
      expect(await accounts.settleBackupCode(before, settle)).toMatchObject({ windowFailures: 19, version: 3 });
      expect(await accounts.find(before.userKey)).toMatchObject({ windowFailures: 19, version: 3 });
    });

    it('of ten at once loses none', async () => {
      const before = await saved({ ...charged, windowFailures: 30 });
      const settle = (account: { windowFailures: number }) => ({ windowFailures: account.windowFailures - 1 });
      expect(await winners(10, async () => (await accounts.settleBackupCode(before, settle)) !== undefined)).toBe(10);
      expect(await accounts.find(before.userKey)).toMatchObject({ windowFailures: 20 });
    });

    it('refuses a code whose set was replaced meanwhile', async () => {
      const before = await saved(charged);
      await accounts.commit(before, { backupSetId: 'new' });
      expect(await accounts.settleBackupCode(before, () => settled)).toBeUndefined();
      expect(await accounts.find(before.userKey)).toMatchObject({ ...charged, backupSetId: 'new' });
    });

    it('refuses a code whose account was erased meanwhile', async () => {
      const erased = { ...(await saved(charged)), userKey: newUserKey() };
      expect(await accounts.settleBackupCode(erased, () => settled)).toBeUndefined();
    });

    it('gives up after twenty lost tries', async () => {
      const before = await saved(charged);
      const store = new AccountStore(db);
      const commit = vi.spyOn(store, 'commit').mockResolvedValue(false);
      await expect(store.settleBackupCode(before, () => settled)).rejects.toThrow('changes too often');
      expect(commit).toHaveBeenCalledTimes(20);
    });
  });

  describe('prefer and keepDeadline', () => {
    it('write their column and nothing else', async () => {
      const before = await saved({ failures: 2 });
      expect(await accounts.prefer(before, TwoFactorMechanism.EMAIL)).toBe(true);
      await accounts.keepDeadline(before.userKey, now);
      expect(await accounts.find(before.userKey)).toEqual({ ...before, preferred: 2, enrollBy: now });
    });

    it('keep the first deadline', async () => {
      const before = await saved();
      await accounts.keepDeadline(before.userKey, now);
      await accounts.keepDeadline(before.userKey, now + 1);
      expect(await accounts.find(before.userKey)).toMatchObject({ enrollBy: now });
    });

    it('prefers nothing where the factors have changed since', async () => {
      const before = await saved({ securityEpoch: 5 });
      expect(await accounts.prefer({ ...before, securityEpoch: 4 }, TwoFactorMechanism.EMAIL)).toBe(false);
      expect(await accounts.find(before.userKey)).toEqual(before);
    });

    it('are for their user alone', async () => {
      const other = await saved();
      expect(await accounts.prefer({ ...other, userKey: newUserKey() }, TwoFactorMechanism.EMAIL)).toBe(false);
      await accounts.keepDeadline(newUserKey(), now);
      expect(await accounts.find(other.userKey)).toEqual(other);
    });
  });

  it('are read by a repository of TypeORM with numbers as numbers, too', async () => {
    const before = await saved({ windowStart: now, nextAttemptAt: now + 1, lastStep: 58_908_960, enrollBy: now });
    expect(await db.getRepository('TwoFactorAccount').findOneByOrFail({ userKey: before.userKey })).toEqual(before);
  });

  describe('endChallenges', () => {
    it('raises the challenge epoch of its user, and nothing else', async () => {
      const [before, other] = [await saved({ failures: 5, challengeEpoch: 3, securityEpoch: 2 }), await saved()];
      await accounts.endChallenges(before.userKey);
      expect(await accounts.find(before.userKey)).toEqual({
        ...before,
        challengeEpoch: 4,
        version: before.version + 1,
      });
      expect(await accounts.find(other.userKey)).toEqual(other);
    });
  });

  describe('unlock', () => {
    it('forgets every failure and nothing else', async () => {
      const before = await saved({
        failures: 9,
        windowFailures: 100,
        windowStart: now,
        nextAttemptAt: now,
        lastStep: 58_908_960,
        backupSetId: 'set',
      });
      expect(await accounts.unlock(before.userKey)).toBe(true);
      expect(await accounts.find(before.userKey)).toEqual({
        ...before,
        failures: 0,
        windowFailures: 0,
        windowStart: 0,
        nextAttemptAt: 0,
        version: 2,
      });
    });

    it('of a user without an account unlocks nobody', async () => {
      const other = await saved({ failures: 9 });
      expect(await accounts.unlock(newUserKey())).toBe(false);
      expect(await accounts.find(other.userKey)).toEqual(other);
    });
  });
});
