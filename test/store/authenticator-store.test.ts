import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DataSource } from 'typeorm';
import { TwoFactorMechanism, twoFactorEntities } from 'passport-two-factor';
import { AccountStore } from '../../lib/store/account-store.js';
import { AuthenticatorStore } from '../../lib/store/authenticator-store.js';
import { SnapshotStore } from '../../lib/store/snapshot-store.js';
import { close, databases } from '../support/databases.js';
import { authenticator, digest, known, newUserKey, userIdOf, winners } from './fixtures.js';

const { TOTP, EMAIL, SMS } = TwoFactorMechanism;

describe.each(databases)('the authenticators on $name', (database) => {
  let db: DataSource;
  let authenticators: AuthenticatorStore;

  beforeAll(async () => {
    db = await database.open(twoFactorEntities());
    authenticators = new AuthenticatorStore(db);
  });
  afterAll(() => close(db));

  async function user(): Promise<string> {
    const userKey = newUserKey();
    await new AccountStore(db).ensure(userKey, userIdOf(userKey));
    return userKey;
  }

  const of = async (userKey: string) => (await new SnapshotStore(db).ofUser(known(userKey))).authenticators;

  async function add(userKey: string, rest: Parameters<typeof authenticator>[1] = {}) {
    const row = authenticator(userKey, rest);
    expect(await authenticators.add(row)).toBe(true);
    return row;
  }

  it('are stored and read as they were given', async () => {
    const userKey = await user();
    const row = await add(userKey, {
      mechanism: SMS,
      label: '+1•••••••67',
      sealed: `v1.k1.${'x'.repeat(2000)}`,
      algorithm: 'sha512',
      digits: 8,
      period: 60,
    });
    expect(await of(userKey)).toStrictEqual([row]);
  });

  it('are one of a mechanism and handle for each user', async () => {
    const userKey = await user();
    const first = await add(userKey, { handle: digest('default') });
    expect(await authenticators.add(authenticator(userKey, { handle: digest('default') }))).toBe(false);
    await add(userKey, { handle: digest('other') });
    await add(userKey, { mechanism: EMAIL, handle: digest('default') });
    await add(await user(), { handle: digest('default') });
    expect(await of(userKey)).toHaveLength(3);
    expect(await of(userKey)).toContainEqual(first);
  });

  it('are added once where twenty requests add the same', async () => {
    const userKey = await user();
    expect(await winners(20, () => authenticators.add(authenticator(userKey, { handle: digest('same') })))).toBe(1);
    expect(await of(userKey)).toHaveLength(1);
  });

  it('are removed by their owner only, and once', async () => {
    const userKey = await user();
    const row = await add(userKey);
    expect(await authenticators.remove(await user(), row.id)).toBe(false);
    expect(await of(userKey)).toHaveLength(1);
    expect(await winners(10, () => authenticators.remove(userKey, row.id))).toBe(1);
    expect(await of(userKey)).toEqual([]);
  });

  it('are not removed by a part of their id', async () => {
    const userKey = await user();
    const row = await add(userKey, { id: 'abcdef0123456789abcdef0123456789' });
    for (const id of ['', '%', 'abcdef', '0', 'abcdef0123456789abcdef012345678_'])
      expect(await authenticators.remove(userKey, id)).toBe(false);
    expect(await of(userKey)).toEqual([row]);
  });

  it('are updated by their owner only', async () => {
    const userKey = await user();
    const row = await add(userKey);
    expect(await authenticators.update(await user(), row.id, { label: 'stolen' })).toBe(false);
    expect(await authenticators.update(userKey, row.id, { label: 'phone', sealed: 'v1.k2.d.e.f' })).toBe(true);
    expect(await of(userKey)).toEqual([{ ...row, label: 'phone', sealed: 'v1.k2.d.e.f' }]);
  });

  it('do not take the handle of another one', async () => {
    const userKey = await user();
    const first = await add(userKey, { mechanism: TOTP, handle: digest('first') });
    const second = await add(userKey, { mechanism: TOTP, handle: digest('second') });
    await expect(authenticators.update(userKey, second.id, { handle: first.handle })).rejects.toThrow(
      /unique|duplicate/i,
    );
    expect(await of(userKey)).toContainEqual(second);
  });

  describe('are renamed', () => {
    const accountOf = async (userKey: string) => (await new AccountStore(db).find(userKey))!;

    it('by their owner, at the epoch at which they were found', async () => {
      const userKey = await user();
      const row = await add(userKey);
      const found = await accountOf(userKey);
      const to = { label: 'phone', handle: digest('phone') };
      expect(await authenticators.rename(await accountOf(await user()), row.id, to)).toBe('changed');
      expect(await authenticators.rename({ ...found, securityEpoch: 7 }, row.id, to)).toBe('changed');
      expect(await of(userKey)).toEqual([row]);
      expect(await authenticators.rename(found, row.id, to)).toBe('renamed');
      expect(await of(userKey)).toEqual([{ ...row, ...to }]);
    });

    it('to a name that another one has by none of two', async () => {
      const userKey = await user();
      const [one, two] = [await add(userKey), await add(userKey)];
      const found = await accountOf(userKey);
      const to = { label: 'same', handle: digest('same') };
      const outcomes = await Promise.all([one, two].map(({ id }) => authenticators.rename(found, id, to)));
      expect(outcomes.sort()).toEqual(['renamed', 'taken']);
    });
  });
});
