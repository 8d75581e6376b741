import { describe, expect, it } from 'vitest';
import {
  carryOver,
  elevate,
  passkeyToken,
  provedBy,
  standingOf,
  stepUpToken,
  storePasskeyToken,
  storeStepUp,
} from '../../lib/standing/request-standing.js';
import type { Standing } from '../../lib/core/standing.js';
import { boundTo, requestWith } from './session.js';

const now = Date.UTC(2026, 0, 1);
const alice: Standing = { userKey: 'alice', epoch: 3, at: now, factors: [{ method: 'totp', at: now }] };

describe('what a session stands for', () => {
  it('is a second factor of that user, at that time, under that epoch', () => {
    const { req } = requestWith({ twoFactor: { standing: alice } });
    expect(standingOf(req, 'alice', 3)).toEqual(alice);
  });

  it('is nothing for another user, after a change of factors, or before any login', () => {
    const { req } = requestWith({ twoFactor: { standing: alice } });
    expect(standingOf(req, 'bob', 3)).toBeUndefined();
    expect(standingOf(req, 'alice', 2)).toBeUndefined();
    expect(standingOf(req, 'alice', 4)).toBeUndefined();
    expect(standingOf(requestWith().req, 'alice', 3)).toBeUndefined();
    expect(standingOf({}, 'alice', 3)).toBeUndefined();
  });

  it('is nothing where a session of version 0.1 says so, or where what it says is no standing', () => {
    const old = { userKey: 'alice', at: now, epoch: 3, secondFactorAt: now };
    for (const twoFactor of [
      { authentication: old },
      { standing: old },
      { standing: { ...alice, factors: [{ method: 'magic', at: now }] } },
      { standing: { ...alice, factors: [{ method: 'toString', at: now }] } },
      { standing: { ...alice, factors: [{ method: 'totp', at: '1' }] } },
      { standing: { ...alice, factors: [null] } },
      { standing: { ...alice, at: undefined } },
      { standing: 'alice' },
      { standing: null },
    ])
      expect(standingOf(requestWith({ twoFactor }).req, 'alice', 3)).toBeUndefined();
  });

  it('grows by what is proved, and begins anew for another user or epoch', () => {
    const { req } = requestWith({ twoFactor: { standing: alice } });
    const email = { method: 'email', at: now + 1 } as const;
    expect(provedBy(req, alice, email)).toEqual({ ...alice, at: now + 1, factors: [...alice.factors, email] });
    for (const whose of [
      { userKey: 'bob', epoch: 3 },
      { userKey: 'alice', epoch: 4 },
    ])
      expect(provedBy(req, whose, email)).toEqual({ ...whose, at: now + 1, factors: [email] });
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
        twoFactor: { session: boundTo(2), standing: alice },
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
    expect(saved).toMatchObject([{ twoFactor: { standing: alice } }]);
  });

  it('fails where it cannot be saved', async () => {
    await expect(elevate(requestWith({}, { save: new Error('down') }).req, alice)).rejects.toThrow('down');
  });
});

describe('a change of factors', () => {
  it('leaves the session that made it as it stood, at the new epoch', async () => {
    const { req, saved } = requestWith({
      cart: 1,
      twoFactor: { stepUp: 'token', standing: { ...alice, factors: [] } },
    });
    await carryOver(req, 'alice', { from: 3, to: 4 });
    expect(saved).toMatchObject([
      { cart: 1, twoFactor: { stepUp: 'token', standing: { ...alice, factors: [], epoch: 4 } } },
    ]);
  });

  it.each([
    ['bob', 3],
    ['alice', 2],
  ])('gives nothing to a session of %s at epoch %i', async (userKey, from) => {
    const { req, saved } = requestWith({ twoFactor: { standing: alice } });
    await carryOver(req, userKey, { from, to: 4 });
    expect(saved).toEqual([]);
    expect(req.session.twoFactor).toEqual({ session: boundTo(1), standing: alice });
  });
});

describe.each([
  ['a step-up', 'stepUp', storeStepUp, stepUpToken],
  ['a login by a passkey', 'passkey', storePasskeyToken, passkeyToken],
] as const)('the token of %s', (_what, name, store, token) => {
  it('is kept in the session, beside what that stands for', async () => {
    const { req, saved } = requestWith({ twoFactor: { standing: alice } });
    expect(token(req)).toBeUndefined();
    await store(req, 'token');
    expect(token(req)).toBe('token');
    expect(saved).toMatchObject([{ twoFactor: { standing: alice, [name]: 'token' } }]);
  });

  it('does not bring back a login that was ended while its request ran', async () => {
    const { req, saved } = requestWith({ passport: { user: 1 } });
    req.user = { id: 1 };
    req.sessionStore = {
      get: (_id: string, done: (error: null, session: null) => void) => {
        done(null, null);
      },
    };
    await expect(store(req, 'token')).rejects.toMatchObject({ code: 'NOT_LOGGED_IN' });
    expect(req.user).toBeUndefined();
    expect(saved).toEqual([]);
  });

  it.each([[7], [null], [{}], [['token']]])('is none where the store brings back %j', (kept) => {
    expect(token(requestWith({ twoFactor: { [name]: kept } }).req)).toBeUndefined();
  });
});
