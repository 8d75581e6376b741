import ms from 'ms';
import { describe, expect, it } from 'vitest';
import {
  afterFailure,
  afterSend,
  afterSuccess,
  afterUnsent,
  endsPendingLogins,
  retryAt,
  type AttemptCounts,
  type AttemptLimits,
  type SendCounts,
} from '../../lib/core/throttle.js';

const now = Date.UTC(2026, 0, 1, 12);
const limits: AttemptLimits = {
  attempts: 5,
  backoff: ms('30s'),
  maxBackoff: ms('1h'),
  suspendAfter: 100,
  suspensionWindow: ms('30d'),
};
const fresh: AttemptCounts = { failures: 0, windowFailures: 0, windowStart: 0, nextAttemptAt: 0 };

function failures(count: number, from = fresh, at = now): AttemptCounts {
  let counts = from;
  for (let n = 0; n < count; n += 1) counts = afterFailure(counts, limits, at);
  return counts;
}

describe('wrong codes in a row', () => {
  it.each([
    [1, 0],
    [2, 0],
    [4, 0],
    [5, ms('30s')],
    [6, ms('1m')],
    [7, ms('2m')],
    [8, ms('4m')],
    [9, ms('8m')],
    [10, ms('16m')],
    [11, ms('32m')],
    [12, ms('1h')],
    [13, ms('1h')],
    [50, ms('1h')],
    [99, ms('1h')],
  ])('after %i of them the next code is looked at %i ms later', (count, wait) => {
    const next = retryAt(failures(count), limits);
    if (wait === 0) expect(next).toBeLessThanOrEqual(now);
    else expect(next).toBe(now + wait);
  });

  it.each([
    [0, false],
    [1, false],
    [4, false],
    [5, true],
    [6, true],
    [20, true],
  ])('%i of them end the pending logins: %s', (count, ended) => {
    expect(endsPendingLogins({ ...fresh, failures: count }, limits)).toBe(ended);
  });

  it('wait as long however many there were: no overflow frees the account', () => {
    const counts = { ...fresh, failures: 5000 };
    expect(afterFailure(counts, limits, now).nextAttemptAt).toBe(now + ms('1h'));
  });

  it('keep counting after the wait: it does not start from the beginning', () => {
    const five = failures(5);
    const sixth = afterFailure(five, limits, retryAt(five, limits));
    expect(retryAt(sixth, limits)).toBe(now + ms('30s') + ms('1m'));
  });

  it('are forgotten after a right one, so the next mistake costs no wait', () => {
    const again = afterFailure(afterSuccess(failures(4)), limits, now);
    expect(again.failures).toBe(1);
    expect(retryAt(again, limits)).toBeLessThanOrEqual(now);
  });

  it('hold up nobody any more once a right one was committed', () => {
    expect(retryAt(afterSuccess(failures(7)), limits)).toBeLessThanOrEqual(now);
  });

  it('change nothing in the counts they were computed from', () => {
    const counts = Object.freeze({ ...fresh });
    expect(afterFailure(counts, limits, now)).not.toBe(counts);
    expect(counts).toEqual(fresh);
  });
});

