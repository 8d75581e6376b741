import { describe, expect, it } from 'vitest';
import type { Standing } from '../../lib/core/standing.js';
import { recordVerdict, type SessionManager } from '../../lib/passport/verdict.js';
import { logIn, type LogInPlan } from '../../lib/standing/log-in.js';
import { boundTo, passportRequest, requestWith, type TestRequest } from './session.js';

const alice = { id: 1 };
const at = Date.UTC(2026, 0, 1);
const standing: Standing = { userKey: 'alice', epoch: 3, at, factors: [{ method: 'totp', at }] };
const plan: LogInPlan = { standing, keep: ['returnTo'] };

type Callback = (error?: unknown) => void;
const logInOf =
  (req: TestRequest) =>
  (user: unknown, options?: unknown, done?: Callback): unknown =>
    (req.logIn as (this: TestRequest, ...given: unknown[]) => unknown).call(req, user, options, done);

/** Lets alice through, as the gate does. */
const planLogIn = (req: TestRequest, made: LogInPlan): void => {
  recordVerdict(req, { concerns: (user) => user === alice, plan: made });
};

/** A request of a Passport whose session manager logs in by this, and by no regenerate. */
function managedBy(
  logsIn: (req: TestRequest, done: Callback) => void,
  data: object = {},
): ReturnType<typeof requestWith> {
  const made = requestWith(data);
  const manager: SessionManager = {
    logIn: (_req, _user, _options, done) => {
      logsIn(made.req, done as Callback);
    },
  };
  made.req.logIn = (user: unknown, options: object, done: Callback) => {
    made.req.user = user;
    return manager.logIn(made.req, user, options as never, done);
  };
  made.req._sessionManager = manager;
  return made;
}

describe('a planned login', () => {
  it('stores user and mark by one save, in a new session with what the app keeps', async () => {
    const { req, saved } = passportRequest({ returnTo: '/home', role: 'admin', twoFactor: { stepUp: 'old' } });
    const old = req.session;
    planLogIn(req, plan);
    await logIn(req, alice);
    expect(req.session).not.toBe(old);
    expect(req.user).toBe(alice);
    expect(saved).toEqual([
      {
        cookie: { maxAge: null },
        returnTo: '/home',
        passport: { user: 1 },
        twoFactor: { session: boundTo(2), standing },
      },
    ]);
  });

  it('has no mark where an enrolled factor was skipped', async () => {
    const { req, saved } = passportRequest({ twoFactor: { standing } });
    planLogIn(req, { standing: undefined, keep: [] });
    await logIn(req, alice);
    expect(saved).toEqual([{ cookie: { maxAge: null }, passport: { user: 1 } }]);
  });

  it('keeps the session for as long as it is to be remembered', async () => {
    const { req, saved } = passportRequest();
    planLogIn(req, { ...plan, maxAge: 86_400_000 });
    await logIn(req, alice);
    expect(saved).toMatchObject([{ cookie: { maxAge: 86_400_000 } }]);
  });

  it('works with a session that has no cookie', async () => {
    const { req, saved } = passportRequest();
    delete req.session.cookie;
    planLogIn(req, { ...plan, maxAge: 1000 });
    await logIn(req, alice);
    expect(saved).toMatchObject([{ twoFactor: { standing } }]);
  });

  it('keeps all of the data at a step-up, and nothing of ours but the mark', async () => {
    const { req, saved } = passportRequest({ cart: 1, twoFactor: { stepUp: 'old' } });
    planLogIn(req, { ...plan, keep: [], keepAll: true });
    await logIn(req, alice);
    expect(saved).toMatchObject([{ cart: 1, passport: { user: 1 }, twoFactor: { standing } }]);
    expect(saved[0]!.twoFactor).toEqual({ session: boundTo(2), standing });
  });

  it('keeps what the app asks Passport to keep', async () => {
    const { req, saved } = passportRequest({ cart: 1 });
    planLogIn(req, plan);
    await new Promise<void>((resolve) => {
      logInOf(req)(alice, { keepSessionInfo: true }, () => {
        resolve();
      });
    });
    expect(saved).toMatchObject([{ cart: 1, twoFactor: { standing } }]);
  });

  it.each([
    [86_400_000, 86_400_000],
    [undefined, 1000],
  ])('that is to last %s lasts that long also where Passport keeps the old cookie', async (maxAge, lasts) => {
    const { req, saved } = passportRequest();
    req.session.cookie!.maxAge = 1000;
    planLogIn(req, { ...plan, ...(maxAge !== undefined && { maxAge }) });
    await new Promise<void>((resolve) => {
      logInOf(req)(alice, { keepSessionInfo: true }, () => {
        resolve();
      });
    });
    expect(saved).toMatchObject([{ cookie: { maxAge: lasts } }]);
  });

  it.each([[{}], [{ done: null }]])(
    'is saved once, whatever the store calls back with for no error: %j',
    async (faults) => {
      const { req, saved } = passportRequest({}, faults);
      planLogIn(req, plan);
      await logIn(req, alice);
      expect(saved).toMatchObject([{ twoFactor: { standing } }]);
    },
  );

  it('may be planned again before it is made', async () => {
    const { req, saved } = passportRequest();
    planLogIn(req, plan);
    planLogIn(req, plan);
    await logIn(req, alice);
    expect(saved).toMatchObject([{ passport: { user: 1 }, twoFactor: { standing } }]);
  });

  it.each(['logIn', 'login'] as const)('is made through req.%s, with options or without, and once', async (name) => {
    const { req, saved } = passportRequest();
    planLogIn(req, plan);
    const own = (req as unknown as Record<typeof name, (user: unknown, done: Callback) => unknown>)[name];
    const error = await new Promise((resolve) => {
      own.call(req, alice, resolve);
    });
    expect(error).toBeUndefined();
    await logIn(req, alice);
    expect(saved.map(({ passport, twoFactor }) => ({ passport, twoFactor }))).toEqual([
      { passport: { user: 1 }, twoFactor: { session: boundTo(2), standing } },
      { passport: { user: 1 }, twoFactor: undefined },
    ]);
  });

  it('serves nobody else, and not the same one afterwards either', async () => {
    const { req, saved } = passportRequest();
    planLogIn(req, plan);
    await logIn(req, { id: 2 });
    await logIn(req, alice);
    expect(saved.map(({ passport, twoFactor }) => ({ passport, twoFactor }))).toEqual([
      { passport: { user: 2 }, twoFactor: undefined },
      { passport: { user: 1 }, twoFactor: undefined },
    ]);
  });

  it('without a session touches none', async () => {
    const { req, saved } = passportRequest({ cart: 1, twoFactor: { stepUp: 'kept' } });
    const old = req.session;
    planLogIn(req, plan);
    await new Promise<void>((resolve) => {
      logInOf(req)(alice, { session: false }, () => {
        resolve();
      });
    });
    expect(req.user).toBe(alice);
    expect(req.session).toBe(old);
    expect(req.session).toMatchObject({ cart: 1, twoFactor: { stepUp: 'kept' } });
    expect(saved).toEqual([]);
  });

  it('is marked also where req.logIn makes no new session, and saved with the mark', async () => {
    const { req, saved } = managedBy(
      ({ session }, done) => {
        session.passport = { user: 1 };
        done();
      },
      { returnTo: '/home' },
    );
    planLogIn(req, plan);
    await logIn(req, alice);
    expect(saved).toMatchObject([{ returnTo: '/home', passport: { user: 1 }, twoFactor: { standing } }]);
  });

  it('needs Passport and a session', () => {
    expect(() => {
      planLogIn(requestWith().req, plan);
    }).toThrow(/^req\.logIn is missing: mount app\.use\(passport\.session\(\)\)/);
    const { req } = passportRequest();
    planLogIn(req, plan);
    Reflect.deleteProperty(req, 'session');
    expect(() => logInOf(req)(alice, {}, () => undefined)).toThrow(/^There is no req\.session/);
  });
});

