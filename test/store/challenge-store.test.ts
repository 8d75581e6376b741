import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DataSource } from 'typeorm';
import { twoFactorEntities } from 'passport-two-factor';
import { ChallengeStore } from '../../lib/store/challenge-store.js';
import { SnapshotStore } from '../../lib/store/snapshot-store.js';
import { close, databases } from '../support/databases.js';
import { StatementLog } from '../support/statements.js';
import { challenge, newId, newUserKey, now, winners } from './fixtures.js';

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

  const find = async (id: string) => (await new SnapshotStore(db).ofChallenge(id)).challenges[0];

  it('are stored and read as they were given', async () => {
    const row = await add({
      info: 'i'.repeat(4000),
      codes: JSON.stringify({ email: { tag: 't'.repeat(100) } }),
      remember: 1,
      challengeEpoch: 12,
    });
    expect(await find(row.id)).toStrictEqual(row);
  });

  it('with one id are an error', async () => {
    const row = await add();
    await expect(challenges.add(challenge(newUserKey(), { id: row.id }))).rejects.toThrow('the same id');
    expect(await find(row.id)).toEqual(row);
  });

  describe('consume', () => {
    it('deletes the row, once', async () => {
      const row = await add();
      expect(await challenges.consume(row.id, now)).toBe(true);
      expect(await find(row.id)).toBeUndefined();
      expect(await challenges.consume(row.id, now)).toBe(false);
    });

    it('lets one of fifty requests through', async () => {
      const { id } = await add();
      expect(await winners(50, () => challenges.consume(id, now))).toBe(1);
    });

    it('works to the last millisecond, not at the end of its life', async () => {
      const [row, late] = [await add(), await add()];
      expect(await challenges.consume(late.id, late.expiresAt)).toBe(false);
      expect(await find(late.id)).toEqual(late);
      expect(await challenges.consume(row.id, row.expiresAt - 1)).toBe(true);
    });

    it('does not use up one that an earlier request verified', async () => {
      const row = await add({ verifiedBy: 'totp' });
      expect(await challenges.consume(row.id, now)).toBe(false);
      expect(await find(row.id)).toEqual(row);
    });

    it('uses up no other', async () => {
      const other = await add();
      for (const id of [newId(), '', '0', '%']) expect(await challenges.consume(id, now)).toBe(false);
      expect(await find(other.id)).toEqual(other);
    });
  });

  describe('markVerified', () => {
    const marked = (verifiedBy: string) => ({ id: newId(), info: 'sealed anew', verifiedBy });

    it('says who verified it, once, under another id: the one of before is nothing any more', async () => {
      const row = await add();
      const tries = Array.from({ length: 20 }, () => marked('backup_code'));
      const won = await Promise.all(tries.map((columns) => challenges.markVerified(row.id, columns, now)));
      expect(won.filter(Boolean)).toHaveLength(1);
      const winner = tries[won.indexOf(true)]!;
      expect(await challenges.markVerified(row.id, marked('totp'), now)).toBe(false);
      expect(await challenges.markVerified(winner.id, marked('totp'), now)).toBe(false);
      expect(await find(row.id)).toBeUndefined();
      expect(await find(winner.id)).toEqual({ ...row, ...winner });
    });

    it('does not mark one that has expired', async () => {
      const row = await add();
      expect(await challenges.markVerified(row.id, marked('totp'), row.expiresAt)).toBe(false);
      expect(await find(row.id)).toEqual(row);
    });

    it('does not mark one that is gone', async () => {
      const { id } = await add();
      await challenges.consume(id, now);
      expect(await challenges.markVerified(id, marked('totp'), now)).toBe(false);
      expect(await find(id)).toBeUndefined();
    });
  });

  describe('consumeVerified', () => {
    it('deletes one that was verified, once', async () => {
      const { id } = await add({ verifiedBy: 'totp' });
      expect(await winners(50, () => challenges.consumeVerified(id, now))).toBe(1);
      expect(await find(id)).toBeUndefined();
    });

    it('never one that was not verified', async () => {
      const row = await add();
      expect(await challenges.consumeVerified(row.id, now)).toBe(false);
      expect(await find(row.id)).toEqual(row);
    });

    it('nor one that has expired', async () => {
      const row = await add({ verifiedBy: 'totp' });
      expect(await challenges.consumeVerified(row.id, row.expiresAt)).toBe(false);
      expect(await challenges.consumeVerified(row.id, row.expiresAt - 1)).toBe(true);
    });
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
