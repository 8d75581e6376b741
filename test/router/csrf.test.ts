import { csrfSync } from 'csrf-sync';
import express, { json, urlencoded, type Express, type Request } from 'express';
import session from 'express-session';
import request from 'supertest';
import { afterEach, describe, expect, test } from 'vitest';
import { secondFactorErrorHandler } from 'passport-two-factor';
import { twoFactorRouter, type TwoFactorRouterOptions } from 'passport-two-factor/router';
import { TestApp, type Agent, type TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';
import { FormClient } from './form-client.js';

/** An app whose guard stands before all of its routes, the router among them. Its own error is told apart by its status. */
function guarded(test1: TestApp, field: string, options: Partial<TwoFactorRouterOptions> = {}): Express {
  const { service, passport } = test1;
  const guard = csrfSync({
    getTokenFromRequest: (req) => req.get('x-csrf-token') ?? (req.body as Record<string, string> | undefined)?.[field],
    errorConfig: { statusCode: 418, message: "The app's guard refused.", code: 'APP' },
  });
  const app = express();
  app.use(urlencoded({ extended: false }), json());
  app.use(session({ secret: 'test', resave: false, saveUninitialized: false }), passport.session());
  app.use(guard.csrfSynchronisedProtection);
  app.get('/token', (req, res) => {
    res.json({ token: guard.generateToken(req) });
  });
  app.post(
    '/login',
    passport.authenticate('local', { secondFactorRedirect: '/2fa', successRedirect: '/' }) as express.RequestHandler,
  );
  app.get('/me', (req, res) => {
    res.status(req.user ? 200 : 401).end();
  });
  app.use(
    '/2fa',
    twoFactorRouter({
      service,
      passport,
      pages: true,
      csrf: { token: (req) => guard.generateToken(req), field },
      ...options,
    }),
  );
  app.use(secondFactorErrorHandler());
  app.use((error: Error & { status?: number }, _req: Request, res: express.Response, _next: express.NextFunction) => {
    res.status(error.status ?? 500).json({ internal: error.message });
  });
  return app;
}

async function logIn(agent: Agent, { email, password }: TestUser, field = '_csrf'): Promise<string | undefined> {
  const { body } = await agent.get('/token');
  return (
    await agent
      .post('/login')
      .type('form')
      .send({ email, password, [field]: body.token as string })
      .expect(302)
  ).headers.location;
}

describe.each(databases)('a CSRF guard of the app before the router, on $name', (database) => {
  let app: TestApp;
  afterEach(async () => {
    await app.close();
  });

  test.each(['_csrf', 'app_token'])(
    'takes every form of the pages by its field %s: set-up, login, step-up, changes',
    async (field) => {
      app = await TestApp.open(database);
      const agent = request.agent(guarded(app, field));
      const user = await app.user(1);
      await logIn(agent, user, field);
      const page = new FormClient(agent);
      await (await page.open('/2fa/add')).submit('/add/totp');
      const secret = /data-copy="([A-Z2-7]+)"/.exec(page.html)![1]!;
      await page.submit('/confirm/totp', { code: app.totp(secret) });
      await page.submit('/saved');
      app.clock.advance('30s');
      expect(await logIn(agent, user, field)).toBe('/2fa');
      await (await page.open('/2fa')).submit('/verify', { code: app.totp(secret) });
      expect([page.status, page.location]).toEqual([303, '/']);
      app.clock.advance('6m');
      await (await page.open('/2fa/step-up')).submit('/step-up', { code: app.totp(secret) });
      expect([page.status, page.location]).toEqual([303, '/2fa/']);
      await (await (await page.open('/2fa')).submit('/rename', { label: 'Phone' })).follow();
      expect(page.text).toContain('The name was saved.');
      expect((await page.submit('/backup-codes')).text).toContain('Save your backup codes');
    },
  );

  test('takes its token from a client of the JSON API, which status and each answer tell', async () => {
    app = await TestApp.open(database);
    const { user, secret } = await app.withTotp(1);
    const agent = request.agent(guarded(app, '_csrf'));
    await logIn(agent, user);
    const { csrfToken } = (await agent.get('/2fa/api/status')).body as { csrfToken: string };
    await agent
      .post('/2fa/api/verify')
      .send({ code: app.totp(secret) })
      .expect(418);
    const { body } = await agent
      .post('/2fa/api/verify')
      .set('x-csrf-token', csrfToken)
      .send({ code: app.totp(secret) })
      .expect(200);
    expect(body.csrfToken).not.toBe(csrfToken);
    await agent
      .post('/2fa/api/backup-codes')
      .set('x-csrf-token', body.csrfToken as string)
      .expect(200);
  });

  test('refuses what another site posts, and the router does where the guard is missing', async () => {
    app = await TestApp.open(database);
    const { user, secret } = await app.withTotp(1);
    const agent = request.agent(guarded(app, '_csrf'));
    await logIn(agent, user);
    await agent
      .post('/2fa/verify')
      .type('form')
      .send({ code: app.totp(secret) })
      .expect(418);
    await agent.get('/me').expect(401);

    const unguarded = express();
    unguarded.use(session({ secret: 'test', resave: false, saveUninitialized: false }), app.passport.session());
    unguarded.post(
      '/login',
      json(),
      app.passport.authenticate('local', { secondFactorRedirect: '/2fa' }) as express.RequestHandler,
    );
    const token = (req: Request): string => (req as Request & { csrfToken?: () => string }).csrfToken?.() ?? '';
    unguarded.use(
      '/2fa',
      twoFactorRouter({ service: app.service, passport: app.passport, pages: true, csrf: { token } }),
    );
    unguarded.use(
      '/other',
      twoFactorRouter({ service: app.service, passport: app.passport, pages: true, csrf: { token: () => 'any' } }),
    );
    unguarded.use((error: Error, _req: Request, res: express.Response, _next: express.NextFunction) => {
      res.status(500).json({ internal: error.message });
    });
    const other = request.agent(unguarded);
    await other.post('/login').send({ email: user.email, password: user.password }).expect(302);
    for (const answer of [
      await other.get('/2fa'),
      await other
        .post('/2fa/verify')
        .type('form')
        .send({ code: app.totp(secret) }),
    ]) {
      expect([answer.status, answer.text]).toEqual([
        500,
        expect.stringContaining('csrf.token must answer the token of the app'),
      ]);
    }
    await other
      .post('/other/verify')
      .set('Sec-Fetch-Site', 'cross-site')
      .type('form')
      .send({ code: app.totp(secret) })
      .expect(403);
    await other
      .post('/other/api/verify')
      .set('Sec-Fetch-Site', 'cross-site')
      .send({ code: app.totp(secret) })
      .expect(403);
  });

  test('each wrong part of the option is named', async () => {
    app = await TestApp.open(database);
    const given = (csrf: unknown) => () =>
      twoFactorRouter({ service: app.service, passport: app.passport, csrf: csrf as never });
    for (const [csrf, message] of [
      [true, /csrf must be an object: \{ token, field\? \}; got boolean/],
      [null, /csrf must be an object/],
      [{}, /csrf\.token must be a function/],
      [{ token: 'x' }, /csrf\.token must be a function/],
      [{ token: () => 'x', field: '' }, /csrf\.field must be the name of a form field/],
      [{ token: () => 'x', feild: 'x' }, /no option "csrf\.feild"; there are token, field/],
    ] as const)
      expect(given(csrf), JSON.stringify(csrf)).toThrow(message);
  });
});