describe('a planned login that could not be stored', () => {
  const attempt = async ({ req }: { req: TestRequest }): Promise<unknown> => {
    planLogIn(req, plan);
    return logIn(req, alice).then(
      () => 'logged in',
      (error: unknown) => error,
    );
  };

  it.each(['regenerate', 'save'] as const)(
    'is none where "%s" fails: neither in this request nor in what is saved at its end',
    async (method) => {
      const error = new Error('the store is down');
      const made = passportRequest({ passport: { user: 2 }, twoFactor: { standing } }, { [method]: error });
      expect(await attempt(made)).toBe(error);
      expect(made.req.user).toBeNull();
      expect(made.req.session).not.toHaveProperty('passport');
      expect(made.req.session).not.toHaveProperty('twoFactor');
    },
  );

  it('is none where only the mark could not be saved', async () => {
    const made = managedBy(({ session }, done) => {
      session.passport = { user: 1 };
      done();
    });
    Object.defineProperty(made.req.session, 'save', {
      value: (done: Callback) => {
        done(new Error('the store is down'));
      },
    });
    expect(await attempt(made)).toMatchObject({ message: 'the store is down' });
    expect(made.req.user).toBeNull();
    expect(made.req.session).not.toHaveProperty('passport');
    expect(made.req.session).not.toHaveProperty('twoFactor');
  });

  it('is none where the session is gone by then', async () => {
    const made = managedBy((req, done) => {
      Reflect.deleteProperty(req, 'session');
      done(new Error('gone'));
    });
    expect(await attempt(made)).toMatchObject({ message: 'gone' });
    expect(made.req.user).toBeNull();
  });

  it('is none for a caller without a callback either', () => {
    const made = managedBy((_req, done) => {
      done(new Error('the store is down'));
    });
    planLogIn(made.req, plan);
    logInOf(made.req)(alice);
    expect(made.req.user).toBeNull();
  });

  it.each(['down', false, 0])('is an error where the reason is %j', async (reason) => {
    const made = managedBy((_req, done) => {
      done(reason);
    });
    const failure = await attempt(made);
    expect(failure).toBeInstanceOf(Error);
    expect(failure).toMatchObject({ message: 'The login could not be stored.', cause: reason });
  });

  it.each([null, undefined])('is one where the reason is %s', async (reason) => {
    const made = managedBy((_req, done) => {
      done(reason);
    });
    expect(await attempt(made)).toBe('logged in');
    expect(made.saved).toMatchObject([{ twoFactor: { standing } }]);
  });
});

describe('a login that nobody planned', () => {
  it.each([null, undefined])("is made where Passport's answer is %s", async (answer) => {
    const { req } = requestWith();
    req.logIn = (_user: unknown, _options: unknown, done: Callback) => {
      done(answer);
    };
    await expect(logIn(req, alice)).resolves.toBeUndefined();
  });
});
