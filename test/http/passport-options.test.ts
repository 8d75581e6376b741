import type { Request, RequestHandler } from 'express';
import { Strategy } from 'passport';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireSecondFactor, secondFactorErrorHandler, TwoFactorStrategy } from 'passport-two-factor';
import { TestApp, type Agent, type TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';

type Data = Record<string, unknown>;
const data = (req: Request): Data => req.session as unknown as Data;

describe.each(databases)('the options of passport.authenticate on $name', (database) => {
  let test: TestApp;
  let user: TestUser;
  let secret: string;
  let ids = 10;

  beforeAll(async () => {
    test = await TestApp.open(database, {
      service: { keepInSession: ['returnTo', 'language'] },
      routes: (app, { passport, service }) => {
        app.post(
          '/form/login',
          passport.authenticate('local', {
            secondFactorRedirect: '/form/2fa',
            failureRedirect: '/form/login?failed',
            successRedirect: '/form/home',
            remember: (req) => (req.body as Data).remember === 'on',
          }),
        );
        app.post(
          '/form/2fa',
          passport.authenticate('two-factor', {
            successReturnToOrRedirect: '/form/home',
            failureRedirect: '/form/2fa?failed',
            failureMessage: true,
          }),
        );
        app.post('/form/kept', passport.authenticate('local', { keepSessionInfo: true }), (_req, res) => {
          res.end();
        });
        app.post('/form/kept/2fa', passport.authenticate('two-factor', { keepSessionInfo: true }), (_req, res) => {
          res.end();
        });
        app.post(
          '/form/handled',
          passport.authenticate('local'),
          secondFactorErrorHandler({ status: 202, redirect: '/form/2fa' }),
        );
        app.post('/form/data', (req, res) => {
          Object.assign(req.session, req.body);
          res.end();
        });
        app.get('/form/data', (req, res) => {
          res.json({ ...data(req), twoFactor: undefined, passport: undefined, cookie: undefined });
        });
        app.get('/form/secret', requireSecondFactor({ service, maxAge: '5m', redirect: '/form/2fa' }), (_req, res) => {
          res.end('secret');
        });
      },
    });
    ({ user, secret } = await test.withTotp(1));
  });
  afterAll(() => test.close());

  const form = (agent: Agent, path: string, body: object) => agent.post(path).type('form').send(body);
  const first = (agent: Agent, more: object = {}) =>
    form(agent, '/form/login', { email: user.email, password: user.password, ...more });
  const freshCode = (): string => {
    test.clock.advance('30s');
    return test.totp(secret);
  };

  it('send a halted login to secondFactorRedirect and a finished one where the user was going', async () => {
    const agent = test.agent();
    await agent.get('/form/secret').expect(302).expect('location', '/form/2fa');
    await first(agent).expect(302).expect('location', '/form/2fa');
    await form(agent, '/form/2fa', { code: freshCode() }).expect(302).expect('location', '/form/secret');
    await agent.get('/form/secret').expect(200);
  });

  it('send a refused login and a wrong code to failureRedirect, with the message', async () => {
    const agent = test.agent();
    await form(agent, '/form/login', { email: user.email, password: 'wrong' }).expect('location', '/form/login?failed');
    await first(agent);
    await form(agent, '/form/2fa', { code: test.wrongTotp(secret) }).expect('location', '/form/2fa?failed');
    const { body } = await agent.get('/form/data').expect(200);
    expect((body as Data).messages).toEqual(['The code is not valid.']);
    await form(agent, '/form/2fa', { code: freshCode() }).expect('location', '/form/home');
  });

  it('send a user without a second factor straight on', async () => {
    await test.user(2);
    await form(test.agent(), '/form/login', { email: 'user2@example.com', password: 'correct horse' }).expect(
      'location',
      '/form/home',
    );
  });

  it('never let a page of another site be the one that the user was going to', async () => {
    const agent = test.agent();
    await first(agent);
    await form(agent, '/form/2fa', { code: freshCode() });
    test.clock.advance('6m');
    await agent.get('//evil.example/form/secret');
    const { body } = await agent.get('/form/data');
    expect((body as Data).returnTo).toBeUndefined();
  });

  it('remember a login only once it is finished, for rememberFor', async () => {
    const agent = test.agent();
    const halted = await first(agent, { remember: 'on' });
    expect(String(halted.headers['set-cookie'])).not.toMatch(/Expires/);
    const finished = await form(agent, '/form/2fa', { code: freshCode() });
    const expires = /Expires=([^;]+)/.exec(String(finished.headers['set-cookie']))?.[1];
    const days = (Date.parse(expires ?? '') - Date.now()) / 86_400_000;
    expect(Math.round(days)).toBe(30);
    // A step-up keeps the session remembered.
    test.clock.advance('6m');
    const steppedUp = await form(agent, '/form/2fa', { code: freshCode() });
    expect(String(steppedUp.headers['set-cookie'])).toMatch(/Expires/);
    const forgotten = test.agent();
    await first(forgotten);
    expect(String((await form(forgotten, '/form/2fa', { code: freshCode() })).headers['set-cookie'])).not.toMatch(
      /Expires/,
    );
  });

  it('keep of the session what keepInSession names, and nothing else', async () => {
    const agent = test.agent();
    await form(agent, '/form/data', { language: 'de', isAdmin: 'yes' });
    await first(agent);
    await agent.get('/form/data').expect(200, { language: 'de' });
    await form(agent, '/form/2fa', { code: freshCode() });
    await agent.get('/form/data').expect(200, { language: 'de' });
  });

  it('keep all of it with keepSessionInfo, save the pending login', async () => {
    const agent = test.agent();
    await form(agent, '/form/data', { cart: 'full' });
    await form(agent, '/form/kept', { email: user.email, password: user.password }).expect(202);
    await form(agent, '/form/kept/2fa', { code: freshCode() }).expect(200);
    await agent.get('/form/data').expect(200, { cart: 'full' });
    const { body } = await test.call(agent, '.isLoggedIn');
    expect(body).toEqual({ result: true });
  });

  it('that nobody could have meant are refused when the strategy is made', () => {
    const inner = { name: 'local', authenticate: () => undefined };
    const make = (options: object) => () => new TwoFactorStrategy({ service: test.service, ...options }, inner);
    expect(make({ kind: 'Oauth' })).toThrow(
      'TwoFactorStrategy: kind must be one of "local", "oauth", "remembered", "unknown"; got string "Oauth"',
    );
    expect(make({ secondFactorRedirect: 5 })).toThrow(
      'TwoFactorStrategy: secondFactorRedirect must be a path such as "/2fa"; got number',
    );
    expect(make({ name: 'x'.repeat(192) })).toThrow('TwoFactorStrategy: name must have 1 to 191 characters; got 192');
  });

  it.each(['user', '__proto__', 'constructor', 'session', 'logIn', '_sessionManager', ''])(
    'that put an account in the place of "%s" link none: it is halted like a login',
    async (assignProperty) => {
      const agent = test.agent();
      await test.login(agent, await test.user((ids += 1))).expect(200);
      test.app.post(
        `/assign/${assignProperty}`,
        test.passport.authenticate('local', { assignProperty }),
        (_req, res) => {
          res.end();
        },
      );
      await agent.post(`/assign/${assignProperty}`).send({ email: user.email, password: user.password }).expect(401);
      await agent.get('/me').expect(401);
    },
  );

  it('with session: false leave nobody on the request whose login was halted', async () => {
    class Eager extends Strategy {
      override readonly name = 'eager';
      override authenticate(req: Request): void {
        req.user = user;
        this.success(user);
      }
    }
    test.passport.use(new TwoFactorStrategy({ service: test.service }, new Eager()));
    test.app.post('/eager', (req, res, next) => {
      void (test.passport.authenticate('eager', { session: false }) as RequestHandler)(req, res, (error?: unknown) => {
        if (!error) next();
        else res.json({ user: req.user ?? null });
      });
    });
    await test.agent().post('/eager').expect(200, { user: null });
  });

  it('send a browser to the page for the code, and no other client', async () => {
    for (const [accept, status] of [
      ['text/html,application/xhtml+xml,*/*;q=0.8', 302],
      ['*/*', 202],
      ['application/json', 202],
    ] as const) {
      const answer = await test
        .agent()
        .post('/form/handled')
        .set('Accept', accept)
        .type('form')
        .send({ email: user.email, password: user.password });
      expect([accept, answer.status]).toEqual([accept, status]);
    }
  });

  it('step up a session that is logged in, and keep its data', async () => {
    const agent = test.agent();
    await first(agent);
    await form(agent, '/form/2fa', { code: freshCode() });
    await form(agent, '/form/data', { cart: 'full' });
    test.clock.advance('6m');
    await agent.get('/form/secret').expect(302);
    await test.call(agent, 'generateNewBackupCodes').expect(403);
    await form(agent, '/form/2fa', { code: freshCode() }).expect('location', '/form/secret');
    await agent.get('/form/secret').expect(200);
    await test.call(agent, 'generateNewBackupCodes').expect(200);
    const { body } = await agent.get('/form/data');
    expect(body).toMatchObject({ cart: 'full' });
  });
});
