import { describe, expect, it } from 'vitest';
import {
  hasSession, passportKey, regenerate, save, sessionOf, setState, setUser, stateOf, userOf, type Session, type SessionRequest,
} from '../../lib/session/session.js';
import { requestWith } from './session.js';

const nothing = (): void => undefined;
const sessionIn = (req: SessionRequest): Session => req.session as Session;

describe('the session of a request', () => {
  it.each([undefined, null])('is none where it is %s, as in an app that works by tokens', (session) => {
    expect(hasSession({ session })).toBe(false);
    expect(stateOf({ session })).toEqual({});
    expect(() => sessionOf({ session })).toThrow(/^There is no req\.session: mount express-session before Passport/);
  });

  it.each([
    ["cookie-session's, which is data alone", {}],
    ['one that cannot be regenerated', { save: nothing }],
    ['one that cannot be saved', { regenerate: nothing }],
    ['one whose methods are no functions', { regenerate: true, save: true }],
  ])('is an error where it is %s, never "no session"', (_what, session) => {
    for (const use of [hasSession, stateOf, sessionOf]) expect(() => use({ session })).toThrow(/use express-session with a store/);
  });

  it('is the one that the request has', () => {
    const { req } = requestWith();
    expect(hasSession(req)).toBe(true);
    expect(sessionOf(req)).toBe(req.session);
  });

  it.each([null, 'text', 1, true])('stands for nothing where what lies in our place is %j', (twoFactor) => {
    expect(stateOf(requestWith({ twoFactor }).req)).toEqual({});
  });

  it('holds what was put there until it is taken away', () => {
    const { req } = requestWith({ cart: 1 });
    setState(sessionIn(req), { stepUp: 'token' });
    expect(req.session).toMatchObject({ cart: 1, twoFactor: { stepUp: 'token' } });
    expect(stateOf(req)).toEqual({ stepUp: 'token' });
    setState(sessionIn(req), undefined);
    expect(Object.keys(req.session).sort()).toEqual(['cart', 'cookie']);
  });
});

describe('the user of a request', () => {
  it('lies where Passport was told to keep it', () => {
    expect(passportKey({})).toBe('passport');
    expect(passportKey({ _sessionManager: {} })).toBe('passport');
    expect(passportKey({ _sessionManager: { _key: 'admin' } })).toBe('admin');
    const req: SessionRequest & { account?: unknown } = { _userProperty: 'account', user: 'somebody else' };
    expect(userOf(req)).toBeUndefined();
    setUser(req, { id: 1 });
    expect(req).toMatchObject({ account: { id: 1 }, user: 'somebody else' });
    expect(userOf(req)).toEqual({ id: 1 });
  });

  it.each([null, undefined])('is nobody where it is %s', (user) => {
    expect(userOf({ user })).toBeUndefined();
    expect(userOf({ user: { id: 1 } })).toEqual({ id: 1 });
  });
});

describe('saving a session', () => {
  it.each([undefined, null, false])('is done where the store calls back with %s', async (error) => {
    await expect(save(sessionIn(requestWith({}, { save: error }).req))).resolves.toBeUndefined();
  });

  it('fails with the error of the store', async () => {
    const error = new Error('the store is down');
    await expect(save(sessionIn(requestWith({}, { save: error }).req))).rejects.toBe(error);
  });

  it.each(['down', 0, '', true, { code: 1 }])('fails with an error where the store calls back with %j', async (given) => {
    const failure: unknown = await save(sessionIn(requestWith({}, { save: given }).req)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(failure).toMatchObject({ message: 'The session store failed.', cause: given });
  });
});

describe('a new session id', () => {
  it('takes along what is picked, and never the cookie or what our own state said', async () => {
    const { req } = requestWith({ cart: 1, role: 'admin', twoFactor: { stepUp: 'old' } });
    const old = req.session;
    old.cookie!.maxAge = 1000;
    const fresh = await regenerate(req, (key) => key !== 'role');
    expect(fresh).toBe(req.session);
    expect(fresh).not.toBe(old);
    expect({ ...fresh }).toEqual({ cookie: { maxAge: null }, cart: 1 });
  });

  it('that the store cannot make is an error, and nothing was moved', async () => {
    const { req } = requestWith({ cart: 1 }, { regenerate: new Error('the store is down') });
    const old = req.session;
    await expect(regenerate(req, () => true)).rejects.toThrow('the store is down');
    expect(req.session).toBe(old);
  });
});
