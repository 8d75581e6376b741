import type { Express } from 'express';
import { afterEach, describe, expect, test } from 'vitest';
import { databases } from '../support/databases.js';
import { RouterApp, type Client, type RouterAppOptions } from './support.js';

/** What an attacker does with the victim's browser, and with the answers that it was given. */
describe.each(databases)('attacks on the routes of the router on $name', (database) => {
  let app: RouterApp;
  const open = async (options: RouterAppOptions = {}): Promise<void> => {
    app = await RouterApp.open(database, options);
  };

  afterEach(async () => {
    await app.close();
  });

  async function victim(): Promise<{ client: Client; secret: string; id: string }> {
    const { user, secret } = await app.test.withTotp(1);
    const client = await app.loggedIn(user, secret);
    const { authenticators } = await client.status();
    return { client, secret, id: authenticators[0].id as string };
  }

  const changes = (id: string): [string, Record<string, string>][] => [
    ['/api/remove', { id }],
    ['/remove', { id }],
    ['/api/rename', { id, label: 'Mine' }],
    ['/rename', { id, label: 'Mine' }],
    ['/api/backup-codes', {}],
    ['/backup-codes', {}],
    ['/api/enroll/totp', {}],
    ['/add/totp', {}],
    ['/api/enroll/email', { address: 'attacker@example.com' }],
    ['/add/email', { contact: 'attacker@example.com' }],
    ['/api/enroll/sms', { phone: '+15557654321' }],
    ['/add/sms', { contact: '+15557654321' }],
    ['/api/challenge', { method: 'totp' }],
    ['/send', { method: 'totp' }],
  ];

  test('a GET, such as an image on another site, neither disables, renames, enrolls nor sends (53)', async () => {
    await open();
    const { client, id } = await victim();
    const before = await client.status();
    for (const [path, body] of changes(id)) {
      const { status, text } = await client.agent.get(`/2fa${path}`).query(body);
      expect([200, 303, 405], path).toContain(status);
      expect(text, path).not.toMatch(/otpauth:|data:image/);
    }
    expect(await client.status()).toEqual(before);
    expect(app.messages).toEqual([]);
  });

  test('a POST of another site, as a form or by script, is refused (53)', async () => {
    await open();
    const { client, id } = await victim();
    const before = await client.status();
    for (const [path, body] of changes(id)) {
      for (const type of ['form', 'json', 'text/plain']) {
        const { status } = await client.agent
          .post(`/2fa${path}`)
          .set('Origin', 'https://attacker.example')
          .type(type)
          .send(type === 'text/plain' ? JSON.stringify(body) : body);
        expect(status, `${path} ${type}`).toBe(403);
      }
    }
    expect(await client.status()).toEqual(before);
    expect(app.messages).toEqual([]);
  });

  test("the token of the attacker's own session, one from before the login, and an empty one are refused", async () => {
    await open();
    const { client, secret, id } = await victim();
    const attacker = await app.loggedIn(await app.test.user(2));
    const halted = await app.halted((await app.test.db.query('SELECT email, password FROM app_users WHERE id = 1'))[0]);
    const pending = await halted.token();
    app.test.clock.advance('30s');
    await halted.ok('/verify', { code: app.test.totp(secret) });
    for (const [from, token] of [
      [client, await attacker.token()],
      [halted, pending],
      [client, ''],
      [client, 'undefined'],
      [client, 'null'],
    ] as const) {
      await from.refused('/remove', { id }, 403, 'INVALID_CSRF_TOKEN', token);
    }
    expect((await client.status()).authenticators).toHaveLength(1);
  });

  test('a token in the query, or as an array or an object, is none', async () => {
    await open();
    const { client, id } = await victim();
    const token = await client.token();
    await client.agent.post(`/2fa/remove?_csrf=${token}`).type('form').send({ id }).expect(403);
    await client.agent.post('/2fa/remove').type('form').send(`_csrf=${token}&_csrf=${token}&id=${id}`).expect(403);
    await client.agent
      .post('/2fa/api/remove')
      .send({ id, _csrf: [token] })
      .expect(403);
    await client.agent.post('/2fa/api/remove').send({ id, _csrf: { token } }).expect(403);
    expect((await client.status()).authenticators).toHaveLength(1);
  });

  test('a forged bearer header does not exempt the session of a cookie', async () => {
    await open();
    const { client, id } = await victim();
    await client.agent.post('/2fa/api/remove').set('Authorization', 'Bearer anything').send({ id }).expect(403);
    expect((await client.status()).authenticators).toHaveLength(1);
  });

  test('secrets, QR codes and backup codes come by POST alone, and no cache may keep them (54)', async () => {
    await open();
    const client = await app.loggedIn(await app.test.user(1));
    const token = await client.token();
    const setup = await client.post('/enroll/totp', {}, token).expect(200).expect('Cache-Control', 'no-store');
    const page = await client.agent
      .post('/2fa/add/totp')
      .type('form')
      .send({ _csrf: token })
      .expect(200)
      .expect('Cache-Control', 'no-store');
    expect(page.text).toContain('data:image/svg+xml');
    const uri = /name="uri" value="([^"]+)"/.exec(page.text)![1]!.replaceAll('&amp;', '&');
    expect(setup.body.uri).not.toBe(uri);
    const secret = /secret=([A-Z2-7]+)/.exec(uri)![1]!;
    const shown = await client.agent
      .post('/2fa/confirm/totp')
      .type('form')
      .send({ _csrf: token, code: app.test.totp(secret), uri })
      .expect(200)
      .expect('Cache-Control', 'no-store');
    expect(shown.text).toContain('backup-codes.txt');
    for (const path of ['/add/totp', '/confirm/totp', '/backup-codes', '/api/enroll/totp', '/api/confirm', '/saved']) {
      const { text, headers } = await client.agent.get(`/2fa${path}`);
      expect(text, path).not.toMatch(/otpauth:|data:|[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{5}/);
      expect(headers['cache-control'], path).toBe('no-store');
    }
    for (const path of ['/', '/add', '/add/email', '/step-up', '/choose', '/api/status', '/api/openapi.json']) {
      const { headers } = await client.agent.get(`/2fa${path}`);
      expect(headers['cache-control'], path).toBe('no-store');
    }
  });

  test('the key that comes back with a form is markup to nobody, and nothing but a key is shown again', async () => {
    await open();
    const client = await app.loggedIn(await app.test.user(1));
    const token = await client.token();
    const send = (uri: string) =>
      client.agent.post('/2fa/confirm/totp').type('form').send({ _csrf: token, code: '000000', uri });
    await client.agent.post('/2fa/add/totp').type('form').send({ _csrf: token }).expect(200);
    const { text } = await send('otpauth://totp/"><script>alert(1)</script>?secret=GEZDGNBVGY3TQOJQ').expect(401);
    expect(text).not.toContain('<script>alert');
    for (const uri of [
      'javascript:alert(1)?secret=GEZDGNBVGY3TQOJQ',
      'https://attacker.example/?secret=GEZDGNBVGY3TQOJQ',
      'otpauth://totp/a?secret="><b>',
      '',
    ]) {
      const answer = await send(uri);
      expect(answer.status).toBe(401);
      expect(answer.text).not.toMatch(/javascript:|attacker|<b>|data:image/);
    }
  });

  test('names and contacts are shown as text, in every page that shows them', async () => {
    await open();
    const { client, id } = await victim();
    const evil = '"><img src=x onerror=alert(1)>';
    await client.ok('/rename', { id, label: evil });
    const pages = [
      await client.agent.get('/2fa'),
      await client.agent.get(`/2fa/remove?id=${id}`),
      await client.agent
        .post('/2fa/add/email')
        .type('form')
        .send({ _csrf: await client.token(), contact: evil }),
      await client.agent.get('/2fa/step-up').query({ returnTo: `/${evil}` }),
    ];
    for (const { text } of pages) expect(text).not.toContain('<img src=x');
    expect(pages[0]!.text).toContain('&quot;&gt;&lt;img src=x onerror=alert(1)&gt;');
  });

  test('a pending login reaches no page and no route but its own', async () => {
    await open();
    const { user } = await app.test.withTotp(1);
    const client = await app.halted(user);
    for (const path of ['/add', '/add/email', '/remove?id=1']) {
      await client.agent.get(`/2fa${path}`).expect(303).expect('Location', '/login');
    }
    const token = await client.token();
    for (const path of [
      '/add/totp',
      '/add/email',
      '/add/sms',
      '/confirm/totp',
      '/rename',
      '/remove',
      '/backup-codes',
      '/step-up',
      '/step-up/password',
    ]) {
      await client.agent
        .post(`/2fa${path}`)
        .type('form')
        .send({ _csrf: token, id: '1', code: '123456' })
        .expect(303)
        .expect('Location', '/login');
    }
    for (const path of [
      '/enroll/totp',
      '/enroll/email',
      '/enroll/sms',
      '/confirm',
      '/rename',
      '/remove',
      '/backup-codes',
      '/step-up',
    ]) {
      await client.refused(path, {}, 401, 'NOT_LOGGED_IN');
    }
    await client.agent.get('/me').expect(401);
  });

  test('another site cannot put a page of the router into its own', async () => {
    await open();
    const client = await app.loggedIn(await app.test.user(1));
    const { headers } = await client.agent.get('/2fa').expect(200);
    expect(headers['x-frame-options']).toBe('DENY');
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(headers['content-security-policy']).not.toContain('unsafe');
  });

  test("the app's own policy is left as it is", async () => {
    await open({
      before: (express: Express) => {
        express.use((_req, res, next) => {
          res.set({ 'Content-Security-Policy': "default-src 'self'", 'X-Frame-Options': 'SAMEORIGIN' });
          next();
        });
      },
    });
    const client = await app.loggedIn(await app.test.user(1));
    await client.agent
      .get('/2fa')
      .expect(200)
      .expect('Content-Security-Policy', "default-src 'self'")
      .expect('X-Frame-Options', 'SAMEORIGIN');
  });
});
