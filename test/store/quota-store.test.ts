import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DataSource } from 'typeorm';
import { twoFactorEntities } from 'passport-two-factor';
import { QuotaStore } from '../../lib/store/quota-store.js';
import { close, databases } from '../support/databases.js';
import { newId, now, winners } from './fixtures.js';

const userKey = 'a'.repeat(64);
const first = { userKey, hourStart: now, hourCount: 1, dayStart: now - 1, dayCount: 1 };
const next = { userKey, hourStart: now, hourCount: 2, dayStart: now - 1, dayCount: 2 };

describe.each(databases)('the counts of messages on $name', (database) => {
  let db: DataSource;
  let quotas: QuotaStore;

  beforeAll(async () => {
    db = await database.open(twoFactorEntities());
    quotas = new QuotaStore(db);
  });
  afterAll(() => close(db));

  it('begin with the first message', async () => {
    const id = newId();
    expect(await quotas.find(id)).toBeUndefined();
    expect(await quotas.commit({ id, userKey }, undefined, first)).toBe(true);
    expect(await quotas.find(id)).toStrictEqual({ id, version: 0, lastSent: '', ...first });
  });

  it('begin once where twenty first messages are counted at once', async () => {
    const id = newId();
    expect(await winners(20, () => quotas.commit({ id, userKey }, undefined, first))).toBe(1);
    expect(await quotas.find(id)).toMatchObject(first);
  });

  it('go on from what was read', async () => {
    const id = newId();
    await quotas.commit({ id, userKey }, undefined, first);
    expect(await quotas.commit({ id, userKey }, await quotas.find(id), next)).toBe(true);
    expect(await quotas.find(id)).toStrictEqual({ id, version: 1, lastSent: '', ...next });
  });

  it('refuse what was counted from an older state', async () => {
    const [id, other] = [newId(), newId()];
    await quotas.commit({ id, userKey }, undefined, first);
    await quotas.commit({ id: other, userKey }, undefined, first);
    const read = (await quotas.find(id))!;
    expect(await winners(20, () => quotas.commit({ id, userKey }, read, next))).toBe(1);
    expect(await quotas.commit({ id, userKey }, read, { ...first, hourCount: 0 })).toBe(false);
    expect(await quotas.find(id)).toMatchObject({ version: 1, ...next });
    expect(await quotas.find(other)).toMatchObject({ version: 0, ...first });
  });

  describe('that are over', () => {
    const day = 86_400_000;
    const at = (id: string, dayStart: number, owner = '') =>
      quotas.commit({ id, userKey: owner }, undefined, { hourStart: dayStart, hourCount: 1, dayStart, dayCount: 1 });

    it('go with a clean-up from any place, and those of the last days stay', async () => {
      for (const from of ['0'.repeat(64), '8'.repeat(64), 'f'.repeat(64)]) {
        const [old, young] = [newId(), newId()];
        await at(old, now - 3 * day);
        await at(young, now - day);
        await quotas.removeStale(from, now - 2 * day);
        expect(await quotas.find(old)).toBeUndefined();
        expect(await quotas.find(young)).toBeDefined();
      }
    });

    it('go a stretch at a time where there are many', async () => {
      const ids = Array.from({ length: 1200 }, () => newId());
      for (const id of ids) await at(id, now - 3 * day);
      const left = (): Promise<number> =>
        db
          .createQueryBuilder()
          .select('q')
          .from('TwoFactorQuota', 'q')
          .where('q.day_start = :old', { old: now - 3 * day })
          .getCount();
      await quotas.removeStale('', now - 2 * day);
      const rest = await left();
      expect([rest >= 700, rest < 1200]).toEqual([true, true]);
      for (let time = 0; time < 3; time += 1) await quotas.removeStale('', now - 2 * day);
      expect(await left()).toBe(0);
    });

    it('or of a user go by the user', async () => {
      const [mine, other] = [newId(), newId()];
      const owner = newId();
      await at(mine, now, owner);
      await at(other, now, newId());
      await quotas.removeOfUser(owner);
      expect([await quotas.find(mine), (await quotas.find(other))?.id]).toEqual([undefined, other]);
      await quotas.remove([other, newId()]);
      expect(await quotas.find(other)).toBeUndefined();
    });
  });
});
