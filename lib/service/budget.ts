import { randomBytes } from 'node:crypto';
import { afterSend, afterUnsent, type SendLimits } from '../core/throttle.js';
import { TooManyAttemptsError } from '../errors.js';
import type { Context } from './context.js';

const budgetTries = 50;
const day = 86_400_000;

export const secondsUntil = (time: number, now: number): number => Math.max(1, Math.ceil((time - now) / 1000));

/** Names what is counted: the row of its counts, and the user who may have it freed or erased, '' for nobody. */
export interface Budget {
  readonly id: string;
  readonly userKey: string;
}

/** Counts what may be done so often in an hour and in a day. */
export class Budgets {
  constructor(private readonly context: Context) {}

  /**
   * Counts one use before it is made.
   * @param lastSent what is kept of a message
   * @throws TooManyAttemptsError where the hour's or the day's uses are spent
   */
  async reserve(budget: Budget, limits: SendLimits, lastSent?: string): Promise<void> {
    const { quotas, settings } = this.context;
    for (let attempt = 0; attempt < budgetTries; attempt += 1) {
      const now = settings.clock();
      const read = await quotas.find(budget.id);
      const counts = afterSend(read ?? { hourStart: now, hourCount: 0, dayStart: now, dayCount: 0 }, limits, now);
      if ('retryAt' in counts) throw new TooManyAttemptsError(secondsUntil(counts.retryAt, now));
      // Lost to a parallel request: that one was counted, so a limit of n is reached after n lost tries.
      const kept = lastSent === undefined ? counts : { ...counts, lastSent };
      if (!(await quotas.commit(budget, read, kept))) continue;
      // With the row of a user's first message go those of others that count nothing any more, neither for a day nor
      // an hour.
      if (!read && budget.userKey !== '') await quotas.removeStale(randomBytes(32).toString('hex'), now - 2 * day);
      return;
    }
    throw new TooManyAttemptsError(1);
  }

  /** Why no use could be counted now; undefined where one could. */
  async whySpent(budget: Budget, limits: SendLimits): Promise<TooManyAttemptsError | undefined> {
    const now = this.context.settings.clock();
    const read = await this.context.quotas.find(budget.id);
    const counts = read && afterSend(read, limits, now);
    return counts && 'retryAt' in counts ? new TooManyAttemptsError(secondsUntil(counts.retryAt, now)) : undefined;
  }

  /** Gives back what a use that was not made has cost. */
  async release(budget: Budget): Promise<void> {
    for (let attempt = 0; attempt < budgetTries; attempt += 1) {
      const read = await this.context.quotas.find(budget.id);
      if (!read || (await this.context.quotas.commit(budget, read, afterUnsent(read)))) return;
    }
  }
}
