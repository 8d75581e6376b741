import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { afterFailure, afterSuccess, retryAt, type AttemptCounts } from '../../lib/core/throttle.js';
import { readOptions } from '../../lib/settings.js';
import { project } from '../docs/markdown.js';

const day = 86_400_000;
const { attemptLimits: limits } = readOptions({
  db: {},
  keys: '',
  users: { id: String, find: () => null },
  twoFactor: { issuer: 'MyApp' },
});

/** Of six digits, one in a million is right. A guess is compared with so many of them. */
const factors = { 'one app': 3, 'two apps and e-mail': 7, 'five apps, e-mail, SMS and the window 2': 27 };

/**
 * An attacker who knows the password guesses for a year at every moment at which a code is looked at.
 * @param ownerComesBy the user logs in after each guess, so that there is no backoff at all
 */
function year(compared: number, ownerComesBy: boolean): { guesses: number; most: number; odds: number } {
  const begin = Date.UTC(2026, 0, 1);
  let counts: AttemptCounts = { failures: 0, windowFailures: 0, windowStart: 0, nextAttemptAt: 0, failureDays: '' };
  const times: number[] = [];
  // A code more each second at the fastest: what the network lets through.
  for (let now = begin; now < begin + 365 * day; now = Math.max(now + 1000, retryAt(counts, limits, now))) {
    counts = afterFailure(counts, limits, { at: now, compared });
    if (ownerComesBy) counts = afterSuccess(counts);
    times.push(now);
  }
  const within = (from: number): number =>
    times.filter((at) => at >= from && at < from + limits.suspensionWindow - day).length;
  return {
    guesses: times.length,
    most: Math.max(...times.map(within)),
    odds: 1 - (1 - 1e-6) ** (times.length * compared),
  };
}

const percent = (odds: number): string => `${(odds * 100).toFixed(2)} %`;

describe('the odds of guessing codes with the password, at every allowed moment for a year', () => {
  it.each(Object.entries(factors))('are below half a percent for a user with %s', (_name, compared) => {
    for (const ownerComesBy of [false, true]) expect(year(compared, ownerComesBy).odds).toBeLessThan(0.005);
  });

  it('do not multiply with the factors', () => {
    const odds = Object.values(factors).map((compared) => year(compared, true).odds);
    expect(Math.max(...odds) / Math.min(...odds)).toBeLessThan(1.15);
  });

  it('are made of a hundred guesses a month at the most, wherever the month begins', () => {
    for (const compared of [0, 1, 3]) expect(year(compared, true).most).toBe(100);
    expect(year(27, true).most).toBe(12);
  });

  it('are what SECURITY.md says', () => {
    const text = readFileSync(join(project, 'SECURITY.md'), 'utf8').replace(/\s+/g, ' ');
    const [one, , many] = Object.values(factors).map((compared) => percent(year(compared, true).odds));
    expect(text).toContain(
      `${one!} in a year for a user with one app, ${many!} with five apps, e-mail, SMS and \`totpWindow: 2\``,
    );
  });
});
