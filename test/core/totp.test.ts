import { randomBytes } from 'node:crypto';
import speakeasy from 'speakeasy';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  defaultTotpParameters,
  generateTotpSecret,
  matchTotp,
  timeStep,
  totpAt,
  type TotpParameters,
} from '../../lib/core/totp.js';

const now = Date.UTC(2026, 0, 1, 12, 0, 10);
const secret = Buffer.from('12345678901234567890');
const step = timeStep(now, 30);
const codeAt = (offset: number, parameters = defaultTotpParameters): string =>
  totpAt(secret, step + offset, parameters);
const match = (code: string, window = 1, after = 0): number | undefined =>
  matchTotp(secret, code, { parameters: defaultTotpParameters, now, window, after });

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a TOTP code', () => {
  it('is six digits, 30 seconds and SHA-1 unless told otherwise, which every authenticator app reads', () => {
    expect(defaultTotpParameters).toEqual({ algorithm: 'sha1', digits: 6, period: 30 });
    expect(codeAt(0)).toMatch(/^\d{6}$/);
  });

  it.each([
    [0, [0]],
    [1, [-1, 0, 1]],
    [2, [-2, -1, 0, 1, 2]],
  ])('with a window of %i is right for the steps %j and no others', (window, right) => {
    for (const offset of [-4, -3, -2, -1, 0, 1, 2, 3, 4]) {
      expect(match(codeAt(offset), window)).toBe(right.includes(offset) ? step + offset : undefined);
    }
  });

  it('changes on the second: the step is the whole thirty seconds', () => {
    expect(timeStep(0, 30)).toBe(0);
    expect(timeStep(29_999, 30)).toBe(0);
    expect(timeStep(30_000, 30)).toBe(1);
    expect(timeStep(59_999, 60)).toBe(0);
  });

  it('that was used is wrong, and so is every older one', () => {
    expect(match(codeAt(0), 1, step - 1)).toBe(step);
    expect(match(codeAt(0), 1, step)).toBeUndefined();
    expect(match(codeAt(-1), 1, step)).toBeUndefined();
    expect(match(codeAt(1), 1, step)).toBe(step + 1);
    expect(match(codeAt(1), 1, step + 1)).toBeUndefined();
  });

  it('used ahead of time spends the present one too', () => {
    const used = match(codeAt(1))!;
    expect(match(codeAt(0), 1, used)).toBeUndefined();
  });

  it('of another secret is wrong', () => {
    const other = totpAt(randomBytes(20), step, defaultTotpParameters);
    // One in 300 000 other secrets has a code of this window.
    if ([-1, 0, 1].every((offset) => codeAt(offset) !== other)) expect(match(other)).toBeUndefined();
  });

  it.each(['', ' ', '0', '12345', '1234567', '０１２３４５', 'abcdef', '\0\0\0\0\0\0', '9'.repeat(1000)])(
    'is never "%s"',
    (code) => {
      expect(match(code)).toBeUndefined();
    },
  );

  it('must be the whole of it: no prefix, suffix, sign or space is overlooked', () => {
    const code = codeAt(0);
    for (const text of [
      code.slice(0, 5),
      `${code}0`,
      ` ${code}`,
      `${code} `,
      `+${code}`,
      `0${code}`,
      `${code}e0`,
      `${code}.0`,
      `${code}\n`,
    ]) {
      expect(match(text)).toBeUndefined();
    }
  });

  it('with leading zeros is compared as text', () => {
    let zero = 0;
    while (!totpAt(secret, zero, defaultTotpParameters).startsWith('0')) zero += 1;
    const code = totpAt(secret, zero, defaultTotpParameters);
    const at = { now: zero * 30_000, window: 0, after: -1 };
    expect(matchTotp(secret, code, { parameters: defaultTotpParameters, ...at })).toBe(zero);
    expect(matchTotp(secret, String(Number(code)), { parameters: defaultTotpParameters, ...at })).toBeUndefined();
  });

  it('that two steps of the window share is used up for both', () => {
    const oneDigit: TotpParameters = { algorithm: 'sha1', digits: 1, period: 30 };
    let first = 0;
    while (totpAt(secret, first, oneDigit) !== totpAt(secret, first + 1, oneDigit)) first += 1;
    const code = totpAt(secret, first, oneDigit);
    const at = (after: number) => ({ now: first * 30_000, window: 1, after });
    const used = matchTotp(secret, code, { parameters: oneDigit, ...at(-1) });
    expect(used).toBe(first + 1);
    expect(matchTotp(secret, code, { parameters: oneDigit, ...at(used!) })).toBeUndefined();
  });

  it('before the first step of all is not asked for', () => {
    const at = { now: 0, window: 2, after: -9 };
    expect(
      matchTotp(secret, totpAt(secret, 0, defaultTotpParameters), { parameters: defaultTotpParameters, ...at }),
    ).toBe(0);
    expect(
      matchTotp(secret, totpAt(secret, -1, defaultTotpParameters), { parameters: defaultTotpParameters, ...at }),
    ).toBeUndefined();
  });

  it('follows the parameters of its row', () => {
    const parameters: TotpParameters = { algorithm: 'sha256', digits: 8, period: 60 };
    const code = totpAt(secret, timeStep(now, 60), parameters);
    expect(code).toMatch(/^\d{8}$/);
    expect(matchTotp(secret, code, { parameters, now, window: 0, after: 0 })).toBe(timeStep(now, 60));
    expect(
      matchTotp(secret, code, { parameters: { ...parameters, algorithm: 'sha512' }, now, window: 0, after: 0 }),
    ).toBeUndefined();
  });
});

describe('the work of looking at a code', () => {
  it('is the same for right, early, late, spent, wrong and misshapen ones', () => {
    const computed = vi.spyOn(speakeasy, 'hotp');
    const work = (code: string, after = 0): number => {
      computed.mockClear();
      match(code, 1, after);
      return computed.mock.calls.length;
    };
    const codes = [codeAt(-1), codeAt(0), codeAt(1), '000000', '12345', ''];
    expect(codes.map((code) => work(code))).toEqual(codes.map(() => 3));
    expect(codes.map((code) => work(code, step + 9))).toEqual(codes.map(() => 3));
  });
});

describe('TOTP secrets', () => {
  it('are 160 bits each and never the same (ten thousand of them)', () => {
    const secrets = Array.from({ length: 10_000 }, generateTotpSecret);
    expect(secrets.every((bytes) => bytes.length === 20)).toBe(true);
    expect(new Set(secrets.map((bytes) => bytes.toString('hex'))).size).toBe(secrets.length);
  });

  it('have no bit that is set more or less often than by chance', () => {
    const count = 10_000;
    const ones = new Array<number>(160).fill(0);
    for (let n = 0; n < count; n += 1) {
      const bytes = generateTotpSecret();
      for (let bit = 0; bit < 160; bit += 1) ones[bit]! += (bytes[bit >> 3]! >> (bit & 7)) & 1;
    }
    // Seven standard deviations: a false alarm for any of the 160 bits once in 10^9 runs at most.
    for (const set of ones) expect(Math.abs(set - count / 2)).toBeLessThan((7 * Math.sqrt(count)) / 2);
  });
});
