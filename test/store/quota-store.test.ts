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
    expect(await quotas.find(id)).toStrictEqual({ id, version: 0, ...first });
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
    expect(await quotas.find(id)).toStrictEqual({ id, version: 1, ...next });
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
});
