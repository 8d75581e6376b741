import express5, { type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import { createRequire } from 'node:module';
import supertest from 'supertest';
import { describe, expect, it } from 'vitest';
import {
  secondFactorErrorHandler,
  twoFactorAuth,
  type TwoFactorAuthOptions,
  type TwoFactorService,
} from 'passport-two-factor';

const express4 = createRequire(__filename)('express-4') as typeof express5;

/** As far as it is asked when no session is there. */
const service = { setup: {}, settings: { clock: () => 0, users: {} } } as unknown as TwoFactorService;
const passport = { authenticate: () => undefined } as unknown as TwoFactorAuthOptions['passport'];
const ours = (more: object = {}) => twoFactorAuth({ service, passport, ...more });

/** As express-jwt does it: the value is set for a token, and left out for an anonymous request. */
const tokens =
  (property = 'auth'): RequestHandler =>
  (req, _res, next) => {
    const { authorization } = req.headers;
    if (authorization === 'refused') next(new Error('credentials_required'));
    else {
      if (authorization !== undefined) Object.assign(req, { [property]: { sub: authorization } });
      next();
    }
  };

/** As express-oauth2-jwt-bearer and express-basic-auth do it. */
const assigning: RequestHandler = (req, _res, next) => {
  if (req.headers.authorization !== undefined) req.auth = { sub: req.headers.authorization } as never;
  next();
};

/** What an app wrote before it had a second factor. */
const guarded: RequestHandler = (req, res) => {
  if (!(req as { auth?: unknown }).auth) res.status(401).json({});
  else res.json(req.auth);
};

describe.each([
  ['express', express5],
  ['express-4', express4],
])('req.auth on %s', (_name, express) => {
  function appOf(build: (app: express5.Express) => void) {
    const app = express();
    build(app);
    app.use((error: Error, _req: Request, res: Response, _next: NextFunction) => {
      res.status(500).json({ message: error.message });
    });
    return (path: string, authorization?: string) => {
      const asked = supertest(app).get(path);
      return authorization === undefined ? asked : asked.set('authorization', authorization);
    };
  }
  const places: Record<string, (app: express5.Express, other: RequestHandler) => void> = {
    'after it': (app, other) => {
      app.use(ours(), other).get('/orders', guarded);
    },
    'before it': (app, other) => {
      app.use(other, ours()).get('/orders', guarded);
    },
    'in its route': (app, other) => {
      app.use(ours()).get('/orders', other, guarded);
    },
    'in a router': (app, other) => {
      app.use(ours()).use('/', express.Router().use(express.Router().use(other)).get('/orders', guarded));
    },
    'in an app of its own': (app, other) => {
      app.use(ours()).use(express().use(other).get('/orders', guarded) as never);
    },
    'in the app around it': (app, other) => {
      app.use(other).use(express().use(ours()).get('/orders', guarded) as never);
    },
  };
  const others: Record<string, RequestHandler> = { 'express-jwt': tokens(), 'one that assigns it': assigning };
  const everywhere = Object.keys(others).flatMap((other) =>
    Object.keys(places).map((place) => [other, place] as const),
  );

  it.each(everywhere)('lets nobody in who is anonymous to %s, %s', async (other, place) => {
    const answer = await appOf((app) => {
      places[place]!(app, others[other]!);
    })('/orders').expect(500);
    expect(answer.body.message ?? '').toMatch(/keeps its value in req\.auth too.*property: 'twoFactor'|^$/);
  });

  it.each(['after it', 'in its route', 'in a router'])(
    'leaves another middleware its value where that comes %s',
    async (place) => {
      for (const other of Object.values(others)) {
        await appOf((app) => {
          places[place]!(app, other);
        })('/orders', 'alice').expect(200, { sub: 'alice' });
      }
    },
  );

  it('says whose name it is where another middleware came first, also with a value for nobody', async () => {
    for (const value of [{ sub: 'alice' }, null, undefined, false]) {
      const ask = appOf((app) => {
        app
          .use((req, _res, next) => {
            Object.assign(req, { auth: value });
            next();
          }, ours())
          .get('/orders', guarded);
      });
      expect((await ask('/orders').expect(500)).body.message).toMatch(
        /^Another middleware keeps its value in req\.auth too/,
      );
    }
  });

  it('disturbs nobody whose requests do not come by the other middleware', async () => {
    const ask = appOf((app) => {
      app.use('/api', express.Router().use(tokens()).get('/orders', guarded));
      app.use(ours()).get('/page', (req, res) => {
        res.json({ loggedIn: req.auth.isLoggedIn() });
      });
      app.get('/orders/:id', tokens(), guarded);
    });
    await ask('/page').expect(200, { loggedIn: false });
    await ask('/api/orders').expect(401);
    await ask('/api/orders', 'alice').expect(200, { sub: 'alice' });
    await ask('/orders/7').expect(500);
  });

  it('sees what is mounted after the first request, too', async () => {
    let app!: express5.Express;
    const ask = appOf((made) => {
      app = made;
      made.use(ours()).get('/page', (req, res) => {
        res.json(req.auth.isLoggedIn());
      });
    });
    await ask('/page').expect(200);
    app.get('/late', tokens(), guarded);
    const late = await supertest(app).get('/late');
    expect(late.status).toBe(500);
  });

  it('has the name that it is given, beside the other', async () => {
    const ask = appOf((app) => {
      app.use(tokens(), ours({ property: 'twoFactor' })).get('/orders', guarded);
      app.get('/page', (req, res) => {
        res.json({ loggedIn: (req as unknown as { twoFactor: Request['auth'] }).twoFactor.isLoggedIn() });
      });
    });
    await ask('/orders').expect(401);
    await ask('/orders', 'alice').expect(200, { sub: 'alice' });
    await ask('/page').expect(200, { loggedIn: false });
  });

  it('is taken at its word where the app names it, as for a middleware that was told to use another property', async () => {
    const ask = appOf((app) => {
      app.use(tokens('token'), ours({ property: 'auth' })).get('/page', (req, res) => {
        res.json({ loggedIn: req.auth.isLoggedIn() });
      });
    });
    await ask('/page', 'alice').expect(200, { loggedIn: false });
  });

  it('may be mounted twice, and is nothing that a copy or a list of the request shows', async () => {
    const ask = appOf((app) => {
      app.use(ours(), ours()).get('/page', (req, res) => {
        res.json({ keys: Object.keys(req).includes('auth'), copy: 'auth' in { ...req } });
      });
    });
    await ask('/page').expect(200, { keys: false, copy: false });
  });

  it('that is missing is told, in place of what undefined has not', async () => {
    const ask = appOf((app) => {
      app.get('/login', (req, _res, next) => {
        try {
          void req.auth.login('a', 'b');
        } catch (error) {
          next(error);
        }
      });
      app.get('/other', (_req, _res, next) => {
        next(new TypeError("Cannot read properties of undefined (reading 'color')"));
      });
      app.use(secondFactorErrorHandler());
    });
    expect((await ask('/login').expect(500)).body.message).toMatch(
      /^There is no req\.auth to read "login" of: mount app\.use\(twoFactorAuth/,
    );
    expect((await ask('/other').expect(500)).body.message).toMatch(/color/);
  });
});

describe('an option that there is not', () => {
  it.each<[string, () => unknown, RegExp]>([
    [
      'twoFactorAuth',
      () => ours({ propery: 'x' }),
      /^twoFactorAuth: there is no option "propery"; there are service, passport, login, property, name, claims; did you mean "property"\?$/,
    ],
    ['twoFactorAuth', () => ours({ property: '' }), /^twoFactorAuth: property must be a text/],
    ['twoFactorAuth', () => ours({ login: 7 }), /^twoFactorAuth: login must be a text/],
    [
      'twoFactorAuth',
      () => twoFactorAuth(undefined as never),
      /^twoFactorAuth: the options must be an object \(service, passport/,
    ],
    [
      'secondFactorErrorHandler',
      () => secondFactorErrorHandler({ statuscode: 202 } as never),
      /^secondFactorErrorHandler: there is no option "statuscode"/,
    ],
    [
      'secondFactorErrorHandler',
      () => secondFactorErrorHandler(null as never),
      /^secondFactorErrorHandler: the options must be an object .*null$/,
    ],
  ])('of %s is refused by name', (_name, make, message) => {
    expect(make).toThrow(TypeError);
    expect(make).toThrow(message);
  });
});

describe('a set-up that is not right', () => {
  const warned = async (session: object, more: object = {}): Promise<string[]> => {
    const warnings: string[] = [];
    const listen = (warning: Error): void => {
      warnings.push(warning.message);
    };
    process.on('warning', listen);
    try {
      for (let request = 0; request < 2; request += 1) {
        const req = { headers: {}, session, ...more } as unknown as Request;
        await new Promise<void>((resolve) => {
          void ours({ property: 'auth' })(req, {} as Response, () => {
            resolve();
          });
        });
        req.auth.isLoggedIn();
      }
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    } finally {
      process.off('warning', listen);
    }
    return warnings;
  };
  const methods = { regenerate: { value: () => undefined }, save: { value: () => undefined } };
  const withId = (data: object): object => Object.defineProperties({ ...data }, { ...methods, id: { value: 'a' } });

  it('is told of once: a session in which no second factor can be kept', async () => {
    expect(await warned(Object.defineProperties({ id: 'data' }, methods))).toEqual([
      expect.stringMatching(/use express-session with a store/),
    ]);
    expect(await warned(withId({}))).toEqual([]);
  });

  it('is told of once: a forgotten passport.session()', async () => {
    const full = withId({ passport: { user: 1 } });
    expect(await warned(full, { user: { id: 1 } })).toEqual([]);
    expect(await warned(full, { _sessionManager: {} })).toEqual([]);
    expect(await warned(full)).toEqual([expect.stringMatching(/mount app\.use\(passport\.session\(\)\) before/)]);
  });
});
