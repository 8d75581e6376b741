import { readFile } from 'node:fs/promises';
import { Validator } from '@seriousme/openapi-schema-validator';
import jwt from 'jsonwebtoken';
import createClient, { type Middleware } from 'openapi-fetch';
import openapiTS, { astToString } from 'openapi-typescript';
import request from 'supertest';
import { afterEach, describe, expect, it } from 'vitest';
import { openApiDocument } from '../../lib/router/api/openapi.js';
import type { CodeMessage } from 'passport-two-factor';
import { TestApp, type TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';
import { deviceOf, testPasskeys } from '../support/passkeys.js';
import type { paths } from './api.generated.js';
import { TokenApp, type TokenAppOptions } from './token-app.js';

const served = { tokens: true };
const generated = 'test/router/api.generated.ts';

describe('the OpenAPI document for clients with tokens', () => {
  it('is valid', async () => {
    const document = openApiDocument('/2fa/api', served) as Record<string, unknown>;
    expect(await new Validator().validate(document)).toMatchObject({ valid: true });
  });
});

describe('a client generated from the OpenAPI document', () => {
  it('is the one that the compiler has looked at', async () => {
    const types = astToString(await openapiTS(JSON.stringify(openApiDocument('/2fa/api', served))));
    expect(await readFile(generated, 'utf8'), `npm run generate:client writes ${generated} anew`).toBe(types);
  });
});

describe.each(databases)('the router for clients with tokens on $name', (database) => {
  let test: TestApp;
  let app: TokenApp;
  let sent: { to: string; code: string }[];
  const open = async (options: TokenAppOptions = {}, service: object = {}) => {
    const email = ({ to, code }: CodeMessage): void => {
      sent.push({ to, code });
    };
    sent = [];
    test = await TestApp.open(database, { service: { passkeys: testPasskeys(), deliver: { email }, ...service } });
    app = new TokenApp(test, options);
  };
  afterEach(() => test.close());

  const logIn = ({ email, password }: TestUser) => request(app.app).post('/token/login').send({ email, password });
  const haltedToken = async (user: TestUser) => (await logIn(user).expect(401)).body.challengeToken as string;
  /** The token of a login by both factors, and the secret for more codes. */
  const both = async (id: number) => {
    const { user, secret, backupCodes } = await test.withTotp(id);
    const challengeToken = await haltedToken(user);
    const { body } = await app.api('/verify', { body: { challengeToken, code: test.totp(secret) } }).expect(200);
    test.clock.advance('30s');
    return { user, secret, backupCodes, token: body.tokens.access as string };
  };
  /** The cookie of a browser that the user is logged in by. */
  const cookieOf = async ({ email, password }: TestUser) => {
    const answer = await request(app.app).post('/login').send({ email, password }).expect(200);
    return String((answer.headers as unknown as { 'set-cookie': string[] })['set-cookie'][0]).split(';')[0]!;
  };
  const idOf = async (token: string) =>
    (await app.api('/status', { token }).expect(200)).body.authenticators[0].id as string;

  it('drives a whole life by the generated client, which knows every answer', async () => {
    await open();
    const user = await test.user(1);
    const { url, close } = await app.listen();
    let token = (await logIn(user).expect(200)).body.access as string | undefined;
    const bearer: Middleware = {
      onRequest: ({ request: call }) => {
        if (token !== undefined) call.headers.set('Authorization', `Bearer ${token}`);
      },
      onResponse: ({ response }) => {
        expect(response.headers.get('cache-control')).toBe('no-store');
      },
    };
    const client = createClient<paths>({ baseUrl: `${url}/2fa/api` });
    client.use(bearer);
    const take = (tokens: unknown): void => {
      token = (tokens as { access: string }).access;
    };
    try {
      const setup = await client.POST('/enroll/totp', { body: {} });
      const { secret } = setup.data!;
      const confirmed = await client.POST('/confirm', { body: { method: 'totp', code: test.totp(secret) } });
      expect(confirmed.data?.backupCodes).toHaveLength(10);
      take(confirmed.data?.tokens);
      test.clock.advance('30s');
      await request(app.app).get('/guarded').set('Authorization', `Bearer ${token}`).expect(200);

      token = undefined;
      const wrong = await client.POST('/verify', { body: { challengeToken: await haltedToken(user), code: '000000' } });
      expect(wrong.error?.error.code).toBe('INVALID_CODE');
      const challengeToken = await haltedToken(user);
      const verified = await client.POST('/verify', { body: { challengeToken, code: test.totp(secret) } });
      take(verified.data?.tokens);

      const added = await client.POST('/enroll/email', { body: {} });
      expect(added.data?.maskedContact).toBe('u***@example.com');
      take((await client.POST('/confirm', { body: { method: 'email', code: sent.at(-1)!.code } })).data?.tokens);

      test.clock.advance('10m');
      const late = await client.POST('/backup-codes', { body: undefined as never });
      expect(late.error?.error.code).toBe('STEP_UP_REQUIRED');
      const asking = await client.POST('/challenge', { body: { method: 'email' } });
      const asked = asking.data as { challengeToken?: string };
      const body = { method: 'email', code: sent.at(-1)!.code, challengeToken: asked.challengeToken! } as const;
      take((await client.POST('/step-up', { body })).data?.tokens);
      const fresh = await client.POST('/backup-codes', { body: undefined as never });
      expect(fresh.data?.backupCodes).toHaveLength(10);
      if (fresh.data?.tokens !== undefined) take(fresh.data.tokens);

      const { data: status } = await client.GET('/status');
      if (status?.state !== 'authenticated') throw new Error('The token is not taken.');
      const totp = status.authenticators.find(({ method }) => method === 'totp');
      const removed = await client.POST('/remove', { body: { id: totp!.id } });
      take(removed.data?.tokens);
      await request(app.app).get('/guarded').set('Authorization', `Bearer ${token}`).expect(200);
    } finally {
      await close();
    }
  });

  it('logs in by a passkey alone, where the browser has a session too, and answers tokens', async () => {
    await open();
    const { token } = await both(1);
    const device = deviceOf();
    const { body: setup } = await app.api('/enroll/passkey', { token, body: {} }).expect(200);
    const response = device.create(setup.options);
    await app.api('/confirm', { token, body: { method: 'passkey', response } }).expect(200);

    for (const body of [{ session: false }, {}]) {
      const asked = await app.api('/passkey/options', { body }).expect(200);
      expect('challengeToken' in asked.body).toBe('session' in body);
    }
    const { body: asked } = await app.api('/passkey/options', { body: { session: false } }).expect(200);
    const answer = { challengeToken: asked.challengeToken, response: device.get(asked.options) };
    const { body } = await app.api('/passkey', { body: answer }).expect(200);
    expect(jwt.decode(body.tokens.access)).toMatchObject({
      sub: '1',
      amr: expect.arrayContaining(['user']),
      acr: 'phr',
    });
    await app.api('/passkey', { body: answer }).expect(401);
  });

  it.each([true, false])(
    'a cookie beside a bearer token counts for nothing (read before the router: %s)',
    async (readBefore) => {
      await open({ readBefore });
      const { token, user } = await both(1);
      const other = await test.user(2);
      const cookie = await cookieOf(other);
      const { body } = await app.api('/status', { token, cookie }).expect(200);
      expect(body).toMatchObject({ state: 'authenticated', authenticators: [{ method: 'totp' }] });
      expect(body.csrfToken).toBeUndefined();
      await app.api('/enroll/email', { token, cookie, body: {} }).expect(200);
      expect(sent.map(({ to }) => to)).toEqual([user.email]);
      // The browser's login is as it was.
      expect((await request(app.app).get('/me').set('Cookie', cookie)).body).toEqual({ id: 2 });
    },
  );

  it.each([true, false])(
    'a bearer token that is none acts for nobody, whoever the cookie is of (%s)',
    async (readBefore) => {
      await open({ readBefore });
      const cookie = await cookieOf(await test.user(1));
      for (const token of ['garbage', jwt.sign({ sub: '1' }, 'another secret'), jwt.sign({ sub: '99' }, 'test')]) {
        const { status } = await app.api('/enroll/totp', { token, cookie, body: {} });
        expect(status).toBe(401);
      }
      expect(await test.service.getEnabledMethods('1')).toEqual([]);
    },
  );

  it('a token whose claims name nobody, read by the app beside a cookie, acts for nobody', async () => {
    await open({ readBefore: true });
    const cookie = await cookieOf(await test.user(1));
    await test.user(2);
    // Of a strategy that was left out, or from before the app had claims: the user may be of either.
    const token = app.sign({ id: 2 }, {});
    await app.api('/enroll/totp', { token, cookie, body: {} }).expect(401);
    // Without a cookie there is no doubt, and the token stands for no recent login.
    const { body } = await app.api('/enroll/totp', { token, body: {} }).expect(403);
    expect(body.error.code).toBe('STEP_UP_REQUIRED');
  });

  it.each([true, false])(
    'a token in a cookie changes nothing without the CSRF token (sessions: %s)',
    async (sessions) => {
      await open({ readBefore: true, cookie: true, sessions });
      const { token } = await both(1);
      const cookie = `jwt=${token}`;
      const id = ((await app.api('/status', { cookie })).body.authenticators as { id: string }[])[0]!.id;
      for (const [path, body] of [
        ['/remove', { id }],
        ['/enroll/email', { address: 'attacker@example.com' }],
        ['/backup-codes', {}],
        ['/step-up', { code: '123456' }],
      ] as const) {
        const { status, body: answer } = await app.api(path, { cookie, body });
        expect([status, answer.error.code]).toEqual([403, 'INVALID_CSRF_TOKEN']);
      }
      // Sent along by another site, a challengeToken makes nobody of whom the cookie names.
      await app.api('/remove', { cookie, body: { id, challengeToken: 'x' } }).expect(401);
      expect(sent).toEqual([]);
    },
  );

  it('a challengeToken finishes its login, and leaves the session of the browser alone', async () => {
    await open();
    const { user, secret } = await test.withTotp(1);
    const cookie = await cookieOf(await test.user(2));
    const challengeToken = await haltedToken(user);
    const answer = await app.api('/verify', { cookie, body: { challengeToken, code: test.totp(secret) } }).expect(200);
    expect(jwt.decode(answer.body.tokens.access)).toMatchObject({ sub: '1', acr: 'aal2' });
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect((await request(app.app).get('/me').set('Cookie', cookie)).body).toEqual({ id: 2 });
    // Once.
    test.clock.advance('30s');
    const again = await app.api('/verify', { body: { challengeToken, code: test.totp(secret) } }).expect(401);
    expect(again.body.error.code).toBe('CHALLENGE_EXPIRED');
  });

  it.each([undefined, 'x', 5, {}, ['x']])('a login by challengeToken %j is refused', async (challengeToken) => {
    await open();
    const { secret } = await test.withTotp(1);
    for (const path of ['/verify', '/challenge'])
      await app.api(path, { body: { challengeToken, code: test.totp(secret), method: 'email' } }).expect(401);
  });

  it('a code that was sent to one client is worth nothing to another', async () => {
    await open();
    const { token } = await both(1);
    await app.api('/enroll/email', { token, body: {} }).expect(200);
    const { body } = await app
      .api('/confirm', { token, body: { method: 'email', code: sent.at(-1)!.code } })
      .expect(200);
    const access = body.tokens.access as string;
    test.clock.advance('10m');
    const mine = (await app.api('/challenge', { token: access, body: { method: 'email' } }).expect(200)).body;
    const code = sent.at(-1)!.code;
    const stepUp = (challengeToken?: string) =>
      app.api('/step-up', { token: access, body: { method: 'email', code, challengeToken } });
    await stepUp(undefined).expect(401);
    await stepUp('x').expect(401);
    await stepUp(mine.challengeToken).expect(200);
  });

  it('a token from before a change, of a removed user, and after endStandings changes nothing', async () => {
    await open();
    const { token, user } = await both(1);
    const id = await idOf(token);
    await app.api('/enroll/email', { token, body: {} }).expect(200);
    await app.api('/confirm', { token, body: { method: 'email', code: sent.at(-1)!.code } }).expect(200);
    const { body } = await app.api('/remove', { token, body: { id } }).expect(403);
    expect(body.error.code).toBe('STEP_UP_REQUIRED');

    const { token: second } = await both(2);
    await test.service.endStandings('2');
    await app.api('/backup-codes', { token: second, body: {} }).expect(403);

    await test.db.query(`UPDATE app_users SET disabled = 1 WHERE id = ${user.id}`);
    await app.api('/backup-codes', { token, body: {} }).expect(401);
  });

  it('claims of another user are worth nothing', async () => {
    await open();
    const { token } = await both(1);
    const { two_factor } = jwt.decode(token) as { two_factor: object };
    await test.withTotp(2);
    const mixed = app.sign({ id: 2 }, { two_factor });
    await request(app.app).get('/guarded').set('Authorization', `Bearer ${mixed}`).expect(403);
    const { body } = await app.api('/backup-codes', { token: mixed, body: {} }).expect(403);
    expect(body.error.code).toBe('STEP_UP_REQUIRED');
  });

  it('an issuer that fails is the server’s failure, and answers no token', async () => {
    await open({
      issue: () => {
        throw new Error('The key is away.');
      },
    });
    const { user, secret } = await test.withTotp(1);
    const body = { challengeToken: await haltedToken(user), code: test.totp(secret) };
    expect((await app.api('/verify', { body }).expect(500)).body).toEqual({ internal: 'The key is away.' });
  });

  it('a browser with a session goes on as before, by CSRF token', async () => {
    await open();
    const agent = request.agent(app.app);
    const { email, password } = await test.user(1);
    await agent.post('/login').send({ email, password }).expect(200);
    await agent.post('/2fa/api/enroll/totp').send({}).expect(403);
    const { csrfToken } = (await agent.get('/2fa/api/status')).body as { csrfToken: string };
    const setup = await agent.post('/2fa/api/enroll/totp').set('x-csrf-token', csrfToken).send({}).expect(200);
    const { body } = await agent
      .post('/2fa/api/confirm')
      .set('x-csrf-token', csrfToken)
      .send({ method: 'totp', code: test.totp(setup.body.secret as string) })
      .expect(200);
    expect(Object.keys(body as object).sort()).toEqual(['backupCodes', 'csrfToken']);
  });
});
