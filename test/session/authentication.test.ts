import { describe, expect, it } from 'vitest';
import {
  authenticationOf,
  carryOver,
  elevate,
  isRecent,
  secondFactorVerified,
  stepUpToken,
  storeStepUp,
} from '../../lib/session/authentication.js';
import { boundTo, requestWith } from './session.js';

const now = Date.UTC(2026, 0, 1);
const alice = secondFactorVerified('alice', 3, now);

describe('what a session stands for', () => {
  it('is a second factor of that user, at that time, under that epoch', () => {
    expect(alice).toEqual({ userKey: 'alice', at: now, epoch: 3, secondFactorAt: now });
    const { req } = requestWith({ twoFactor: { authentication: alice } });
    expect(authenticationOf(req, 'alice', 3)).toEqual(alice);
  });

  it('is nothing for another user, after a change of factors, or before any login', () => {
    const { req } = requestWith({ twoFactor: { authentication: alice } });
    expect(authenticationOf(req, 'bob', 3)).toBeUndefined();
    expect(authenticationOf(req, 'alice', 2)).toBeUndefined();
    expect(authenticationOf(req, 'alice', 4)).toBeUndefined();
    expect(authenticationOf(requestWith().req, 'alice', 3)).toBeUndefined();
    expect(authenticationOf({}, 'alice', 3)).toBeUndefined();
  });

  it('is recent to the millisecond, and no younger for a clock that runs ahead', () => {
    expect(isRecent(now - 5000, now, 5000)).toBe(true);
    expect(isRecent(now - 5001, now, 5000)).toBe(false);
    expect(isRecent(now + 5000, now, 5000)).toBe(true);
    expect(isRecent(now + 5001, now, 5000)).toBe(false);
  });
});

describe('raising what a session stands for', () => {
  it('gives it another id, keeps its data and is saved', async () => {
    const { req, saved } = requestWith({ cart: 1, passport: { user: 1 }, twoFactor: { stepUp: 'token' } });
    const old = req.session;
    await elevate(req, alice);
    expect(req.session).not.toBe(old);
    expect(saved).toEqual([
      {
        cookie: { maxAge: null },
        cart: 1,
        passport: { user: 1 },
        twoFactor: { session: boundTo(2), authentication: alice },
      },
    ]);
  });

  it('leaves a remembered session what is left of its life', async () => {
    const { req, saved } = requestWith();
    req.session.cookie!.maxAge = 86_400_000;
    await elevate(req, alice);
    expect(saved).toMatchObject([{ cookie: { maxAge: 86_400_000 } }]);
  });

  it('lets a session that ends with the browser still do so, where others last longer', async () => {
    const { req, saved } = requestWith({}, { maxAge: 86_400_000 });
    req.session.cookie!.maxAge = null;
    await elevate(req, alice);
    expect(saved).toMatchObject([{ cookie: { maxAge: null } }]);
  });

  it('works with a session that has no cookie', async () => {
    const { req, saved } = requestWith();
    delete req.session.cookie;
    await elevate(req, alice);
    expect(saved).toMatchObject([{ twoFactor: { authentication: alice } }]);
  });

  it('fails where it cannot be saved', async () => {
    await expect(elevate(requestWith({}, { save: new Error('down') }).req, alice)).rejects.toThrow('down');
  });
});

describe('a change of factors', () => {
  it('leaves the session that made it as it stood, at the new epoch', async () => {
    const { req, saved } = requestWith({
      cart: 1,
      twoFactor: { stepUp: 'token', authentication: { ...alice, secondFactorAt: 0 } },
    });
    await carryOver(req, 'alice', 3, 4);
    expect(saved).toMatchObject([
      { cart: 1, twoFactor: { stepUp: 'token', authentication: { ...alice, secondFactorAt: 0, epoch: 4 } } },
    ]);
  });

  it.each([
    ['bob', 3],
    ['alice', 2],
  ])('gives nothing to a session of %s at epoch %i', async (userKey, from) => {
    const { req, saved } = requestWith({ twoFactor: { authentication: alice } });
    await carryOver(req, userKey, from, 4);
    expect(saved).toEqual([]);
    expect(req.session.twoFactor).toEqual({ session: boundTo(1), authentication: alice });
  });
});

describe('the token of a step-up', () => {
  it('is kept in the session, beside what that stands for', async () => {
    const { req, saved } = requestWith({ twoFactor: { authentication: alice } });
    expect(stepUpToken(req)).toBeUndefined();
    await storeStepUp(req, 'token');
    expect(stepUpToken(req)).toBe('token');
    expect(saved).toMatchObject([{ twoFactor: { authentication: alice, stepUp: 'token' } }]);
  });
});
