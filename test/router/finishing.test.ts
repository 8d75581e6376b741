import type { RequestHandler } from 'express';
import { Strategy } from 'passport';
import { afterEach, describe, expect, test } from 'vitest';
import { TwoFactorStrategy } from 'passport-two-factor';
import type { TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';
import { FormClient } from './form-client.js';
import { Client, RouterApp } from './support.js';

const nothing: unknown[] = [undefined, null, 0, '', false, 'route', 'router'];

/** Throws it, whatever it is. */
const throwing = (reason: unknown): never => {
  throw reason as Error;
};

/** What goes wrong where a login or a step-up is finished: nothing but a login that was made is answered as one. */
describe.each(databases)('finishing by the router on $name', (database) => {
  let app: RouterApp;
  afterEach(async () => {
    await app.close();
  });

  test.each<unknown>(nothing)(
    'a function of the app that fails with %j finishes no login and no step-up',
    async (reason) => {
      let broken = false;
      const fail = (): void => {
        if (broken) throwing(reason);
      };
      const users = {
        id: (user: { id: number }) => {
          fail();
          return String(user.id);
        },
        find: async (id: string) => {
          fail();
          return (await app.test.db.query(`SELECT * FROM app_users WHERE id = ${Number(id)}`))[0];
        },
      };
      app = await RouterApp.open(database, { service: { users } });
      const { user, secret } = await app.test.withTotp(1);
      const client = await app.halted(user);
      const token = await client.token();
      broken = true;
      await client.post('/verify', { code: app.test.totp(secret) }, token).expect(500);
      broken = false;
      await client.agent.get('/me').expect(401);
      expect(app.lastError).toBeTypeOf('object');

      app.test.clock.advance('30s');
      const page = new FormClient((await app.halted(user)).agent);
      await page.open('/2fa');
      broken = true;
      await page.submit('/verify', { code: app.test.totp(secret) });
      expect(page.status).toBe(500);
      broken = false;
      await page.agent.get('/me').expect(401);

      app.test.clock.advance('30s');
      const inside = await app.loggedIn(user, secret);
      app.test.clock.advance('6m');
      const { csrfToken } = await inside.status();
      broken = true;
      await inside.post('/step-up', { code: app.test.totp(secret) }, csrfToken as string).expect(500);
      broken = false;
      expect(await inside.status()).toMatchObject({ recent: false });
    },
  );

  test('a language or a page of the app that fails with nothing is a failure of the server', async () => {
    for (const reason of nothing) {
      app = await RouterApp.open(database, { router: { locale: () => throwing(reason) } });
      const client = await app.loggedIn(await app.test.user(1));
      const { status } = await client.agent.get('/2fa');
      expect([reason, status]).toEqual([reason, 500]);
      await app.close();
      app = await RouterApp.open(database, {
        router: {
          pages: {
            manage: async () => {
              await Promise.resolve();
              return throwing(reason);
            },
          },
        },
      });
      const other = await app.loggedIn(await app.test.user(1));
      await other.agent.get('/2fa').expect(500);
      await app.close();
    }
    app = await RouterApp.open(database);
  });

  test.each<[string, (user: TestUser) => boolean | undefined, number]>([
    ['no password', () => false, 403],
    ['no name to log in by', () => undefined, 403],
    ['who knows what', () => 'yes' as never, 500],
  ])('a user with %s is not asked for a password, and logs in again by the provider', async (_what, has, status) => {
    const user: TestUser = { id: 1, email: 'user1@example.com', password: 'correct horse', disabled: 0 };
    class Provider extends Strategy {
      override readonly name = 'provider';
      override authenticate(): void {
        this.success(user);
      }
    }
    const nameless = has(user) === undefined;
    app = await RouterApp.open(database, {
      service: {
        users: {
          id: ({ id }: TestUser) => String(id),
          email: ({ email }: TestUser) => (nameless ? undefined : email),
          ...(!nameless && { hasPassword: (given: TestUser) => has(given)! }),
        },
      },
      before: (express) => {
        express.get('/provider', (req, res, next) => {
          const { passport, service } = app.test;
          const strategy = new TwoFactorStrategy({ service, kind: 'oauth' }, new Provider());
          (passport.authenticate(strategy) as RequestHandler)(req, res, next);
        });
      },
    });
    await app.test.user(1);
    const agent = app.agent();
    await agent.get('/provider').expect(404);
    app.test.clock.advance('6m');
    const page = await agent.get('/2fa/step-up').expect(status);
    if (status === 500) return;
    expect(page.text).toContain('Log in again');
    expect(page.text).not.toContain('type="password"');
    const client = new Client(app, agent);
    await client.refused('/step-up', { password: user.password }, 403, 'STEP_UP_REQUIRED');
    const form = { _csrf: await client.token(), password: user.password };
    await agent.post('/2fa/step-up/password').type('form').send(form).expect(303);
    expect(await client.status()).toMatchObject({ recent: false });
    await agent.get('/provider').expect(404);
    expect(await client.status()).toMatchObject({ recent: true });
  });

  test('without passwords (login: false) none is proved, though a strategy would take it', async () => {
    app = await RouterApp.open(database, { router: { login: false } });
    const user = await app.test.user(1);
    const client = await app.loggedIn(user);
    app.test.clock.advance('6m');
    const token = await client.token();
    for (const password of [user.password, 'wrong']) {
      const { body } = await client.post('/step-up', { password }, token).expect(400);
      expect(body.error.code).toBe('INVALID_INPUT');
      await client.agent.post('/2fa/step-up/password').type('form').send({ _csrf: token, password }).expect(404);
    }
    expect(await client.status()).toMatchObject({ recent: false });
    const { body } = await client.agent.get('/2fa/api/openapi.json').expect(200);
    expect(JSON.stringify(body)).not.toMatch(/password|Reauthentication|INVALID_CREDENTIALS/i);
  });
});
