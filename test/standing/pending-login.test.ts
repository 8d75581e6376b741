import { describe, expect, it } from 'vitest';
import type { PendingLogin } from '../../lib/service/login-challenge.js';
import { noteSent, pendingToken, pendingView, resendAt, storePending } from '../../lib/standing/pending-login.js';
import { boundTo, requestWith } from './session.js';

const now = Date.UTC(2026, 0, 1);
const pending = {
  token: 'token',
  methods: { totp: true, email: 'a***@b.co' },
  expiresAt: now + 60_000,
  resendAfter: { email: 30, sms: null },
  spent: {},
} as unknown as PendingLogin;
const state = {
  token: 'token',
  methods: { totp: true, email: 'a***@b.co' },
  expiresAt: now + 60_000,
  resendAt: { email: now + 30_000, sms: null },
};

describe('a halted login', () => {
  it('has a session of its own, with what the app keeps and nobody logged in, saved before the answer', async () => {
    const { req, saved } = requestWith({ cart: 1, role: 'admin', passport: { user: 1 }, twoFactor: { stepUp: 'old' } });
    req.user = { id: 1 };
    const old = req.session;
    // Not even an app that keeps everything keeps the user who was logged in before.
    await storePending(req, pending, { now, keep: (key) => key !== 'role' });
    expect(req.session).not.toBe(old);
    expect(req.user).toBeUndefined();
    expect(saved).toEqual([{ cookie: { maxAge: null }, cart: 1, twoFactor: { session: boundTo(2), pending: state } }]);
  });

  it('is none where it could not be saved', async () => {
    await expect(
      storePending(requestWith({}, { save: new Error('down') }).req, pending, { now, keep: () => true }),
    ).rejects.toThrow('down');
  });

  it.each([undefined, 42, null, { toString: () => 'token' }])('has no token where that is %s', (token) => {
    expect(pendingToken(requestWith({ twoFactor: { pending: { ...state, token } } }).req)).toBeUndefined();
  });

  it('is found by its token', () => {
    expect(pendingToken(requestWith({ twoFactor: { pending: state } }).req)).toBe('token');
    expect(pendingToken(requestWith().req)).toBeUndefined();
  });
});

describe('what a page may show of it', () => {
  const view = (at: number, given: object = state) =>
    pendingView(requestWith({ twoFactor: { pending: given } }).req, at);

  it('is what it can be finished with, until when, and when another code may be asked for', () => {
    expect(view(now)).toEqual({ methods: state.methods, expiresAt: state.expiresAt });
    expect(view(now)?.codes).toEqual({ email: { resendAfter: 30 }, sms: { resendAfter: null } });
    expect(view(now + 1)?.codes.email).toEqual({ resendAfter: 30 });
    expect(view(now + 29_999)?.codes.email).toEqual({ resendAfter: 1 });
    expect(view(now + 30_000)?.codes.email).toEqual({ resendAfter: 0 });
    expect(view(now + 45_000)?.codes.email).toEqual({ resendAfter: 0 });
  });

  it('holds no more for a client than how it is finished and until when', () => {
    expect(Object.keys(view(now)!)).toEqual(['methods', 'expiresAt']);
  });

  it('is nothing once it is over, or where there is none', () => {
    expect(view(state.expiresAt - 1)).toBeDefined();
    expect(view(state.expiresAt)).toBeUndefined();
    expect(view(now, { ...state, expiresAt: undefined })).toBeUndefined();
    expect(pendingView(requestWith().req, now)).toBeUndefined();
  });
});

describe('a code that was sent for it', () => {
  it('is noted for the pages, beside those of other methods', async () => {
    const { req, saved } = requestWith({ twoFactor: { stepUp: 'kept', pending: state } });
    await noteSent(req, 'sms', resendAt(60, now));
    expect(saved).toMatchObject([
      { twoFactor: { stepUp: 'kept', pending: { ...state, resendAt: { email: now + 30_000, sms: now + 60_000 } } } },
    ]);
    await noteSent(req, 'email', resendAt(null, now));
    expect(saved.at(-1)).toMatchObject({ twoFactor: { pending: { resendAt: { email: null, sms: now + 60_000 } } } });
  });

  it('is not noted where no login is pending', async () => {
    const { req, saved } = requestWith();
    await noteSent(req, 'email', now);
    expect(saved).toEqual([]);
    expect(req.session).not.toHaveProperty('twoFactor');
  });
});
