import { countOn, formatDays, freeAt, parseDays, sum, within, type FailureDay } from './failure-days.js';

/** The counts of an account's wrong codes, all methods, logins and processes together (NIST SP 800-63B §3.2.2). */
export interface AttemptCounts {
  /** Consecutive failures. */
  readonly failures: number;
  /**
   * Failures in the window, which a success does not reset: the days' sum, in guesses. 0 where `unlock` has freed the
   * account.
   */
  readonly windowFailures: number;
  /** Epoch milliseconds at which the oldest counted day begins; 0 before the first failure. */
  readonly windowStart: number;
  /** Epoch milliseconds before which no code is looked at. */
  readonly nextAttemptAt: number;
  /** With how many codes the wrong ones were compared, by day. */
  readonly failureDays: string;
}

export interface AttemptLimits {
  /** This many consecutive failures end the pending logins and start the backoff. */
  readonly attempts: number;
  /** Milliseconds of the first backoff; each further failure doubles it up to `maxBackoff`. */
  readonly backoff: number;
  readonly maxBackoff: number;
  /**
   * This many failures within the last `suspensionWindow` milliseconds suspend the account until enough of them are
   * older.
   */
  readonly suspendAfter: number;
  readonly suspensionWindow: number;
}

/** A wrong code. */
export interface Guess {
  /** Epoch milliseconds. */
  readonly at: number;
  /** With how many codes it was compared: each of them could have been the one. */
  readonly compared: number;
}

/** The clocks of an app's servers may differ by this. */
const skew = 60_000;

/**
 * One guess at one app is compared with three codes, those of the window 1: the measure that `suspendAfter` is told in.
 * No guess counts for less, so that there are never more of them than NIST allows.
 */
const perGuess = 3;

const weightOf = ({ compared }: Guess): number => Math.max(perGuess, compared);

/** The counted days that are in the window at `now`. */
function daysOf(
  { windowFailures, windowStart, failureDays }: AttemptCounts,
  limits: AttemptLimits,
  now: number,
): FailureDay[] {
  if (windowFailures === 0) return [];
  const days = parseDays(failureDays);
  const newest = days.at(-1)?.start ?? windowStart;
  // A process of version 0.1 knows the two older columns only, and counts guesses.
  const unknown = windowFailures - toGuesses(days);
  const all = unknown > 0 ? countOn(days, newest, unknown * perGuess) : days;
  return within(all, limits.suspensionWindow, now);
}

const toGuesses = (days: readonly FailureDay[]): number => Math.ceil(sum(days) / perGuess);

const counting = (
  days: readonly FailureDay[],
): Pick<AttemptCounts, 'windowFailures' | 'windowStart' | 'failureDays'> => ({
  windowFailures: toGuesses(days),
  windowStart: days[0]?.start ?? 0,
  failureDays: formatDays(days),
});

/** The time at which the next code is looked at; not in the future for an account that is free. */
export function retryAt(counts: AttemptCounts, limits: AttemptLimits, now: number): number {
  // A longer wait than the longest was begun by a clock that was ahead.
  const next = counts.nextAttemptAt > now + limits.maxBackoff + skew ? 0 : counts.nextAttemptAt;
  return Math.max(next, freeAt(daysOf(counts, limits, now), limits.suspendAfter * perGuess, limits.suspensionWindow));
}

/** The counts after one more wrong code: one failure in a row, and in the window as many as it was compared with. */
export function afterFailure(counts: AttemptCounts, limits: AttemptLimits, guess: Guess): AttemptCounts {
  const failures = counts.failures + 1;
  const excess = failures - limits.attempts;
  return {
    failures,
    ...counting(countOn(daysOf(counts, limits, guess.at), guess.at, weightOf(guess))),
    nextAttemptAt:
      excess < 0 ? counts.nextAttemptAt : guess.at + Math.min(limits.backoff * 2 ** excess, limits.maxBackoff),
  };
}

/** The counts after a right code. The window stays: a hundred failures suspend, however many successes lie between. */
export const afterSuccess = (counts: AttemptCounts): AttemptCounts => ({ ...counts, failures: 0, nextAttemptAt: 0 });

/** The counts after a code that was charged as wrong, before it was looked at, turned out right. */
export function afterTakenBack(counts: AttemptCounts, limits: AttemptLimits, guess: Guess): AttemptCounts {
  const days = daysOf(counts, limits, guess.at);
  const charged = days.findLast(({ start }) => start <= guess.at);
  const left = days.map((day) => (day === charged ? { ...day, count: Math.max(0, day.count - weightOf(guess)) } : day));
  return afterSuccess({ ...counts, ...counting(left.filter(({ count }) => count > 0)) });
}

/** Whether these failures end every pending login of the account, so that the next try starts at the first factor. */
export const endsPendingLogins = (counts: AttemptCounts, limits: AttemptLimits): boolean =>
  counts.failures >= limits.attempts;

export interface SendCounts {
  readonly hourStart: number;
  readonly hourCount: number;
  readonly dayStart: number;
  readonly dayCount: number;
}

export interface SendLimits {
  readonly perHour: number;
  readonly perDay: number;
}

const hour = 3_600_000;
const day = 24 * hour;

/** The counts after one more message, or the time at which the next one may be sent. */
export function afterSend(
  counts: SendCounts,
  limits: SendLimits,
  now: number,
): SendCounts | { readonly retryAt: number } {
  // A window that begins in the future was begun by a clock that was ahead: it must not last until that clock is right.
  const sameHour = counts.hourStart <= now + skew && now < counts.hourStart + hour;
  const sameDay = counts.dayStart <= now + skew && now < counts.dayStart + day;
  const next: SendCounts = {
    hourStart: sameHour ? counts.hourStart : now,
    hourCount: sameHour ? counts.hourCount + 1 : 1,
    dayStart: sameDay ? counts.dayStart : now,
    dayCount: sameDay ? counts.dayCount + 1 : 1,
  };
  const waits = [
    ...(next.dayCount > limits.perDay ? [counts.dayStart + day] : []),
    ...(next.hourCount > limits.perHour ? [counts.hourStart + hour] : []),
  ];
  return waits.length > 0 ? { retryAt: Math.max(...waits) } : next;
}

/** The counts after a message that could not be sent after all. */
export const afterUnsent = (counts: SendCounts): SendCounts => ({
  ...counts,
  hourCount: Math.max(0, counts.hourCount - 1),
  dayCount: Math.max(0, counts.dayCount - 1),
});
