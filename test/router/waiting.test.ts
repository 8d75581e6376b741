import type express from 'express';
import { urlencoded } from 'express';
import request from 'supertest';
import { Strategy as LocalStrategy } from 'passport-local';
import { afterEach, describe, expect, test } from 'vitest';
import { secondFactorErrorHandler, TooManyAttemptsError } from 'passport-two-factor';
import { twoFactorErrorPages } from 'passport-two-factor/router';
import type { TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';
import { FormClient } from './form-client.js';
import { RouterApp } from './support.js';

const html = 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8';

/** What somebody is told who has to wait, or whose login cannot go on. */
describe.each(databases)('waiting, on $name', (database) => {
  let app: RouterApp;
  afterEach(async () => {
    await app.close();
  });

  async function browser(user: TestUser): Promise<FormClient> {
    const client = new FormClient(app.agent());
    await app.login(client.agent, user);
    return client;
  }

  test('a code that was used is refused by a page that says: good once, the next within 30 seconds', async () => {
    app = await RouterApp.open(database);
    const { user, secret } = await app.test.withTotp(1);
    const code = app.test.totp(secret);
    await (await (await browser(user)).open('/2fa')).submit('/verify', { code });
    const used = await (await (await browser(user)).open('/2fa')).submit('/verify', { code });
    expect([used.status, used.text]).toEqual([
      401,
      expect.stringMatching(/each is good once\. Your app shows the next one within 30 seconds\./),
    ]);
    const wrong = await (
      await (await browser(user)).open('/2fa')
    ).submit('/verify', { code: app.test.wrongTotp(secret) });
    expect(wrong.text).toBe(used.text);
    const { text } = await used.agent
      .post('/2fa/verify')
      .set('Accept-Language', 'de')
      .type('form')
      .send({ _csrf: (await used.agent.get('/2fa/api/status')).body.csrfToken as string, code });
    expect(text).toMatch(/Jeder gilt einmal\. Ihre App zeigt innerhalb von 30 Sekunden den nächsten\./);
  });

  test('while codes are not looked at, the page has no field for one, and its wait is counted and leads back', async () => {
    app = await RouterApp.open(database);
    const { user, secret } = await app.test.withTotp(1);
    const inside = await app.loggedIn(user, secret);
    app.test.clock.advance('6m');
    const guessing = await (await browser(user)).open('/2fa');
    for (let wrong = 0; wrong < 5; wrong += 1) await guessing.submit('/verify', { code: app.test.wrongTotp(secret) });

    const login = await browser(user);
    const token = (await login.agent.get('/2fa/api/status')).body.csrfToken as string;
    login.html = (
      await login.agent
        .post('/2fa/verify')
        .type('form')
        .send({ _csrf: token, method: 'totp', code: app.test.totp(secret), returnTo: '/inbox' })
        .expect(429)
    ).text;
    const stepUp = new FormClient(inside.agent);
    stepUp.html = (
      await stepUp.agent
        .post('/2fa/step-up')
        .type('form')
        .send({ _csrf: (await inside.status()).csrfToken as string, method: 'totp', code: app.test.totp(secret) })
        .expect(429)
    ).text;
    for (const { html: page, text } of [login, stepUp]) {
      expect(page).not.toMatch(/<form|name="code"/);
      expect(page).toMatch(/data-resend-after="30"[^]*data-wait="Time left: \{time\}\."/);
      expect(text).toContain('Too many attempts. Try again in 30 seconds.');
    }
    app.test.clock.advance('30s');
    const back = /class="tf-button" href="([^"]+)"/.exec(login.html)![1]!.replaceAll('&amp;', '&');
    expect(back).toBe('/2fa/?method=totp&returnTo=%2Finbox');
    await (await login.open(back)).submit('/verify', { code: app.test.totp(secret) });
    expect([login.status, login.location]).toEqual([303, '/inbox']);
  });

  test('an enrollment that has to wait keeps what is being set up', async () => {
    app = await RouterApp.open(database);
    const { user, secret } = await app.test.withTotp(1);
    const page = new FormClient((await app.loggedIn(user, secret)).agent);
    await (await page.open('/2fa/add')).submit('/add/totp');
    const fresh = /data-copy="([A-Z2-7]+)"/.exec(page.html)![1]!;
    for (let tries = 0; tries < 6 && page.status !== 429; tries += 1)
      await page.submit('/confirm/totp', { code: app.test.wrongTotp(fresh) });
    expect(page.status).toBe(429);
    expect(page.html).not.toContain('name="code"');
    await page.submit('/confirm/totp');
    expect([page.status, page.html]).toEqual([200, expect.stringContaining(`data-copy="${fresh}"`)]);
    expect(page.html).toContain('name="code"');
  });

  test('too many wrong passwords: 429 to both, and no field on the page', async () => {
    app = await RouterApp.open(database, { router: { login: 'limited' } });
    app.test.passport.use(
      'limited',
      new LocalStrategy({ usernameField: 'email' }, (_email, _password, done) => {
        done(new TooManyAttemptsError(90));
      }),
    );
    const client = await app.loggedIn(await app.test.user(1));
    app.test.clock.advance('6m');
    const refused = await client.refused('/step-up', { password: 'guess' }, 429, 'TOO_MANY_ATTEMPTS');
    expect(refused.retryAfter).toBe(90);
    const page = await new FormClient(client.agent).open('/2fa/step-up');
    await page.submit('/step-up/password', { password: 'guess' });
    expect([page.status, page.text]).toEqual([
      429,
      expect.stringContaining('Too many attempts. Try again in 90 seconds.'),
    ]);
    expect(page.html).not.toMatch(/<form|name="password"/);
    expect(page.html).toMatch(/data-resend-after="90"[^]*href="\/2fa\/step-up"/);
  });

  /** The app's own routes after the router, as one with pages for browsers ends. */
  const ends = (): express.Express => {
    const { app: outer } = app;
    outer.post(
      '/enter',
      urlencoded({ extended: false }),
      app.test.passport.authenticate('local') as express.RequestHandler,
    );
    outer.use(twoFactorErrorPages({ path: '/2fa/' }), secondFactorErrorHandler());
    return outer;
  };
  const enter = (agent: ReturnType<typeof request.agent>, { email, password }: TestUser) =>
    agent.post('/enter').type('form').send({ email, password });

  test('a login whose code cannot be sent, or is not sent any more, leads a browser to a page that says what to do', async () => {
    app = await RouterApp.open(database);
    const user = await app.test.withEmail(1);
    const agent = request.agent(ends());
    app.failing = true;
    const { headers } = await enter(agent, user).set('Accept', html).expect(303).expect('Cache-Control', 'no-store');
    const down = await agent.get(headers.location!).expect(502);
    expect(down.text).toMatch(/could not be sent, and nobody was logged in[^]*href="\/login"/);
    await enter(agent, user)
      .set('Accept', 'application/json')
      .expect(502, { error: { code: 'DELIVERY_FAILED', message: 'The code could not be sent. Try again.' } });

    app.failing = false;
    let answer = await enter(agent, user).set('Accept', html).expect(303);
    for (let login = 0; login < 20 && answer.headers.location === '/2fa/'; login += 1) {
      app.test.clock.advance('1s');
      answer = await enter(agent, user).set('Accept', html).expect(303);
    }
    expect(answer.headers.location).toMatch(/^\/2fa\/unavailable\?retryAfter=\d+$/);
    const spent = await agent.get(answer.headers.location!).set('Accept-Language', 'de').expect(429);
    expect(spent.headers['retry-after']).toMatch(/^\d+$/);
    expect(spent.text).toMatch(/Melden Sie sich in \d+ \S+ neu an\./);
    await agent.get('/me').expect(401);
  });

  test('that page says nothing that an address has made up', async () => {
    app = await RouterApp.open(database);
    for (const retryAfter of ['<b>', '-1', '1e9', '99999999', '', ['1', '2']]) {
      const { text } = await app.agent().get('/2fa/unavailable').query({ retryAfter }).expect(502);
      expect(text).not.toMatch(/<b>|NaN|1e9|99999999/);
    }
  });
});

describe('twoFactorErrorPages', () => {
  test('each wrong option is named', () => {
    const given = (options: unknown) => () => twoFactorErrorPages(options as never);
    expect(given(undefined)).toThrow(/path must be where the router is mounted, such as "\/2fa"; got undefined/);
    expect(given({ path: '//evil.example' })).toThrow(/path must be/);
    expect(given({ path: '/2fa', redirect: '/' })).toThrow(/no option "redirect"; there is path/);
  });
});
