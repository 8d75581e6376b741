import ms from 'ms';
import { describe, expect, it } from 'vitest';
import {
  afterFailure,
  afterSend,
  afterSuccess,
  afterTakenBack,
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
const fresh: AttemptCounts = { failures: 0, windowFailures: 0, windowStart: 0, nextAttemptAt: 0, failureDays: '' };

/** A wrong code at one app with the window 1. */
const wrongAt = (counts: AttemptCounts, at: number, compared = 3): AttemptCounts =>
  afterFailure(counts, limits, { at, compared });

function failures(count: number, from = fresh, at = now): AttemptCounts {
  let counts = from;
  for (let n = 0; n < count; n += 1) counts = wrongAt(counts, at);
  return counts;
}

/** Wrong codes with a right one after each: no run of failures, no backoff. */
function slowly(count: number, { from = fresh, at = now, every = ms('1h'), compared = 3 } = {}): AttemptCounts {
  let counts = from;
  for (let n = 0; n < count; n += 1) counts = afterSuccess(wrongAt(counts, at + n * every, compared));
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
    const next = retryAt(failures(count), limits, now);
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
    expect(wrongAt(counts, now).nextAttemptAt).toBe(now + ms('1h'));
  });

  it('keep counting after the wait: it does not start from the beginning', () => {
    const five = failures(5);
    const sixth = wrongAt(five, retryAt(five, limits, now));
    expect(retryAt(sixth, limits, now)).toBe(now + ms('30s') + ms('1m'));
  });

  it('are forgotten after a right one, so the next mistake costs no wait', () => {
    const again = wrongAt(afterSuccess(failures(4)), now);
    expect(again.failures).toBe(1);
    expect(retryAt(again, limits, now)).toBeLessThanOrEqual(now);
  });

  it('hold up nobody any more once a right one was committed', () => {
    expect(retryAt(afterSuccess(failures(7)), limits, now)).toBeLessThanOrEqual(now);
  });

  it('change nothing in the counts they were computed from', () => {
    const counts = Object.freeze({ ...fresh });
    expect(wrongAt(counts, now)).not.toBe(counts);
    expect(counts).toEqual(fresh);
  });

  it('hold up nobody whose wait was begun by a clock that was a year ahead', () => {
    expect(retryAt(failures(5, fresh, now + ms('365d')), limits, now)).toBeLessThanOrEqual(now);
    expect(retryAt(failures(5), limits, now - ms('1m'))).toBe(now + ms('30s'));
    expect(retryAt({ ...fresh, nextAttemptAt: now + ms('1h') }, limits, now)).toBe(now + ms('1h'));
  });
});

describe('a hundred wrong codes in thirty days', () => {
  it('suspend the account even where a right one came between each', () => {
    const then = now + ms('100h');
    expect(retryAt(slowly(99), limits, then)).toBeLessThanOrEqual(then);
    expect(retryAt(slowly(100), limits, then)).toBe(now + ms('30d'));
  });

  it('suspend it until enough of them are thirty days old', () => {
    const counts = slowly(10, { from: slowly(90), at: now + ms('20d') });
    expect(counts).toMatchObject({ windowFailures: 100, windowStart: now });
    expect(retryAt(counts, limits, now + ms('30d') - 1)).toBe(now + ms('30d'));
    expect(retryAt(counts, limits, now + ms('30d'))).toBeLessThanOrEqual(now + ms('30d'));
  });

  it('slide out by days, the oldest first: what is younger counts on', () => {
    const counts = slowly(60, { from: slowly(40, { every: 0 }), at: now + ms('10d'), every: 0 });
    const later = wrongAt(counts, now + ms('30d'));
    expect(later).toMatchObject({ windowFailures: 61, windowStart: now + ms('10d') });
    expect(retryAt(slowly(40, { from: counts, at: now + ms('30d'), every: 0 }), limits, now + ms('30d'))).toBe(
      now + ms('40d'),
    );
  });

  it('cannot be had twice by straddling the window: one, ninety-eight at its end, a hundred after it', () => {
    const end = now + ms('30d');
    const late = slowly(98, { from: slowly(1), at: end - ms('1h'), every: 0 });
    expect(retryAt(late, limits, end)).toBeLessThanOrEqual(end);
    const two = slowly(2, { from: late, at: end, every: 0 });
    expect(retryAt(two, limits, end)).toBe(now + ms('59d'));
  });

  it('are forgotten when all of them are older: the first failure after that begins anew', () => {
    const counts = wrongAt(slowly(100), now + ms('61d'));
    expect(counts).toMatchObject({
      windowFailures: 1,
      windowStart: now + ms('61d'),
      failureDays: `${now + ms('61d')}:3`,
    });
  });

  it('do not shorten a backoff', () => {
    const counts = { ...slowly(100), nextAttemptAt: now + ms('30d') + ms('1m') };
    expect(retryAt(counts, limits, now + ms('30d') - 1)).toBe(now + ms('30d') + ms('1m'));
  });

  it('begin at the first failure, not at zero', () => {
    expect(failures(1)).toMatchObject({ windowFailures: 1, windowStart: now });
  });

  it('count on where the clock was set back by an hour', () => {
    expect(wrongAt(failures(3), now - ms('1h')).windowFailures).toBe(4);
  });

  it('are none where a clock that was a year ahead counted them', () => {
    const ahead = slowly(100, { at: now + ms('365d'), every: 0 });
    expect(retryAt(ahead, limits, now)).toBeLessThanOrEqual(now);
    expect(wrongAt(ahead, now)).toMatchObject({ windowFailures: 1, windowStart: now });
  });

  it('fit into their column, whatever the days', () => {
    const wide = { ...limits, suspensionWindow: ms('90d') };
    let counts = fresh;
    for (let day = 0; day < 400; day += 1)
      counts = afterSuccess(afterFailure(counts, wide, { at: now + day * ms('25h'), compared: 60 }));
    expect(counts.failureDays.length).toBeLessThan(512);
  });

  it('are an error where the row is damaged, never none', () => {
    for (const failureDays of ['?', '1', '1:', '1:a', '1:1,', '-1:1', '1:1;2', ' 1:1', '1e3:1']) {
      expect(() => retryAt({ ...fresh, windowFailures: 1, failureDays }, limits, now), failureDays).toThrow(
        'not kept as days',
      );
    }
  });
});

