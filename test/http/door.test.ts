import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Passport, Strategy } from 'passport';
import { requireSecondFactor, twoFactorAuth } from 'passport-two-factor';
import { TestApp, UserSchema, type TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';
import { guardedApp, passwordOf, type AppPassport } from './guarded.js';

describe.each(databases)('the door of a protected Passport on $name', (database) => {
  let test: TestApp;
  let ids = 0;
  beforeAll(async () => {
    test = await TestApp.open(database, { twoFactor: { backupCodesCount: 2 } });
  });
  afterAll(() => test.close());

  const nextId = (): number => (ids += 1);
  const credentials = ({ email, password }: TestUser) => ({ email, password });

  it('halts a bare req.logIn, in every form of the call, and a strategy that is given as an instance', async () => {
    const { user, secret } = await test.withTotp(nextId());
    const { agent } = guardedApp(test);
    for (const [path, more] of [
      ['/reset', {}],
      ['/reset', { options: {} }],
      ['/reset', { options: { keepSessionInfo: true } }],
      ['/instance', {}],
    ] as const) {
      const browser = agent();
      const answer = await browser
        .post(path)
        .send({ ...credentials(user), ...more })
        .expect(202);
      expect(answer.body).toMatchObject({ requiresTwoFactor: true, methods: { totp: true } });
      expect(answer.headers['x-user']).toBe('nobody');
      await browser.get('/me').expect(401);
      await browser
        .post('/2fa')
        .send({ code: test.totp(secret) })
        .expect(200, { user: user.id });
      await browser.get('/me').expect(200);
      test.clock.advance('30s');
    }
  });

  it('lets a user without a factor in, with a recent authentication', async () => {
    const user = await test.user(nextId());
    const { agent } = guardedApp(test);
    for (const path of ['/reset', '/instance']) {
      const browser = agent();
      await browser.post(path).send(credentials(user)).expect(200, { user: user.id });
      await browser.post('/set-up').expect(200);
    }
  });

  it('holds nobody as the user of the request while it judges and once it has halted', async () => {
    const { user } = await test.withTotp(nextId());
    const plain = await test.user(nextId());
    const seen: unknown[] = [];
    const { agent } = guardedApp(test, {
      routes: (app) =>
        app.post('/watched', (req, res) => {
          const before = req.user as TestUser | undefined;
          req.logIn(user, (error: unknown) => {
            res.json({ before: before?.id, after: req.user ?? null, refused: Boolean(error) });
          });
          seen.push(req.user);
        }),
    });
    const browser = agent();
    await browser.post('/local').send(credentials(plain)).expect(200);
    await browser.post('/watched').expect(200, { before: plain.id, after: null, refused: true });
    expect(seen).toEqual([undefined]);
    await browser.get('/me').expect(401);
  });

  it('judges one login by one verdict, and that for its user alone', async () => {
    const { user: a, secret } = await test.withTotp(nextId());
    const { user: v } = await test.withTotp(nextId());
    const plain = await test.user(nextId());
    const { agent } = guardedApp(test, {
      routes: (app, passport) => {
        const as = (strategy: string) =>
          app.post(`/${strategy}/as`, (req, res, next) => {
            passport.authenticate(strategy, (error: unknown) => {
              if (error) {
                next(error);
                return;
              }
              test.db
                .getRepository(UserSchema)
                .findOneBy({ id: (req.body as { as: number }).as })
                .then((other) => {
                  req.logIn(other!, (failure: unknown) => {
                    if (failure) next(failure);
                    else res.json({ user: other!.id });
                  });
                }, next);
            })(req, res, next);
          });
        as('local');
        as('two-factor');
        app.post('/twice', passport.authenticate('two-factor'), (req, res, next) => {
          req.logIn(req.user!, (error: unknown) => {
            if (error) next(error);
            else res.end();
          });
        });
      },
    });
    // A right password of one's own, and of somebody without a factor, is none of V's.
    await agent()
      .post('/local/as')
      .send({ ...credentials(plain), as: plain.id })
      .expect(200);
    await agent()
      .post('/local/as')
      .send({ ...credentials(plain), as: v.id })
      .expect(202);
    const browser = agent();
    await browser.post('/local').send(credentials(a)).expect(202);
    await browser
      .post('/two-factor/as')
      .send({ code: test.totp(secret), as: v.id })
      .expect(202);
    await browser.get('/me').expect(401);
    test.clock.advance('30s');
    // The second login of the same user in the request is that of whom the session has.
    await browser.post('/local').send(credentials(a)).expect(202);
    await browser
      .post('/twice')
      .send({ code: test.totp(secret) })
      .expect(200);
    await browser.get('/me').expect(200, { user: a.id });
  });

  it('lets the user whom the session has already pass, and gets it no younger', async () => {
    const { user, secret } = await test.withTotp(nextId());
    const plain = await test.user(nextId());
    const { agent } = guardedApp(test, {
      routes: (app) => {
        app.post('/profile', (req, res, next) => {
          req.login({ ...req.user }, (error: unknown) => {
            if (error) next(error);
            else res.end();
          });
        });
        app.get('/vault', requireSecondFactor({ service: test.service, maxAge: '1m' }), (_req, res) => {
          res.end();
        });
      },
    });
    const browser = agent();
    await browser.post('/local').send(credentials(user)).expect(202);
    await browser
      .post('/2fa')
      .send({ code: test.totp(secret) })
      .expect(200);
    await browser.get('/vault').expect(200);
    test.clock.advance('50s');
    await browser.post('/profile').expect(200);
    await browser.get('/me').expect(200, { user: user.id });
    await browser.get('/vault').expect(200);
    test.clock.advance('20s');
    await browser.get('/vault').expect(403);
    // Somebody else in the same session is a login like another.
    const other = agent();
    await other.post('/local').send(credentials(plain)).expect(200);
    await other.post('/reset').send(credentials(user)).expect(202);
    await other.get('/me').expect(401);
  });

  it('keeps a session without a mark without one when its user is logged in again', async () => {
    const { user } = await test.withTotp(nextId());
    const { agent } = guardedApp(test, {
      strategies: (passport) => passport.use('exempt', passwordOf(test)),
      protect: { except: ['exempt'] },
      routes: (app, passport) =>
        app.post('/exempt', passport.authenticate('exempt'), (_req, res) => {
          res.end();
        }),
    });
    const browser = agent();
    await browser.post('/exempt').send(credentials(user)).expect(200);
    await browser.post('/reset').send(credentials(user)).expect(200, { user: user.id });
    await browser.post('/codes').expect(403);
  });

  it('sends a browser to secondFactorRedirect by the error handler, and answers other clients as ever', async () => {
    const { user } = await test.withTotp(nextId());
    const { agent } = guardedApp(test, {
      protect: { secondFactorRedirect: '/enter-code' },
      routes: (app) =>
        app.post('/as', (req, res, next) => {
          req.auth.loginAs(user, { via: 'magic-link', ...(req.body as object) }).then(() => res.end(), next);
        }),
    });
    const html = 'text/html,application/xhtml+xml,*/*;q=0.8';
    await agent()
      .post('/reset')
      .set('Accept', html)
      .send(credentials(user))
      .expect(302)
      .expect('location', '/enter-code');
    await agent()
      .post('/reset')
      .send({ ...credentials(user), options: { secondFactorRedirect: '/other' } })
      .set('Accept', html)
      .expect('location', '/other');
    await agent().post('/as').set('Accept', html).send({}).expect(302).expect('location', '/enter-code');
    await agent().post('/as').set('Accept', html).send({ secondFactorRedirect: '/mine' }).expect('location', '/mine');
    const answer = await agent().post('/reset').send(credentials(user)).expect(202);
    expect(Object.keys(answer.body as object)).toEqual(['requiresTwoFactor', 'methods', 'expiresAt']);
  });

  it('stays guarded where the app gives Passport another session manager, or other logic', async () => {
    const { user } = await test.withTotp(nextId());
    const { agent, passport } = guardedApp(test);
    const internals = passport as unknown as { _sm: { logIn: unknown } };
    const Manager = internals._sm.constructor as new (options: object, serialize: unknown) => { logIn: unknown };
    internals._sm = new Manager(
      { key: 'passport' },
      (given: TestUser, _req: unknown, done: (error: null, id: number) => void) => {
        done(null, given.id);
      },
    );
    await agent().post('/reset').send(credentials(user)).expect(202);
    internals._sm.logIn = Manager.prototype.logIn as unknown;
    await agent().post('/reset').send(credentials(user)).expect(202);
  });

  it('refuses a request that another copy of passport serves, and a login through one', async () => {
    const { user } = await test.withTotp(nextId());
    const load = createRequire(join(process.cwd(), 'package.json'));
    const path = load.resolve('passport');
    for (const loaded of Object.keys(load.cache))
      if (loaded.startsWith(dirname(path))) Reflect.deleteProperty(load.cache, loaded);
    const other = load(path) as AppPassport;
    expect(other.constructor).not.toBe(Passport);
    other.serializeUser((one, done) => {
      done(null, (one as TestUser).id);
    });
    other.use(passwordOf(test));
    const { agent } = guardedApp(test, {
      routes: (app, passport) => {
        app.post('/other', other.authenticate('local'), (_req, res) => {
          res.end();
        });
        app.get('/all', other.initialize(), twoFactorAuth({ service: test.service, passport }), (_req, res) => {
          res.end();
        });
      },
    });
    for (const browser of [agent().post('/other').send(credentials(user)), agent().get('/all')]) {
      expect((await browser.expect(500)).body).toMatchObject({
        internal: expect.stringContaining('another copy of passport') as string,
      });
    }
  });

  it('is open while the second factor is not enabled', async () => {
    const off = await TestApp.open(database, { twoFactor: { enabled: false } });
    try {
      const { user } = await off.withTotp(1);
      await guardedApp(off).agent().post('/reset').send(credentials(user)).expect(200);
    } finally {
      await off.close();
    }
  });

  it('halts the session login of a token strategy that was left, and not its calls without a session', async () => {
    const { user } = await test.withTotp(nextId());
    class Bearer extends Strategy {
      override readonly name = 'bearer';
      readonly _realm = 'Users';
      readonly _challenge = () => 'Bearer';
      override authenticate(): void {
        this.success(user);
      }
    }
    const { agent, answer } = guardedApp(test, {
      strategies: (passport) => passport.use(new Bearer()),
      routes: (app, passport) => {
        app.get('/api', passport.authenticate('bearer', { session: false }), (_req, res) => {
          res.end();
        });
        app.get('/site', passport.authenticate('bearer'), (_req, res) => {
          res.end();
        });
      },
    });
    expect(answer).toEqual({ wrapped: ['local'], left: ['bearer'] });
    await agent().get('/api').expect(200);
    await agent().get('/site').expect(202);
  });

  it('denies where the judgment fails, and calls back once', async () => {
    const { agent } = guardedApp(test, {
      routes: (app) =>
        app.post('/nobody', (req, res, next) => {
          req.logIn({ name: 'without an id' }, (error: unknown) => {
            if (error) next(error);
            else res.end();
          });
        }),
    });
    const browser = agent();
    const answer = await browser.post('/nobody').expect(500);
    expect(answer.headers['x-user']).toBe('nobody');
    await browser.get('/me').expect(401);
  });
});