describe('a hundred wrong codes in thirty days', () => {
  /** One wrong code an hour with a right one after each: no run of failures, no backoff. */
  function slowly(count: number): AttemptCounts {
    let counts = fresh;
    for (let hour = 0; hour < count; hour += 1) counts = afterSuccess(afterFailure(counts, limits, now + hour * ms('1h')));
    return counts;
  }

  it('suspend the account even where a right one came between each', () => {
    expect(retryAt(slowly(99), limits)).toBeLessThanOrEqual(now + ms('99h'));
    expect(retryAt(slowly(100), limits)).toBe(now + ms('30d'));
  });

  it('suspend it until the window ends, counted from the first', () => {
    const counts = slowly(100);
    expect(retryAt(counts, limits)).toBeGreaterThan(now + ms('30d') - 1);
    expect(retryAt(counts, limits)).not.toBeGreaterThan(now + ms('30d'));
  });

  it('are forgotten with the window: the first failure after it starts another', () => {
    const counts = afterFailure(slowly(100), limits, now + ms('30d'));
    expect(counts.windowFailures).toBe(1);
    expect(counts.windowStart).toBe(now + ms('30d'));
    expect(retryAt(counts, limits)).toBeLessThanOrEqual(now + ms('30d'));
  });

  it('count up to the last millisecond of the window', () => {
    const counts = afterFailure(slowly(99), limits, now + ms('30d') - 1);
    expect(counts.windowFailures).toBe(100);
    expect(retryAt(counts, limits)).toBe(now + ms('30d'));
  });

  it('do not shorten a backoff that outlasts the window', () => {
    const counts = { ...failures(100), nextAttemptAt: now + ms('31d') };
    expect(retryAt(counts, limits)).toBe(now + ms('31d'));
  });

  it('start the window at the first failure, not at zero', () => {
    expect(failures(1)).toMatchObject({ windowFailures: 1, windowStart: now });
  });

  it('start another window where the only failure of the last one was taken back', () => {
    const takenBack = { ...failures(1), windowFailures: 0 };
    expect(afterFailure(takenBack, limits, now + ms('1d'))).toMatchObject({ windowFailures: 1, windowStart: now + ms('1d') });
  });

  it('count on where the clock was set back', () => {
    expect(afterFailure(failures(3), limits, now - ms('1h')).windowFailures).toBe(4);
  });
});

describe('messages to one user', () => {
  const none: SendCounts = { hourStart: 0, hourCount: 0, dayStart: 0, dayCount: 0 };
  const sending = { perHour: 5, perDay: 10 };

  /** Sends at each of these times; the last answer. */
  function send(times: number[]): ReturnType<typeof afterSend> {
    let counts = none;
    let answer: ReturnType<typeof afterSend> = none;
    for (const time of times) {
      answer = afterSend(counts, sending, time);
      if (!('retryAt' in answer)) counts = answer;
    }
    return answer;
  }

  const times = (count: number, every: number, from = now): number[] => Array.from({ length: count }, (_, n) => from + n * every);

  it('are five an hour', () => {
    expect(send(times(5, 1000))).toMatchObject({ hourCount: 5, dayCount: 5 });
    expect(send(times(6, 1000))).toEqual({ retryAt: now + ms('1h') });
    expect(send(times(20, 1000))).toEqual({ retryAt: now + ms('1h') });
  });

  it('may go on to the millisecond when the hour is over', () => {
    expect(send([...times(5, 1000), now + ms('1h') - 1])).toEqual({ retryAt: now + ms('1h') });
    expect(send([...times(5, 1000), now + ms('1h')])).toMatchObject({ hourStart: now + ms('1h'), hourCount: 1, dayCount: 6 });
  });

  it('are ten a day', () => {
    const ten = [...times(5, 1000), ...times(5, 1000, now + ms('1h'))];
    expect(send(ten)).toMatchObject({ dayCount: 10 });
    expect(send([...ten, now + ms('2h')])).toEqual({ retryAt: now + ms('24h') });
    expect(send([...ten, now + ms('24h') - 1])).toEqual({ retryAt: now + ms('24h') });
    expect(send([...ten, now + ms('24h')])).toMatchObject({ dayStart: now + ms('24h'), dayCount: 1, hourCount: 1 });
  });

  it('wait for the later of the two where both limits are reached', () => {
    const both = { hourStart: now - ms('10m'), hourCount: 5, dayStart: now - ms('23h'), dayCount: 10 };
    expect(afterSend({ ...both, dayStart: now - ms('23.5h') }, sending, now)).toEqual({ retryAt: now + ms('50m') });
    expect(afterSend(both, sending, now)).toEqual({ retryAt: now + ms('1h') });
  });

  it('that were refused are not counted, so asking on does not push the time away', () => {
    const asked = [...times(5, 1000), ...times(100, 1000, now + ms('10m')), now + ms('1h')];
    expect(send(asked)).toMatchObject({ dayCount: 6 });
  });

  it('can be forbidden', () => {
    expect(afterSend(none, { perHour: 0, perDay: 0 }, now)).toHaveProperty('retryAt');
  });

  it('that could not be sent are given back, never below none', () => {
    const one = send([now]) as SendCounts;
    expect(afterUnsent(one)).toMatchObject({ hourCount: 0, dayCount: 0 });
    expect(afterUnsent(afterUnsent(one))).toMatchObject({ hourCount: 0, dayCount: 0 });
  });
});
