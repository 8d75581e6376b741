import { retryAt } from '../core/throttle.js';
import { TooManyAttemptsError } from '../errors.js';
import type { TwoFactorAccount } from '../store/rows.js';
import { secondsUntil } from './budget.js';
import type { Context } from './context.js';

/** Seconds until a code of the account is looked at again; undefined for one that is free. */
export function lockedFor({ settings }: Context, account: TwoFactorAccount): number | undefined {
  const now = settings.clock();
  const next = retryAt(account, settings.attemptLimits, now);
  return next > now ? secondsUntil(next, now) : undefined;
}

/**
 * Right and wrong codes are answered alike while the account has to wait, and no code is sent to it.
 * @throws TooManyAttemptsError
 */
export function refuseLocked(context: Context, account: TwoFactorAccount): void {
  const seconds = lockedFor(context, account);
  if (seconds !== undefined) throw new TooManyAttemptsError(seconds);
}
