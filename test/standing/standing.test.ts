import { describe, expect, it } from 'vitest';
import {
  acrOf,
  amrOf,
  isRecent,
  secondFactorAt,
  withFactor,
  type FactorMethod,
  type Standing,
} from '../../lib/standing/standing.js';

const now = Date.UTC(2026, 0, 1);
const standing = (...methods: FactorMethod[]): Standing => ({
  userKey: 'alice',
  epoch: 3,
  at: now,
  factors: methods.map((method, index) => ({ method, at: now + index })),
});

describe('what a login stands for', () => {
  it.each<[FactorMethod[], string[], string]>([
    [[], [], 'aal1'],
    [['password'], ['pwd'], 'aal1'],
    [['totp'], ['otp'], 'aal2'],
    [['password', 'totp'], ['pwd', 'otp', 'mfa'], 'aal2'],
    [['password', 'sms'], ['pwd', 'sms', 'mfa'], 'aal2'],
    [['password', 'backup_code'], ['pwd', 'backup_code', 'mfa'], 'aal2'],
    [['password', 'email'], ['pwd', 'email', 'mfa'], 'aal1'],
    [['email'], ['email'], 'aal1'],
    [['password', 'email', 'totp'], ['pwd', 'email', 'otp', 'mfa'], 'aal2'],
  ])('by %j has the amr %j and the acr %s', (methods, amr, acr) => {
    expect(amrOf(standing(...methods))).toEqual(amr);
    expect(acrOf(standing(...methods))).toBe(acr);
  });

  it('is as old as its newest second factor; a password makes it no younger', () => {
    expect(secondFactorAt(standing())).toBe(0);
    expect(secondFactorAt(standing('password'))).toBe(0);
    expect(secondFactorAt(standing('totp', 'email', 'password'))).toBe(now + 1);
  });

  it('keeps the newest proof of each method', () => {
    const again = withFactor(standing('password', 'totp'), { method: 'totp', at: now + 60_000 });
    expect(again).toEqual({
      ...standing(),
      at: now + 60_000,
      factors: [
        { method: 'password', at: now },
        { method: 'totp', at: now + 60_000 },
      ],
    });
  });

  it('is recent to the millisecond, and no younger for a clock that runs ahead', () => {
    expect(isRecent(now - 5000, now, 5000)).toBe(true);
    expect(isRecent(now - 5001, now, 5000)).toBe(false);
    expect(isRecent(now + 5000, now, 5000)).toBe(true);
    expect(isRecent(now + 5001, now, 5000)).toBe(false);
  });
});
