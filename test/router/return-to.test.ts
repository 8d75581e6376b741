import { afterEach, describe, expect, test } from 'vitest';
import { firstLocalPath, isLocalPath } from '../../lib/router/return-to.js';
import { databases } from '../support/databases.js';
import { RouterApp } from './support.js';

const elsewhere = [
  'https://evil.example/',
  '//evil.example',
  '///evil.example',
  '/\\evil.example',
  '\\/evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '\t//evil.example',
  ' //evil.example',
  '/ /evil.example',
  '/\u0000/evil.example',
  '/\u00a0x',
  'javascript:alert(1)',
  'data:text/html,x',
  'evil.example',
  '',
  '/path\\evil',
  '/a\r\nSet-Cookie: x=1',
  `/${'x'.repeat(3000)}`,
];
const here = [
  '/',
  '/account',
  '/a/b?c=d&e=%20f#g',
  '/search?q=https://evil.example',
  '/%2F/evil.example',
  '/ü',
  '/.//evil.example',
];

describe('where a user may be sent after the second factor', () => {
  test.each(here)('%j is a path on this site', (path) => {
    expect(isLocalPath(path)).toBe(true);
    expect(new URL(path, 'https://app.example/2fa/verify').origin).toBe('https://app.example');
  });

  test.each(elsewhere)('%j is not', (path) => {
    expect(isLocalPath(path)).toBe(false);
  });

  test.each([undefined, null, 7, {}, ['/account'], { toString: () => '/account' }])('%j is no path at all', (path) => {
    expect(isLocalPath(path)).toBe(false);
  });

  test('is the first that may be, else the fallback', () => {
    expect(firstLocalPath(['//evil.example', undefined, '/inbox', '/other'], '/')).toBe('/inbox');
    expect(firstLocalPath(['//evil.example'], '/home')).toBe('/home');
  });
});

describe.each(databases)('returning from the second factor on $name', (database) => {
  let app: RouterApp;
  afterEach(async () => {
    await app.close();
  });

  test('the page that the guard turned the user away from is where a login by code ends, once', async () => {
    app = await RouterApp.open(database, { router: { returnTo: '/account' } });
    const { user, secret } = await app.test.withTotp(1);
    const agent = app.agent();
    await agent.get('/guarded?a=1').expect(302).expect('Location', '/2fa/continue');
    await agent.get('/2fa/continue').expect(303).expect('Location', '/login');
    await app.login(agent, user).expect(302).expect('Location', '/2fa');
    const { text } = await agent.get('/2fa').expect(200);
    const _csrf = /name="_csrf" value="([^"]+)"/.exec(text)![1]!;
    await agent
      .post('/2fa/verify')
      .type('form')
      .send({ _csrf, method: 'totp', code: app.test.totp(secret) })
      .expect(303)
      .expect('Location', '/guarded?a=1');
    await agent.get('/guarded?a=1').expect(200);

    await agent.get('/2fa/step-up').expect(200);
    app.test.clock.advance('30s');
    const { body } = await agent.get('/2fa/api/status');
    await agent
      .post('/2fa/step-up')
      .type('form')
      .send({ _csrf: body.csrfToken, code: app.test.totp(secret) })
      .expect(303)
      .expect('Location', '/2fa/');
  });

  test('no address of another site is gone to, whether it stands in the query, a form or JSON', async () => {
    app = await RouterApp.open(database, { router: { returnTo: '/account' } });
    const { user, secret } = await app.test.withTotp(1);
    for (const returnTo of elsewhere) {
      const client = await app.halted(user);
      const { text } = await client.agent.get('/2fa').query({ returnTo }).expect(200);
      expect(text).not.toContain('evil.example');
      expect(await client.ok('/verify', { code: app.test.totp(secret), returnTo })).toMatchObject({
        returnTo: '/account',
      });
      app.test.clock.advance('30s');
      const _csrf = await client.token();
      await client.agent
        .post('/2fa/step-up')
        .type('form')
        .send({ _csrf, returnTo, code: app.test.totp(secret) })
        .expect(303)
        .expect('Location', '/2fa/');
      await client.agent
        .post('/2fa/saved')
        .type('form')
        .send({ _csrf, returnTo })
        .expect(303)
        .expect('Location', '/2fa/');
      app.test.clock.advance('30s');
    }
  });

  test('a path of this site is gone to', async () => {
    app = await RouterApp.open(database);
    const { user, secret } = await app.test.withTotp(1);
    const client = await app.halted(user);
    const { text } = await client.agent.get('/2fa').query({ returnTo: '/inbox?page=2' }).expect(200);
    expect(text).toContain('name="returnTo" value="/inbox?page=2"');
    await client.agent
      .post('/2fa/verify')
      .type('form')
      .send({ _csrf: await client.token(), returnTo: '/inbox?page=2', code: app.test.totp(secret) })
      .expect(303)
      .expect('Location', '/inbox?page=2');
  });
});
