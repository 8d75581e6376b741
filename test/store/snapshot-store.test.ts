import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DataSource } from 'typeorm';
import { TwoFactorMechanism, twoFactorEntities } from 'passport-two-factor';
import { AccountStore } from '../../lib/store/account-store.js';
import { AuthenticatorStore } from '../../lib/store/authenticator-store.js';
import { BackupCodeStore } from '../../lib/store/backup-code-store.js';
import { ChallengeStore } from '../../lib/store/challenge-store.js';
import { SnapshotStore } from '../../lib/store/snapshot-store.js';
import { close, databases } from '../support/databases.js';
import { StatementLog } from '../support/statements.js';
import { account, authenticator, challenge, digest, known, newId, newUserKey, now, userIdOf } from './fixtures.js';

const nothing = {
  account: undefined,
  authenticators: [],
  inert: [],
  challenges: [],
  unusedBackupCodes: 0,
  securityEpoch: 0,
};
const login = { purpose: 'login', mechanism: 0 } as const;

describe.each(databases)('the snapshot of a user on $name', (database) => {
  let db: DataSource;
  let snapshots: SnapshotStore;
  let accounts: AccountStore;
  let authenticators: AuthenticatorStore;
  let challenges: ChallengeStore;
  let backupCodes: BackupCodeStore;
  const log = new StatementLog();

  beforeAll(async () => {
    db = await database.open(twoFactorEntities(), { logger: log });
    snapshots = new SnapshotStore(db);
    accounts = new AccountStore(db);
    authenticators = new AuthenticatorStore(db);
    challenges = new ChallengeStore(db);
    backupCodes = new BackupCodeStore(db);
  });
  afterAll(() => close(db));

  async function user(): Promise<string> {
    const userKey = newUserKey();
    await accounts.ensure(userKey, userIdOf(userKey));
    return userKey;
  }

  async function withEverything() {
    const userKey = await user();
    const methods = [
      authenticator(userKey, { verifiedAt: now + 2, mechanism: TwoFactorMechanism.SMS }),
      authenticator(userKey, { verifiedAt: now }),
      authenticator(userKey, { verifiedAt: now + 1, mechanism: TwoFactorMechanism.EMAIL }),
    ];
    const pending = [
      challenge(userKey, { createdAt: now + 5 }),
      challenge(userKey, { createdAt: now + 1 }),
      challenge(userKey, { createdAt: now + 3 }),
    ];
    for (const method of methods) await authenticators.add(method);
    for (const one of pending) await challenges.add(one);
    const setId = newId(32);
    await backupCodes.add(userKey, setId, ['a', 'b', 'c'].map(digest));
    await backupCodes.add(userKey, newId(32), ['a', 'b', 'c', 'd'].map(digest));
    await backupCodes.use(setId, digest('b'), now);
    const columns = { backupSetId: setId, challengeEpoch: 1, securityEpoch: 1 };
    await accounts.commit(account(userKey), columns);
    const state = account(userKey, { ...columns, version: 1 });
    return {
      userKey,
      state,
      methods: [methods[1], methods[2], methods[0]],
      pending: [pending[1], pending[2], pending[0]],
    };
  }

  it('has the security epoch of a factor that has not reached the account', async () => {
    const { userKey, state } = await withEverything();
    await authenticators.add(authenticator(userKey, { securityEpoch: state.securityEpoch + 1 }));
    expect(await snapshots.ofUser(known(userKey))).toMatchObject({
      account: state,
      securityEpoch: state.securityEpoch + 1,
    });
  });

  it('has everything of one moment in one SELECT, oldest first, numbers as numbers', async () => {
    const { userKey, state, methods, pending } = await withEverything();
    log.reset();
    const snapshot = await snapshots.ofUser(known(userKey), login);
    expect(snapshot).toStrictEqual({
      account: state,
      authenticators: methods,
      inert: [],
      challenges: pending,
      unusedBackupCodes: 2,
      securityEpoch: state.securityEpoch,
    });
    expect(log.statements).toEqual([expect.stringMatching(/^SELECT/)]);
  });

  it('has the methods oldest first whatever their kind, and of one moment in one order', async () => {
    const userKey = await user();
    const rows = [
      authenticator(userKey, { verifiedAt: now + 2 }),
      authenticator(userKey, { verifiedAt: now + 1, mechanism: TwoFactorMechanism.EMAIL }),
      authenticator(userKey, { verifiedAt: now, mechanism: TwoFactorMechanism.SMS }),
      ...['c', 'a', 'b'].map((id, index) =>
        authenticator(userKey, {
          id: `${id}${newId(31)}`,
          handle: `${String(index)}${newId(63)}`,
          verifiedAt: now + 3,
        }),
      ),
    ];
    for (const row of rows) await authenticators.add(row);
    const [totp, email, sms, c, a, b] = rows;
    expect((await snapshots.ofUser(known(userKey))).authenticators).toEqual([sms, email, totp, a, b, c]);
  });

  it('has no challenges where none were asked for', async () => {
    const { userKey, methods } = await withEverything();
    log.reset();
    const snapshot = await snapshots.ofUser(known(userKey));
    expect(log.statements.join()).not.toContain('two_factor_challenges');
    expect(snapshot).toMatchObject({ authenticators: methods, challenges: [], unusedBackupCodes: 2 });
  });

  it('has the challenges of the purpose and mechanism alone', async () => {
    const userKey = await user();
    const rows = [
      challenge(userKey),
      challenge(userKey, { purpose: 'step-up' }),
      challenge(userKey, { purpose: 'enrollment', mechanism: TwoFactorMechanism.TOTP }),
      challenge(userKey, { purpose: 'enrollment', mechanism: TwoFactorMechanism.EMAIL }),
      challenge(await user()),
    ];
    for (const row of rows) await challenges.add(row);
    expect((await snapshots.ofUser(known(userKey), login)).challenges).toEqual([rows[0]]);
    expect((await snapshots.ofUser(known(userKey), { purpose: 'step-up', mechanism: 0 })).challenges).toEqual([
      rows[1],
    ]);
    expect(
      (await snapshots.ofUser(known(userKey), { purpose: 'enrollment', mechanism: TwoFactorMechanism.EMAIL }))
        .challenges,
    ).toEqual([rows[3]]);
  });

  it('of a user whom nobody knows has nothing, and is no other user', async () => {
    await withEverything();
    expect(await snapshots.ofUser(known(newUserKey()), login)).toEqual(nothing);
  });

  it('of a user who was begun and never enrolled has the account alone', async () => {
    const userKey = await user();
    expect(await snapshots.ofUser(known(userKey), login)).toEqual({ ...nothing, account: account(userKey) });
  });

  it('counts no backup codes of a user whose account points to no set', async () => {
    const userKey = await user();
    await backupCodes.add(userKey, newId(32), [digest('a')]);
    expect((await snapshots.ofUser(known(userKey))).unusedBackupCodes).toBe(0);
  });

  it('lets a factor count where the account says so, and one of version 0.1 unless the account says not', async () => {
    const userKey = await user();
    const provisional = { provisional: 1, securityEpoch: 9 };
    const [named, inert, old, removed] = [
      authenticator(userKey, { ...provisional, verifiedAt: now }),
      authenticator(userKey, provisional),
      authenticator(userKey, { verifiedAt: now + 1 }),
      authenticator(userKey, { securityEpoch: 8 }),
    ] as const;
    for (const row of [named, inert, old, removed]) await authenticators.add(row);
    const before = await snapshots.ofUser(known(userKey));
    expect(before).toMatchObject({
      authenticators: expect.not.arrayContaining([named, inert]) as unknown,
      securityEpoch: 8,
    });
    await accounts.commit(before.account!, { factors: JSON.stringify({ [named.id]: true, [removed.id]: false }) });
    const after = await snapshots.ofUser(known(userKey));
    expect(after.authenticators).toEqual([named, old]);
    expect(after.inert).toHaveLength(2);
    expect(after.inert).toEqual(expect.arrayContaining([inert, removed]));
    expect(after.securityEpoch).toBe(9);
  });

  it('counts no backup codes of a user without a factor', async () => {
    const userKey = await user();
    const setId = newId(32);
    await backupCodes.add(userKey, setId, [digest('a')]);
    await accounts.commit(account(userKey), { backupSetId: setId });
    expect((await snapshots.ofUser(known(userKey))).unusedBackupCodes).toBe(0);
    await authenticators.add(authenticator(userKey));
    expect((await snapshots.ofUser(known(userKey))).unusedBackupCodes).toBe(1);
  });

  it.each(['[]', 'null', '5', '{"a":1}', '{"a":', '"a"'])(
    'is an error where the account says %s of its factors: never "no second factor"',
    async (factors) => {
      const userKey = await user();
      await accounts.commit(account(userKey), { factors });
      await expect(snapshots.ofUser(known(userKey))).rejects.toThrow();
    },
  );

  it('is an error where there are methods and their account is missing: never "no second factor"', async () => {
    const userKey = newUserKey();
    // Also where it would not count: a user who is being forgotten is not one without a factor.
    await authenticators.add(authenticator(userKey, { provisional: 1 }));
    const missing = 'The account of a user with a second factor is missing.';
    await expect(snapshots.ofUser(known(userKey))).rejects.toThrow(missing);
    await expect(snapshots.ofUser(known(userKey), login)).rejects.toThrow(missing);
  });

  it('has the methods in one order where they were verified in the same millisecond', async () => {
    const userKey = await user();
    for (const id of ['b', 'c', 'a']) await authenticators.add(authenticator(userKey, { id: id.repeat(32) }));
    expect((await snapshots.ofUser(known(userKey))).authenticators.map(({ id }) => id[0])).toEqual(['a', 'b', 'c']);
  });
});
