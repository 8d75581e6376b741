import { describe, expect, it } from 'vitest';
import { checkStillThere, regenerate, renew } from '../../lib/standing/renewal.js';
import type { SessionRequest } from '../../lib/standing/session.js';
import { boundTo, requestWith } from './session.js';

type Done = (error?: unknown) => void;

const unfit = /use express-session with a store/;

describe('a new session id', () => {
  it('takes along what is picked, and never the cookie or what our own state said', async () => {
    const { req } = requestWith({ cart: 1, role: 'admin', twoFactor: { stepUp: 'old' } });
    const old = req.session;
    old.cookie!.maxAge = 1000;
    const fresh = await regenerate(req, (key) => key !== 'role');
    expect(fresh).toBe(req.session);
    expect(fresh).not.toBe(old);
    expect({ ...fresh }).toEqual({ cookie: { maxAge: null }, cart: 1 });
    expect({ ...old }).toEqual({
      cookie: { maxAge: 1000 },
      cart: 1,
      role: 'admin',
      twoFactor: { session: boundTo(1), stepUp: 'old' },
    });
  });

  it('that the store cannot make is an error, and nothing was moved', async () => {
    const { req } = requestWith({ cart: 1 }, { regenerate: new Error('the store is down') });
    const old = req.session;
    await expect(regenerate(req, () => true)).rejects.toThrow('the store is down');
    expect(req.session).toBe(old);
    expect({ ...old }).toEqual({ cookie: { maxAge: null }, cart: 1 });
  });

  it('keeps all of the data and what is left of its life, where it is only renewed', async () => {
    const { req } = requestWith({ cart: 1, passport: { user: 1 } }, { maxAge: 86_400_000 });
    req.session.cookie!.maxAge = 1000;
    expect({ ...(await renew(req)) }).toEqual({ cookie: { maxAge: 1000 }, cart: 1, passport: { user: 1 } });
  });
});

/** A request whose session does at `regenerate` what it is told, and `id` is hidden as express-session's is. */
function requestOf(
  data: object,
  act: (req: SessionRequest, open: (data: object, id?: string) => object) => void,
  id: string | undefined,
): SessionRequest {
  const req: SessionRequest = {};
  const open = (own: object, given?: string): object =>
    Object.defineProperties(
      { ...own },
      {
        ...(given !== undefined && { id: { value: given } }),
        regenerate: {
          value: (done: Done) => {
            act(req, open);
            done();
          },
        },
        save: {
          value: (done: Done) => {
            done();
          },
        },
      },
    );
  req.session = open(data, id);
  return req;
}

describe('a session is judged by what it does', () => {
  const keeps = (): void => undefined;
  it.each<[string, Parameters<typeof requestOf>[1], string | undefined]>([
    ['does nothing at regenerate, as cookie-session with the usual shim', keeps, undefined],
    ['does nothing at regenerate, and has an id', keeps, 'a'],
    [
      'makes another object under the same id',
      (req, open) => {
        req.session = open({}, 'a');
      },
      'a',
    ],
    [
      'makes another object that has no id',
      (req, open) => {
        req.session = open({});
      },
      'a',
    ],
    [
      'gets an id only then',
      (req, open) => {
        req.session = open({}, 'b');
      },
      undefined,
    ],
    [
      'takes the old data along',
      (req, open) => {
        req.session = open({ ...(req.session as object) }, 'b');
      },
      'a',
    ],
    [
      'takes the old data along as a store writes it',
      (req, open) => {
        req.session = open(JSON.parse(JSON.stringify(req.session)) as object, 'b');
      },
      'a',
    ],
    [
      'puts its id into the data, as a cookie would carry it',
      (req, open) => {
        req.session = open({ id: 'b' });
      },
      'a',
    ],
  ])('and refused where it %s', async (_what, act, id) => {
    for (const data of [{}, { isAdmin: true }]) {
      await expect(regenerate(requestOf(data, act, id), () => true)).rejects.toThrow(unfit);
    }
  });

  it('and is good where it has another id and what every new session of the app has', async () => {
    const req = requestOf(
      { locale: 'en', cart: 1 },
      (given, open) => {
        given.session = open({ locale: 'en' }, 'b');
      },
      'a',
    );
    expect({ ...(await regenerate(req, () => false)) }).toEqual({ locale: 'en' });
  });

  it('and loses the old data where it keeps the object, as koa-session with a store does', async () => {
    let key = 'a';
    const made = (own: object): object =>
      Object.defineProperties(
        { ...own },
        {
          externalKey: { value: key },
          regenerate: {
            value: (done: Done) => {
              key = 'b';
              done();
            },
          },
          save: {
            value: (done: Done) => {
              done();
            },
          },
        },
      );
    let session = made({ isAdmin: true, returnTo: '/home' });
    const req = Object.defineProperty({}, 'session', {
      get: () => session,
      set: (own: object) => {
        session = made(own);
      },
    }) as SessionRequest;
    const fresh = await regenerate(req, (name) => name === 'returnTo');
    expect({ ...fresh }).toEqual({ returnTo: '/home' });
    expect(fresh.externalKey).toBe('b');
  });
});

