import express, { type Express } from 'express';
import session from 'express-session';
import { Passport } from 'passport';
import { Strategy as LocalStrategy } from 'passport-local';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { protect, secondFactorErrorHandler, TwoFactorStrategy } from 'passport-two-factor';
import { TestApp, UserSchema, type TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';

/** An app as it was before it knew of a second factor, and the one line that it adds. */
function existingApp(test: TestApp, added: (passport: InstanceType<typeof Passport>) => void): Express {
  const passport = new Passport();
  const users = test.db.getRepository(UserSchema);
  const local = () =>
    new LocalStrategy({ usernameField: 'email' }, (email, password, done) => {
      users.findOneBy({ email }).then((user) => {
        done(null, user?.password === password ? user : false);
      }, done);
    });
  passport.serializeUser((user, done) => {
    done(null, (user as TestUser).id);
  });
  passport.deserializeUser((id: number, done) => {
    users.findOneBy({ id }).then((user) => {
      done(null, user ?? false);
    }, done);
  });
  passport.use(local());
  passport.use('key', local());
  added(passport);
  passport.use('later', local());

  const app = express();
  app.use(express.json(), session({ secret: 'test', resave: false, saveUninitialized: false }), passport.session());
  for (const name of ['local', 'key', 'later']) {
    app.post(`/${name}`, passport.authenticate(name), (req, res) => {
      res.json({ id: (req.user as TestUser).id });
    });
  }
  app.post('/2fa', passport.authenticate('two-factor'), (req, res) => {
    res.json({ id: (req.user as TestUser).id });
  });
  app.get('/me', (req, res) => {
    res.status(req.isAuthenticated() ? 200 : 401).end();
  });
  app.use(secondFactorErrorHandler());
  return app;
}

describe.each(databases)('protect(passport) on $name', (database) => {
  let test: TestApp;
  beforeAll(async () => {
    test = await TestApp.open(database);
  });
  afterAll(() => test.close());

  it('halts the strategies that were registered before it and after it, and finishes with the one it registers', async () => {
    const { user, secret } = await test.withTotp(1);
    const app = existingApp(test, (passport) => {
      protect(passport, { service: test.service });
    });
    const { email, password } = user;
    for (const name of ['local', 'key', 'later'])
      await request(app).post(`/${name}`).send({ email, password }).expect(401);
    const agent = request.agent(app);
    await agent.post('/later').send({ email, password }).expect(401);
    await agent
      .post('/2fa')
      .send({ code: test.totp(secret) })
      .expect(200, { id: user.id });
    // The session strategy is as it was: the login holds.
    await agent.get('/me').expect(200);
  });

  it('leaves alone what it is told to', async () => {
    const { user } = await test.withTotp(2);
    const { email, password } = user;
    const except = existingApp(test, (passport) => {
      protect(passport, { service: test.service, except: ['key'] });
    });
    await request(except).post('/key').send({ email, password }).expect(200);
    await request(except).post('/local').send({ email, password }).expect(401);
    const only = existingApp(test, (passport) => {
      protect(passport, { service: test.service, only: ['local'] });
    });
    await request(only).post('/later').send({ email, password }).expect(200);
    await request(only).post('/local').send({ email, password }).expect(401);
  });

  it('does not wrap twice', () => {
    const passport = new Passport();
    const wrapped = new TwoFactorStrategy(
      { service: test.service },
      new LocalStrategy((_name, _password, done) => {
        done(null, false);
      }),
    );
    passport.use(wrapped);
    protect(passport, { service: test.service });
    protect(passport, { service: test.service });
    expect((passport as unknown as { _strategies: Record<string, unknown> })._strategies.local).toBe(wrapped);
  });

  it('refuses a name that no strategy has, since a misspelt one would protect nothing', () => {
    const passport = new Passport();
    expect(() => {
      protect(passport, { service: test.service, only: ['lcoal'] });
    }).toThrow(/no strategy is registered as "lcoal"/);
    expect(() => {
      protect(passport, { service: test.service, except: ['apikey'] });
    }).toThrow(/"apikey"/);
    expect(() => {
      protect({} as never, { service: test.service });
    }).toThrow(/the app's passport/);
    expect(() => {
      protect(passport, {} as never);
    }).toThrow(/service must be a TwoFactorService/);
  });
});
