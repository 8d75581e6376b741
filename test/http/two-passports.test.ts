import express, { type Request, type RequestHandler, type Response } from 'express';
import session from 'express-session';
import { Passport } from 'passport';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  protect,
  secondFactorErrorHandler,
  SecondFactorStrategy,
  twoFactorAuth,
  TwoFactorStrategy,
  type RequestAuth,
} from 'passport-two-factor';
import { TestApp, UserSchema, type TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';
import { passwordOf } from './guarded.js';

interface Kept {
  readonly type: string;
  readonly id: number;
}

/** The ordinary way to keep two kinds of users apart. */
function passportOf(test: TestApp, type: string): InstanceType<typeof Passport> {
  const passport = new Passport();
  passport.serializeUser((user, done) => {
    done(null, { type, id: (user as TestUser).id });
  });
  passport.deserializeUser((kept: Kept, done) => {
    if (kept.type !== type) {
      done(null, false);
      return;
    }
    test.db
      .getRepository(UserSchema)
      .findOneBy({ id: kept.id })
      .then((user) => {
        done(null, user ? { ...user, type } : false);
      }, done);
  });
  passport.use(passwordOf(test));
  return passport;
}

describe.each(databases)('an app with two Passports on $name', (database) => {
  let test: TestApp;
  beforeAll(async () => {
    test = await TestApp.open(database);
  });
  afterAll(() => test.close());

  function site(names: Partial<Record<'customers' | 'staff', string>> = {}) {
    const { service } = test;
    const customers = passportOf(test, 'customer');
    const staff = passportOf(test, 'staff');
    for (const [passport, name] of [
      [customers, names.customers],
      [staff, names.staff],
    ] as const) {
      protect(passport, { service, ...(name !== undefined && { name }) });
    }
    const app = express();
    app.use(express.json(), session({ secret: 'test', resave: false, saveUninitialized: false }));
    const only =
      (type: string, use: RequestHandler): RequestHandler =>
      (req, res, next) => {
        const kept = (req.session as { passport?: { user?: Kept } }).passport?.user;
        if (!kept || kept.type === type) use(req, res, next);
        else next();
      };
    // The staff's comes last, so that it is the one that runs in every request.
    app.use(only('customer', customers.session()), only('staff', staff.session()));
    app.use(
      twoFactorAuth({ service, passport: customers }),
      twoFactorAuth({ service, passport: staff, property: 'staffAuth' }),
    );
    const who = (req: Request, res: Response): void => {
      res.json({ type: (req.user as { type?: string } | undefined)?.type ?? null });
    };
    for (const [type, passport, property] of [
      ['customer', customers, 'auth'],
      ['staff', staff, 'staffAuth'],
    ] as const) {
      const authOf = (req: Request): RequestAuth => (req as unknown as Record<string, RequestAuth>)[property]!;
      const done = (res: Response) => () => {
        res.json({ done: true });
      };
      app.post(`/${type}/login`, (req, res, next) => {
        authOf(req).login(req.body.email, req.body.password).then(done(res), next);
      });
      app.post(`/${type}/as`, (req, res, next) => {
        test.db
          .getRepository(UserSchema)
          .findOneBy({ email: req.body.email })
          .then((user) => authOf(req).loginAs(user as never, { via: 'sign-up' }))
          .then(done(res), next);
      });
      app.post(`/${type}/verify`, (req, res, next) => {
        authOf(req)
          .twoFactor.verify.totp(req.body.code)
          .then(() => authOf(req).completeTwoFactorLogin())
          .then(done(res), next);
      });
      app.post(`/${type}/logout`, (req, res, next) => {
        authOf(req).logout().then(done(res), next);
      });
      app.get(`/${type}/pending`, (req, res) => {
        res.json({ pending: authOf(req).pending !== undefined });
      });
      app.post(`/${type}/2fa`, passport.authenticate('two-factor'), (_req, res) => {
        res.json({ done: true });
      });
      app.post(`/${type}/token`, passport.authenticate('local', { session: false }), (_req, res) => {
        res.json({ done: true });
      });
      app.post(`/${type}/token/2fa`, passport.authenticate('two-factor', { session: false }), (_req, res) => {
        res.json({ done: true });
      });
    }
    app.get('/who', who);
    app.use(secondFactorErrorHandler({ status: 202 }));
    return app;
  }

  const other = { customer: 'staff', staff: 'customer' } as const;

  it('logs in, completes and logs out through the Passport of req.auth, whichever runs last', async () => {
    const app = site();
    const plain = await test.user(1);
    const { user, secret } = await test.withTotp(2);
    for (const type of ['customer', 'staff'] as const) {
      for (const path of ['login', 'as']) {
        const agent = request.agent(app);
        await agent.post(`/${type}/${path}`).send(plain).expect(200);
        await agent.get('/who').expect(200, { type });
        await agent.post(`/${type}/logout`).expect(200);
        await agent.get('/who').expect(200, { type: null });
      }
      const agent = request.agent(app);
      await agent.post(`/${type}/login`).send(user).expect(202);
      await agent
        .post(`/${type}/verify`)
        .send({ code: test.totp(secret) })
        .expect(200);
      await agent.get('/who').expect(200, { type });
      test.clock.advance('30s');
    }
  });

  it('finishes a pending login by the Passport that began it, and charges nothing to another one', async () => {
    const app = site();
    const { user, secret } = await test.withTotp(3);
    for (const type of ['customer', 'staff'] as const) {
      const agent = request.agent(app);
      await agent.post(`/${type}/login`).send(user).expect(202);
      const body = { code: test.totp(secret) };
      for (const path of [`/${other[type]}/2fa`, `/${other[type]}/verify`]) {
        for (let count = 0; count < 6; count += 1) {
          expect(
            (
              await agent
                .post(path)
                .send({ code: test.wrongTotp(secret) })
                .expect(401)
            ).body,
          ).toMatchObject({ error: { code: 'CHALLENGE_EXPIRED' } });
        }
        await agent.post(path).send(body).expect(401);
      }
      await agent.get(`/${other[type]}/pending`).expect(200, { pending: false });
      await agent.get(`/${type}/pending`).expect(200, { pending: true });
      await agent.post(`/${type}/2fa`).send(body).expect(200);
      await agent.get('/who').expect(200, { type });
      test.clock.advance('30s');

      const { challengeToken } = (await request(app).post(`/${type}/token`).send(user).expect(202)).body as {
        challengeToken: string;
      };
      const token = { challengeToken, code: test.totp(secret) };
      expect((await request(app).post(`/${other[type]}/token/2fa`).send(token).expect(401)).body).toMatchObject({
        error: { code: 'CHALLENGE_EXPIRED' },
      });
      await request(app).post(`/${type}/token/2fa`).send(token).expect(200);
      test.clock.advance('30s');
    }
  });

  it('knows its Passports again in another process by their names, in whatever order that sets them up', async () => {
    const { user, secret } = await test.withTotp(4);
    const begin = site({ customers: 'shop', staff: 'office' });
    const { challengeToken } = (await request(begin).post('/customer/token').send(user).expect(202)).body as {
      challengeToken: string;
    };
    const token = { challengeToken, code: test.totp(secret) };
    await request(site({ customers: 'office', staff: 'shop' }))
      .post('/customer/token/2fa')
      .send(token)
      .expect(401);
    await request(site({ customers: 'shop', staff: 'office' }))
      .post('/customer/token/2fa')
      .send(token)
      .expect(200);
  });

  it('refuses a name that is none, and a second one for the same Passport', () => {
    const { service } = test;
    for (const name of ['', '#1', 'x'.repeat(65), 5]) {
      expect(() => protect(new Passport(), { service, name: name as string })).toThrow(
        /^protect: name must have 1 to 64 characters/,
      );
    }
    const passport = new Passport();
    protect(passport, { service, name: 'shop' });
    expect(() => twoFactorAuth({ service, passport, name: 'office' })).toThrow(/called "shop" already/);
    expect(() => twoFactorAuth({ service, passport, name: 'shop' })).not.toThrow();
  });

  it('needs no name for one Passport that was never introduced: strategies alone finish what they have begun', async () => {
    const { user, secret } = await test.withTotp(5);
    const passport = passportOf(test, 'any');
    passport
      .use(new TwoFactorStrategy({ service: test.service }, passwordOf(test)))
      .use(new SecondFactorStrategy({ service: test.service }));
    const app = express();
    app.use(express.json(), session({ secret: 'test', resave: false, saveUninitialized: false }), passport.session());
    app.post('/login', passport.authenticate('local'));
    app.post('/2fa', passport.authenticate('two-factor'), (_req, res) => {
      res.end();
    });
    app.use(secondFactorErrorHandler({ status: 202 }));
    const agent = request.agent(app);
    await agent.post('/login').send(user).expect(202);
    await agent
      .post('/2fa')
      .send({ code: test.totp(secret) })
      .expect(200);
  });
});