describe('a session that is saved after a wait', () => {
  const full = { cart: 1, passport: { user: 1 } };
  const halted = { twoFactor: { pending: { token: 'token' } } };
  const storing = (data: object, answer: (done: (error?: unknown, session?: unknown) => void) => void) => {
    const { req } = requestWith(data);
    const asked: string[] = [];
    req.user = { id: 1 };
    req.sessionStore = {
      get: (id: string, done: Done) => {
        asked.push(id);
        answer(done);
      },
    };
    return { req, asked };
  };

  it.each([
    ['of a user who is still logged in there', full, full],
    ['whose other data has changed', full, { passport: { user: { id: 1 } } }],
    ['of a login that is still pending there', halted, halted],
  ])('is saved: one %s', async (_what, data, stored) => {
    const { req, asked } = storing(data, (done) => {
      done(null, stored);
    });
    await checkStillThere(req);
    expect(asked).toEqual(['session 1']);
    expect(req.session).toMatchObject(data);
    expect(req.user).toEqual({ id: 1 });
  });

  const gone = Object.assign(new Error('no such file'), { code: 'ENOENT' });
  it.each<[string, object, unknown[], string]>([
    ['is gone', full, [null, null], 'NOT_LOGGED_IN'],
    ['is gone, as stores without a value say', full, [], 'NOT_LOGGED_IN'],
    ['is gone, as stores in files say', full, [gone], 'NOT_LOGGED_IN'],
    ['is there and nobody is logged in to it', full, [null, { cart: 1, passport: {} }], 'NOT_LOGGED_IN'],
    ['is gone with its pending login', halted, [null, undefined], 'CHALLENGE_EXPIRED'],
    ['has another pending login', halted, [null, { twoFactor: { pending: { token: 'other' } } }], 'CHALLENGE_EXPIRED'],
    ['has no pending login any more', halted, [null, full], 'CHALLENGE_EXPIRED'],
  ])('is not where it %s, and nobody is logged in by this request', async (_what, data, answer, code) => {
    const { req } = storing(data, (done) => {
      done(...answer);
    });
    await expect(checkStillThere(req)).rejects.toMatchObject({ code });
    expect(req.user).toBeUndefined();
    expect(req).not.toHaveProperty('session');
  });

  it('is not where the store cannot tell', async () => {
    const { req } = storing(full, (done) => {
      done(new Error('the store is down'));
    });
    await expect(checkStillThere(req)).rejects.toThrow('the store is down');
  });

  it('is not looked up where it never held a login, or its store cannot be asked', async () => {
    const { req, asked } = storing({ cart: 1 }, (done) => {
      done();
    });
    await checkStillThere(req);
    expect(asked).toEqual([]);
    await checkStillThere(requestWith(full).req);
    await checkStillThere({ ...requestWith(full).req, sessionStore: {} });
  });
});
