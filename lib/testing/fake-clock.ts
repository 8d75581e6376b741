import ms from 'ms';
import type { Duration } from 'passport-two-factor';

/** A clock that stands still until it is told to go on. */
export interface FakeClock {
  /** Epoch milliseconds. Give it to the service as it is: `clock: clock.now`. */
  readonly now: () => number;
  /** Lets time pass: `'30s'`, `'5m'`, or milliseconds. */
  readonly advance: (by: Duration) => void;
}

/**
 * Time for `new TwoFactorService({ clock: clock.now })`: expiry, backoff and the next code come without waiting.
 * @param start epoch milliseconds; by default noon of 1 January 2026 UTC, so that a failing test fails every day
 * @throws TypeError for a start that is no time
 */
export function fakeClock(start: number = Date.UTC(2026, 0, 1, 12)): FakeClock {
  if (!(Number.isFinite(start) && start >= 0))
    throw new TypeError(`fakeClock: start must be epoch milliseconds, such as Date.now(); got ${typeof start}`);
  let time = start;
  return {
    now: () => time,
    advance: (by) => {
      const milliseconds: unknown = typeof by === 'string' ? ms(by as ms.StringValue) : by;
      if (typeof milliseconds !== 'number' || !Number.isFinite(milliseconds))
        throw new TypeError(`advance: must be a duration such as "30s"; got ${JSON.stringify(by)}`);
      time += milliseconds;
    },
  };
}
