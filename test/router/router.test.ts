import { readFileSync } from 'node:fs';
import express, { json, Router, type Express } from 'express';
import { afterEach, describe, expect, test } from 'vitest';
import { twoFactorAuth } from 'passport-two-factor';
import { html, twoFactorRouter } from 'passport-two-factor/router';
import { de } from '../../lib/router/messages/de.js';
import { en } from '../../lib/router/messages/en.js';
import { duration } from '../../lib/router/messages/index.js';
import request from 'supertest';
import { TestApp } from '../support/app.js';
import { databases } from '../support/databases.js';
import { FormClient } from './form-client.js';
import { RouterApp } from './support.js';

describe.each(databases)('the router on $name', (database) => {
  let app: RouterApp | TestApp;
  afterEach(async () => {
    await app.close();
  });

  test.each([
    ['/', ''],
    ['/account/security', '/account/security'],
    ['/t/:tenant/2fa', '/t/acme/2fa'],
  ])('works where it is mounted, here at %s, and all of its links stay there', async (path, base) => {
    const router = await RouterApp.open(database, { path });
    app = router;
    const page = new FormClient(router.agent());
    const user = await router.test.user(1);
    await page.agent.post('/login').type('form').send({ email: user.email, password: user.password });
    await page.open(`${base}/add`);
    const links = [...page.html.matchAll(/(?:href|src|action)="(?!data:|otpauth:)([^"]*)"/g)].map(([, link]) => link!);
    expect(links.length).toBeGreaterThan(4);
    for (const link of links) expect(link.startsWith(`${base}/`), link).toBe(true);
    await page.submit('/add/totp');
    const secret = /data-copy="([A-Z2-7]+)"/.exec(page.html)![1]!;
    await page.submit('/confirm/totp', { code: router.test.totp(secret) });
    await page.submit('/saved');
    expect([page.status, page.location]).toEqual([303, `${base}/`]);
    expect((await page.agent.get(`${base}/api/openapi.json`)).body.servers).toEqual([{ url: `${base}/api` }]);
  });

  test("works inside of other routers, without the app's own req.auth and beside one of another name", async () => {
    const router = await RouterApp.open(database, {
      before: (outer: Express) => {
        outer.use((req, _res, next) => {
          Object.assign(req, { auth: { payload: "the app's own" } });
          next();
        });
      },
    });
    app = router;
    const nested = Router().use(
      '/deep',
      twoFactorRouter({ service: router.test.service, passport: router.test.passport, pages: true }),
    );
    router.app.use('/outer', nested);
    router.app.use(
      '/named',
      twoFactorAuth({ service: router.test.service, passport: router.test.passport, property: 'mfa' }),
      twoFactorRouter({ service: router.test.service, passport: router.test.passport }),
    );
    const client = await router.loggedIn(await router.test.user(1));
    expect(await client.status()).toMatchObject({ state: 'authenticated' });
    expect((await client.agent.get('/outer/deep/add')).text).toContain('action="/outer/deep/add/totp"');
    expect((await client.agent.get('/named/api/status')).body).toMatchObject({ state: 'authenticated' });
    // Without pages, there are none.
    await client.agent.get('/named/').expect(404);
  });

  test("the app's own routes behind it are reached, with their bodies as they were", async () => {
    const router = await RouterApp.open(database, { path: '/' });
    app = router;
    router.app.post('/echo', json(), (req, res) => {
      res.json(req.body);
    });
    router.app.get('/api/mine', (_req, res) => {
      res.json({ mine: true });
    });
    const agent = router.agent();
    await agent.post('/echo').send({ a: 1 }).expect(200, { a: 1 });
    const { headers } = await agent.get('/api/mine').expect(200, { mine: true });
    expect(headers['cache-control']).toBeUndefined();
    expect(headers['set-cookie']).toBeUndefined();
  });

  test('nobody gets a session for looking', async () => {
    const router = await RouterApp.open(database);
    app = router;
    const { headers } = await router.agent().get('/2fa/api/status').expect(200, { state: 'anonymous' });
    expect(headers['set-cookie']).toBeUndefined();
  });

  test('an app without passkeys has no routes for them, and says so', async () => {
    const router = await RouterApp.open(database);
    app = router;
    const client = await router.loggedIn(await router.test.user(1));
    const token = await client.token();
    for (const path of ['/enroll/passkey', '/passkey', '/passkey/options'])
      await client.post(path, {}, token).expect(404);
    await client.post('/challenge', { method: 'passkey' }, token).expect(400);
    await client.post('/confirm', { method: 'passkey', response: {} }, token).expect(404);
  });

  test('a client with a bearer token and no session needs no CSRF token', async () => {
    const test1 = await TestApp.open(database, {
      service: { recentAuthentication: false, deliver: { email: () => undefined } },
    });
    app = test1;
    const user = await test1.user(1);
    const bearer = express();
    bearer.use((req, _res, next) => {
      if (req.headers.authorization === 'Bearer right') req.user = user;
      next();
    });
    bearer.use('/2fa', twoFactorRouter({ service: test1.service, passport: test1.passport }));
    const post = (path: string, body: object, token = 'right') =>
      request(bearer).post(`/2fa/api${path}`).set('Authorization', `Bearer ${token}`).send(body);
    const setup = await post('/enroll/totp', {}).expect(200);
    await post('/confirm', { method: 'totp', code: test1.totp(setup.body.secret as string) }).expect(200);
    const status = await request(bearer).get('/2fa/api/status').set('Authorization', 'Bearer right').expect(200);
    expect(status.body).toMatchObject({ state: 'authenticated', backupCodes: 10 });
    expect(status.body).not.toHaveProperty('csrfToken');
    const stepUp = await post('/step-up', { code: '123456' }).expect(400);
    expect(stepUp.body.error).toMatchObject({ code: 'INVALID_INPUT', message: expect.stringContaining('session') });
    await post('/enroll/totp', {}, 'wrong').expect(401);
    // Without the header there is nothing that another site could not have sent.
    bearer.use(
      '/cookie',
      (req, _res, next) => {
        req.user = user;
        next();
      },
      twoFactorRouter({ service: test1.service, passport: test1.passport }),
    );
    await request(bearer).post('/cookie/api/enroll/totp').send({ label: 'x' }).expect(403);
  });

  test("what is the server's fault reaches the app's error handler, and is not told to the user", async () => {
    const router = await RouterApp.open(database);
    app = router;
    const client = await router.loggedIn(await router.test.user(1));
    const token = await client.token();
    await router.test.db.query('DROP TABLE two_factor_authenticators');
    await client.post('/backup-codes', {}, token).expect(500);
    expect(router.lastError).toBeInstanceOf(Error);
    router.lastError = undefined;
    await client.agent.get('/2fa').expect(500);
    expect(router.lastError).toBeInstanceOf(Error);
  });

  test('each wrong option is named, with what it must be', async () => {
    const test1 = await TestApp.open(database);
    app = test1;
    const { service, passport } = test1;
    const given = (options: object) => () => twoFactorRouter({ service, passport, ...options });
    for (const [options, message] of [
      [{ page: true }, /no option "page"; there are service, passport, pages/],
      [{ service: {} }, /service must be a TwoFactorService/],
      [{ passport: {} }, /passport must be the app's passport/],
      [{ pages: 'yes' }, /pages must be true, false or an object/],
      [{ pages: { home: () => '' } }, /pages\.home must be a render function of one of the pages code, choose/],
      [{ login: '' }, /login must be the name of a strategy, or false/],
      [{ loginPath: 7 }, /loginPath must be/],
      [{ returnTo: 'https://evil.example' }, /returnTo must be a path on this site/],
      [{ locale: 7 }, /locale must be a language/],
      [{ messages: { 'not a language': {} } }, /messages must name languages/],
      [
        { messages: { fr: { 'manage.titel': 'x' } } },
        /messages\.fr must be texts by their keys; "manage\.titel" is none/,
      ],
      [{ stylesheet: 7 }, /stylesheet must be/],
      [{ methods: ['push'] }, /methods must be a list of "totp", "email", "sms" and "passkey"/],
      [{ methods: [] }, /methods must be a list/],
    ] as const)
      expect(given(options), JSON.stringify(options)).toThrow(message);
    expect(() => twoFactorRouter(undefined as never)).toThrow(/twoFactorRouter: the argument must be an object/);
    expect(given({})).not.toThrow();
  });
});

describe('the texts', () => {
  const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

  test('are all there in German, with the same things to fill in', () => {
    expect(Object.keys(de)).toEqual(Object.keys(en));
    for (const key of Object.keys(en) as (keyof typeof en)[]) {
      expect(placeholders(de[key]), key).toEqual(placeholders(en[key]));
      if (de[key] === en[key]) expect(['Code', 'Name', 'Passkey'], key).toContain(en[key]);
    }
  });

  test.each([
    [1, '1 second'],
    [30, '30 seconds'],
    [119, '119 seconds'],
    [120, '2 minutes'],
    [121, '3 minutes'],
    [3600, '60 minutes'],
    [7200, '2 hours'],
  ])('%i seconds are %s', (seconds, text) => {
    expect(duration('en', seconds)).toBe(text);
  });

  test('what is filled into a page is escaped once, and what is markup already is not', () => {
    expect(html`<p title="${'"<>&\''}">${html`<b>${'<'}</b>`}${['a', html`<i>`, false, undefined, 0]}</p>`.markup).toBe(
      '<p title="&quot;&lt;&gt;&amp;&#39;"><b>&lt;</b>a<i>0</p>',
    );
  });
});

describe('the example', () => {
  test('writes its second factor in at most thirty lines', () => {
    const lines = readFileSync('examples/router/second-factor.ts', 'utf8').trim().split('\n');
    expect(lines.length).toBeLessThanOrEqual(30);
  });
});
