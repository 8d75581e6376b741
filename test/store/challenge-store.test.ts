import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DataSource } from 'typeorm';
import { twoFactorEntities } from 'passport-two-factor';
import { ChallengeStore } from '../../lib/store/challenge-store.js';
import type { TwoFactorChallenge } from '../../lib/store/rows.js';
import { close, databases } from '../support/databases.js';
import { StatementLog } from '../support/statements.js';
import { challenge, newId, newUserKey, winners } from './fixtures.js';

describe.each(databases)('the challenges on $name', (database) => {
  let db: DataSource;
  let challenges: ChallengeStore;
  const log = new StatementLog();

  beforeAll(async () => {
    db = await database.open(twoFactorEntities(), { logger: log });
    challenges = new ChallengeStore(db);
  });
  afterAll(() => close(db));

  async function add(rest: Parameters<typeof challenge>[1] = {}) {
    const row = challenge(newUserKey(), rest);
    await challenges.add(row);
    return row;
  }

  const find = async (id: string) =>
    (await db.getRepository<TwoFactorChallenge>('TwoFactorChallenge').findOneBy({ id })) ?? undefined;

  it('are stored and read as they were given', async () => {
    const row = await add({
      info: 'i'.repeat(4000),
      codes: JSON.stringify({ email: { tag: 't'.repeat(100) } }),
      remember: 1,
      challengeEpoch: 12,
    });
    expect(await find(row.id)).toEqual(row);
  });

  it('with one id are made once', async () => {
    const row = await add();
    expect(await challenges.add(challenge(newUserKey(), { id: row.id }))).toBe(false);
    const { id } = challenge(newUserKey());
    expect(await winners(20, () => challenges.add(challenge(newUserKey(), { id })))).toBe(1);
    expect(await find(row.id)).toEqual(row);
  });

  describe('replaceCodes', () => {
    it('replaces what was read', async () => {
      const row = await add({ codes: '{"email":1}', codeVersion: 3 });
      expect(await challenges.replaceCodes(row.id, 3, '{"email":2}')).toBe(true);
      expect(await find(row.id)).toEqual({ ...row, codes: '{"email":2}', codeVersion: 4 });
    });

    it('not what another request has replaced since', async () => {
      const row = await add();
      expect(await winners(20, () => challenges.replaceCodes(row.id, 0, '{"email":2}'))).toBe(1);
      expect(await challenges.replaceCodes(row.id, 0, '{"email":3}')).toBe(false);
      expect(await find(row.id)).toMatchObject({ codes: '{"email":2}', codeVersion: 1 });
    });

    it('not of a challenge that is gone', async () => {
      expect(await challenges.replaceCodes(newId(), 0, '{}')).toBe(false);
    });
  });

  describe('remove', () => {
    it('removes those that are named', async () => {
      const [one, two, other] = [await add(), await add(), await add()];
      await challenges.remove([one.id, newId(), two.id]);
      expect(await find(one.id)).toBeUndefined();
      expect(await find(two.id)).toBeUndefined();
      expect(await find(other.id)).toEqual(other);
    });

    it('of none asks the database nothing', async () => {
      log.reset();
      await challenges.remove([]);
      expect(log.count).toBe(0);
    });
  });
});
