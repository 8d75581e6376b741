import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DataSource } from 'typeorm';
import { twoFactorEntities } from 'passport-two-factor';
import { BackupCodeStore } from '../../lib/store/backup-code-store.js';
import { close, databases } from '../support/databases.js';
import { digest, newId, newUserKey, now, winners } from './fixtures.js';

describe.each(databases)('the backup codes on $name', (database) => {
  let db: DataSource;
  let codes: BackupCodeStore;
  const userKey = newUserKey();
  const [one, two] = [digest('one'), digest('two')] as const;

  beforeAll(async () => {
    db = await database.open(twoFactorEntities());
    codes = new BackupCodeStore(db);
  });
  afterAll(() => close(db));

  async function set(...tags: string[]): Promise<string> {
    const setId = newId(32);
    await codes.add(userKey, setId, tags);
    return setId;
  }

  async function of(setId: string): Promise<[string, number][]> {
    const rows = await db
      .createQueryBuilder()
      .select('code.tag', 'tag')
      .addSelect('code.used_at', 'used')
      .from('TwoFactorBackupCode', 'code')
      .where('code.set_id = :setId', { setId })
      .orderBy('code.tag')
      .getRawMany<{ tag: string; used: unknown }>();
    return rows.map(({ tag, used }) => [tag, Number(used)]);
  }

  it('are written as a whole set, unused', async () => {
    const tags = Array.from({ length: 32 }, (_, index) => digest(String(index))).sort();
    expect(await of(await set(...tags))).toEqual(tags.map((tag) => [tag, 0]));
  });

  it('are used once, and the time is kept', async () => {
    const setId = await set(one, two);
    expect(await codes.use(setId, one, now)).toBe(true);
    expect(await codes.use(setId, one, now + 1)).toBe(false);
    expect(new Map(await of(setId))).toEqual(
      new Map([
        [one, now],
        [two, 0],
      ]),
    );
  });

  it('are used by one of fifty requests', async () => {
    const setId = await set(one, two);
    expect(await winners(50, () => codes.use(setId, one, now))).toBe(1);
  });

  it('are not used by a code of another set, an unknown one or one in capitals', async () => {
    const setId = await set(one);
    const other = await set(two);
    expect(await codes.use(other, one, now)).toBe(false);
    expect(await codes.use(setId, digest('three'), now)).toBe(false);
    expect(await codes.use(setId, '', now)).toBe(false);
    expect(await codes.use('', one, now)).toBe(false);
    expect(await of(setId)).toEqual([[one, 0]]);
  });

  it('go with their set and no other', async () => {
    const [setId, other] = [await set(one, two), await set(one, two)];
    await codes.removeSet(setId);
    expect(await of(setId)).toEqual([]);
    expect(await of(other)).toHaveLength(2);
    expect(await codes.use(setId, one, now)).toBe(false);
  });

  it('of two sets with one id are an error, never a mixture', async () => {
    const setId = await set(one);
    await expect(codes.add(userKey, setId, [two, one])).rejects.toThrow('the same id');
    expect(await of(setId)).toEqual([[one, 0]]);
  });

  describe('are claimed to be made', () => {
    it('by one of twenty requests, until it is released', async () => {
      const key = newUserKey();
      expect(await winners(20, () => codes.claim(key, now, now + 60_000))).toBe(1);
      expect(await codes.claim(newUserKey(), now, now + 60_000)).toBe(true);
      await codes.release(key);
      expect(await codes.claim(key, now, now + 60_000)).toBe(true);
    });

    it('by one of twenty again, once the claim of a process that died has ended', async () => {
      const key = newUserKey();
      await codes.claim(key, now, now + 60_000);
      expect(await codes.claim(key, now + 59_999, now + 120_000)).toBe(false);
      expect(await winners(20, () => codes.claim(key, now + 60_000, now + 120_000))).toBe(1);
    });
  });

  it("are all erased with their user, and no other user's", async () => {
    const [key, other] = [newUserKey(), newUserKey()];
    for (const [owner, setId] of [
      [key, newId(32)],
      [key, newId(32)],
      [other, newId(32)],
    ] as const)
      await codes.add(owner, setId, [one, two]);
    await codes.claim(key, now, now + 60_000);
    expect(await codes.removeAll(key)).toBe(5);
    expect(await codes.removeAll(key)).toBe(0);
    expect(await db.getRepository('TwoFactorBackupCode').countBy({ userKey: other })).toBe(2);
  });
});
