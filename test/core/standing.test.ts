import { describe, expect, it } from 'vitest';
import {
  acrOf,
  amrOf,
  claimsFrom,
  isRecent,
  secondFactorAt,
  standingIn,
  withFactor,
  type FactorMethod,
  type Standing,
} from '../../lib/core/standing.js';

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

  it('is recent to the millisecond, and not in the future but for what clocks may differ by', () => {
    expect(isRecent(now - 60_000, now, 60_000)).toBe(true);
    expect(isRecent(now - 60_001, now, 60_000)).toBe(false);
    expect(isRecent(now + 10_000, now, 60_000)).toBe(true);
    expect(isRecent(now + 10_001, now, 60_000)).toBe(false);
    expect(isRecent(now + 1000, now, 1000)).toBe(true);
    expect(isRecent(now + 1001, now, 1000)).toBe(false);
  });
});

describe('the claims of a login', () => {
  it('tell how and when the user was authenticated, and are read again as they were', () => {
    const login = { ...standing('password', 'totp'), at: now + 1999 };
    const claims = claimsFrom(login);
    expect(claims).toEqual({
      amr: ['pwd', 'otp', 'mfa'],
      acr: 'aal2',
      auth_time: now / 1000 + 1,
      two_factor: { user: 'alice', epoch: 3, at: now + 1999, factors: login.factors },
    });
    expect(standingIn({ sub: '1', iat: 1, ...(JSON.parse(JSON.stringify(claims)) as object) })).toEqual(login);
  });

  it('of a login that skipped a factor stand for nothing', () => {
    const claims = claimsFrom(undefined);
    expect(claims).toEqual({ amr: [], acr: 'aal1' });
    expect(standingIn(claims)).toBeUndefined();
  });

  it.each([
    [{}],
    [{ two_factor: null }],
    [{ two_factor: 'alice' }],
    [{ two_factor: [] }],
    [{ two_factor: { user: ['alice'], epoch: 3, at: now, factors: [] } }],
    [{ two_factor: { user: 'alice', epoch: '3', at: now, factors: [] } }],
    [{ two_factor: { user: 'alice', epoch: 3, at: now, factors: {} } }],
    [{ two_factor: { user: 'alice', epoch: 3, at: now, factors: [{ method: 'otp', at: now }] } }],
    [{ two_factor: { userKey: 'alice', epoch: 3, at: now, factors: [] } }],
  ])('%j stands for nothing', (payload) => {
    expect(standingIn(payload)).toBeUndefined();
  });
});
