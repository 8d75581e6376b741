/** The counts of an account's wrong codes, all methods, logins and processes together (NIST SP 800-63B §3.2.2). */
export interface AttemptCounts {
  /** Consecutive failures. */
  readonly failures: number;
  /** Failures since `windowStart`, which a success does not reset. */
  readonly windowFailures: number;
  /** Epoch milliseconds; 0 before the first failure. */
  readonly windowStart: number;
  /** Epoch milliseconds before which no code is looked at. */
  readonly nextAttemptAt: number;
}

export interface AttemptLimits {
  /** This many consecutive failures end the pending logins and start the backoff. */
  readonly attempts: number;
  /** Milliseconds of the first backoff; each further failure doubles it up to `maxBackoff`. */
  readonly backoff: number;
  readonly maxBackoff: number;
  /** This many failures within `suspensionWindow` milliseconds suspend the account until the window ends. */
  readonly suspendAfter: number;
  readonly suspensionWindow: number;
}

/** The time at which the next code is looked at; not in the future for an account that is free. */
export function retryAt(counts: AttemptCounts, limits: AttemptLimits): number {
  const suspended = counts.windowFailures >= limits.suspendAfter;
  return suspended
    ? Math.max(counts.nextAttemptAt, counts.windowStart + limits.suspensionWindow)
    : counts.nextAttemptAt;
}

/** The counts after one more wrong code. */
export function afterFailure(counts: AttemptCounts, limits: AttemptLimits, now: number): AttemptCounts {
  const sameWindow = counts.windowFailures > 0 && now < counts.windowStart + limits.suspensionWindow;
  const failures = counts.failures + 1;
  const excess = failures - limits.attempts;
  return {
    failures,
    windowFailures: sameWindow ? counts.windowFailures + 1 : 1,
    windowStart: sameWindow ? counts.windowStart : now,
    nextAttemptAt: excess < 0 ? counts.nextAttemptAt : now + Math.min(limits.backoff * 2 ** excess, limits.maxBackoff),
  };
}

/** The counts after a right code. The window stays: a hundred failures suspend, however many successes lie between. */
export const afterSuccess = (counts: AttemptCounts): AttemptCounts => ({ ...counts, failures: 0, nextAttemptAt: 0 });

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
/** The clocks of an app's servers may differ by this. */
const skew = 60_000;

/** The counts after one more message, or the time at which the next one may be sent. */
export function afterSend(counts: SendCounts, limits: SendLimits, now: number): SendCounts | { readonly retryAt: number } {
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
