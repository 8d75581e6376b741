import { expect } from 'vitest';
import type { DataSource, QueryRunner } from 'typeorm';
import { Keyring } from '../../lib/core/keyring.js';
import type { TestApp } from '../support/app.js';
import type { UserModel } from './model.js';

/** Lost before the statement took effect, or after it did and before its answer came. */
export type CrashMode = 'before' | 'after';

/** Makes the nth statement from now on throw, once. */
export function crashAt(db: DataSource, nth: number, mode: CrashMode): { fired: () => boolean; end: () => void } {
  const createQueryRunner = db.createQueryRunner.bind(db);
  // SQLite's driver hands out one runner again and again.
  const patched = new Map<QueryRunner, QueryRunner['query']>();
  let seen = 0;
  db.createQueryRunner = (replication) => {
    const runner = createQueryRunner(replication);
    if (patched.has(runner)) return runner;
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its runner below
    const { query } = runner;
    patched.set(runner, query);
    runner.query = async function crashing(
      this: QueryRunner,
      ...given: Parameters<QueryRunner['query']>
    ): Promise<unknown> {
      seen += 1;
      if (seen !== nth) return query.apply(this, given);
      if (mode === 'after') await query.apply(this, given);
      throw new Error('The connection was lost.');
    } as QueryRunner['query'];
    return runner;
  };
  return {
    fired: () => seen >= nth,
    end: () => {
      db.createQueryRunner = createQueryRunner;
      for (const [runner, query] of patched) runner.query = query;
    },
  };
}

/** After a crash the database alone knows how far it came: the model takes over what is stored. */
export async function learn(test: TestApp, user: UserModel): Promise<void> {
  const userId = String(user.user.id);
  const [account] = await test.db.getRepository('TwoFactorAccount').findBy({ userId });
  if (!account) {
    expect(user.challengeEpoch).toBe(-1);
    return;
  }
  // Whatever happened, what was counted and ended before it stays counted and ended.
  expect(account.challengeEpoch).toBeGreaterThanOrEqual(user.challengeEpoch);
  expect(account.lastStep).toBeGreaterThanOrEqual(user.lastStep);
  const { failures, nextAttemptAt, challengeEpoch, lastStep } = account as UserModel;
  const factors = JSON.parse(String(account.factors) || '{}') as Record<string, boolean>;
  const written = await test.db.getRepository('TwoFactorAuthenticator').findBy({ userId });
  const authenticators = written.filter(({ id }) => factors[id as string]);
  // A factor whose enrollment has not reached the account has begun its epoch all the same.
  const securityEpoch = Math.max(...[account, ...authenticators].map((row) => row.securityEpoch as number));
  expect(securityEpoch).toBeGreaterThanOrEqual(user.securityEpoch);
  Object.assign(user, { failures, nextAttemptAt, challengeEpoch, securityEpoch, lastStep });
  const totp = authenticators.find(({ mechanism }) => mechanism === 1);
  const enrollments = await test.db.getRepository('TwoFactorChallenge').findBy({ userId, purpose: 'enrollment' });
  if (totp) user.totp ??= user.draft?.secret;
  else user.totp = undefined;
  user.confirmedStep = totp?.confirmedStep ?? 0;
  user.email = authenticators.some(({ mechanism }) => mechanism === 2);
  if (enrollments.length === 0) user.draft = undefined;
  user.hasCodes = account.backupSetId !== '';
  user.codesUncertain = true;
  const quota = await test.db
    .getRepository('TwoFactorQuota')
    .findOneBy({ id: new Keyring(test.keys).mac('quota', ['user', userId, '2']) });
  const { hourStart, hourCount, dayStart, dayCount } = quota ?? {
    hourStart: 0,
    hourCount: 0,
    dayStart: 0,
    dayCount: 0,
  };
  user.sends = { hourStart, hourCount, dayStart, dayCount };
}