describe('a guess', () => {
  it('is one failure in a row, however many codes it was compared with', () => {
    expect(wrongAt(fresh, now, 27)).toMatchObject({ failures: 1, windowFailures: 9 });
  });

  it('counts in the window as often as it was compared: five apps, e-mail, SMS and the window 2 suspend after twelve', () => {
    const free = (count: number): boolean => retryAt(slowly(count, { compared: 27, every: 0 }), limits, now) <= now;
    expect([free(11), free(12)]).toEqual([true, false]);
  });

  it('counts as one at the least, so that there are never more than a hundred', () => {
    expect(wrongAt(fresh, now, 0)).toMatchObject({ windowFailures: 1 });
    expect(retryAt(slowly(100, { compared: 1, every: 0 }), limits, now)).toBe(now + ms('30d'));
  });

  it('that was right after all is taken back on the day on which it was charged', () => {
    const before = slowly(7);
    const charged = wrongAt(before, now + ms('3d'));
    expect(afterTakenBack(charged, limits, { at: now + ms('3d'), compared: 3 })).toEqual(before);
    const more = wrongAt(charged, now + ms('3d'), 27);
    expect(afterTakenBack(more, limits, { at: now + ms('3d'), compared: 3 })).toMatchObject({
      failures: 0,
      windowFailures: 16,
    });
  });

  it('that is taken back never takes the counts below none', () => {
    expect(afterTakenBack(fresh, limits, { at: now, compared: 3 })).toEqual(fresh);
    expect(afterTakenBack(failures(1), limits, { at: now + ms('1d'), compared: 27 })).toEqual(fresh);
  });
});

describe('what version 0.1 has counted', () => {
  const old = { ...fresh, windowFailures: 100, windowStart: now };

  it('suspends as it did', () => {
    expect(retryAt(old, limits, now + ms('1d'))).toBe(now + ms('30d'));
    expect(retryAt(old, limits, now + ms('30d'))).toBeLessThanOrEqual(now + ms('30d'));
  });

  it('is counted on', () => {
    expect(wrongAt({ ...old, windowFailures: 60 }, now + ms('2d'))).toMatchObject({
      windowFailures: 61,
      windowStart: now,
      failureDays: `${now}:180,0,3`,
    });
  });

  it('beside a new process is counted with the newest day', () => {
    const both = { ...slowly(2, { every: ms('1d') }), windowFailures: 5 };
    expect(wrongAt(both, now + ms('1d'))).toMatchObject({ windowFailures: 6, failureDays: `${now}:3,15` });
  });

  it('is none where it has freed the account', () => {
    expect(retryAt({ ...slowly(100), windowFailures: 0, windowStart: 0 }, limits, now)).toBeLessThanOrEqual(now);
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

  const times = (count: number, every: number, from = now): number[] =>
    Array.from({ length: count }, (_, n) => from + n * every);

  it('are five an hour', () => {
    expect(send(times(5, 1000))).toMatchObject({ hourCount: 5, dayCount: 5 });
    expect(send(times(6, 1000))).toEqual({ retryAt: now + ms('1h') });
    expect(send(times(20, 1000))).toEqual({ retryAt: now + ms('1h') });
  });

  it('may go on to the millisecond when the hour is over', () => {
    expect(send([...times(5, 1000), now + ms('1h') - 1])).toEqual({ retryAt: now + ms('1h') });
    expect(send([...times(5, 1000), now + ms('1h')])).toMatchObject({
      hourStart: now + ms('1h'),
      hourCount: 1,
      dayCount: 6,
    });
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

  it('are not held up by a clock that was a year ahead, which is not where two servers differ by seconds', () => {
    const ahead = { hourStart: now + ms('365d'), hourCount: 5, dayStart: now + ms('365d'), dayCount: 10 };
    expect(afterSend(ahead, sending, now)).toEqual({ hourStart: now, hourCount: 1, dayStart: now, dayCount: 1 });
    expect(afterSend({ ...ahead, hourStart: now + 1000, dayStart: now + 1000 }, sending, now)).toHaveProperty(
      'retryAt',
    );
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
