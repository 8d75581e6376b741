import { describe, expect, it } from 'vitest';
import {
  endLogin,
  hasSession,
  passportKey,
  save,
  sessionId,
  sessionOf,
  setState,
  setUser,
  stateOf,
  userOf,
  type Session,
  type SessionRequest,
} from '../../lib/standing/session.js';
import { boundTo, requestWith } from './session.js';

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
    for (const use of [hasSession, stateOf, sessionOf])
      expect(() => use({ session })).toThrow(/use express-session with a store/);
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

  it.each(['down', 0, '', true, { code: 1 }])(
    'fails with an error where the store calls back with %j',
    async (given) => {
      const failure: unknown = await save(sessionIn(requestWith({}, { save: given }).req)).catch(
        (error: unknown) => error,
      );
      expect(failure).toBeInstanceOf(Error);
      expect(failure).toMatchObject({ message: 'The session store failed.', cause: given });
    },
  );
});

describe('the id of a session', () => {
  const withId = (data: object, hidden: object = {}): Session =>
    Object.defineProperties(
      { ...data },
      Object.fromEntries(Object.entries(hidden).map(([name, value]) => [name, { value: value as unknown }])),
    ) as Session;

  it.each([
    ["express-session's", withId({}, { id: 'a' }), 'a'],
    ["koa-session's", withId({}, { externalKey: 'b' }), 'b'],
    ["koa-session's without a store", withId({}, { externalKey: undefined }), undefined],
    ['none that lies in the data, as in a cookie', withId({ id: 'c', externalKey: 'c' }), undefined],
    ['none that is empty or no text', withId({}, { id: '', externalKey: 7 }), undefined],
    ['none', withId({}), undefined],
  ])('is %s', (_what, session, id) => {
    expect(sessionId(session)).toBe(id);
  });
});

describe('what lies in a session for us', () => {
  const state = { stepUp: 'token' };

  it('is bound to its id', () => {
    const { req } = requestWith();
    setState(sessionIn(req), state);
    expect(req.session.twoFactor).toEqual({ ...state, session: boundTo(1) });
    expect(stateOf(req)).toEqual(state);
  });

  it.each([
    ['copied from another session', boundTo(2)],
    ['of version 0.1, which bound it to nothing', undefined],
    ['bound to nothing', ''],
    ['bound to what is no text', null],
  ])('is worth nothing where it is %s', (_what, session) => {
    expect(stateOf(requestWith({ twoFactor: { ...state, session } }).req)).toEqual({});
  });

  it('is worth nothing, and cannot be written, where the session has no id', () => {
    const { req } = requestWith();
    const bare = Object.defineProperties({ twoFactor: state } as unknown as Session, {
      regenerate: { value: nothing },
      save: { value: nothing },
    });
    expect(stateOf({ ...req, session: bare })).toEqual({});
    expect(() => {
      setState(bare, state);
    }).toThrow(/use express-session with a store/);
    setState(bare, undefined);
    expect(bare).not.toHaveProperty('twoFactor');
  });
});

describe('ending a login', () => {
  it('leaves nobody logged in and nothing of ours, and the rest', () => {
    const { req } = requestWith({ cart: 1, passport: { user: 1 }, twoFactor: { stepUp: 'token' } });
    req.user = { id: 1 };
    endLogin(req);
    expect(req.user).toBeUndefined();
    expect({ ...req.session }).toEqual({ cookie: { maxAge: null }, cart: 1 });
    expect(() => {
      endLogin({});
    }).not.toThrow();
  });
});
