import jwt from 'jsonwebtoken';
import express, { type Express, type RequestHandler } from 'express';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  claimsOf,
  requireEnrollment,
  requireSecondFactor,
  secondFactorErrorHandler,
  SecondFactorRequiredError,
  twoFactorAuth,
  TwoFactorMechanism,
  type TwoFactorClaims,
  type TwoFactorOptions,
} from 'passport-two-factor';
import { newApp, TestApp, UserSchema, type TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';
import { StatementLog } from '../support/statements.js';

const secretOfTokens = 'test';

interface Payload extends TwoFactorClaims {
  readonly sub: string;
}

/** An API without sessions: the token of a request is verified, its payload says how its user has logged in. */
class TokenApp {
  readonly app: Express = newApp();

  constructor(readonly test: TestApp) {
    const { app } = this;
    const { service, passport } = test;
    const users = test.db.getRepository(UserSchema);
    const claims = (req: object) => (req as { payload?: object }).payload;
    const bearer: RequestHandler = (req, _res, next) => {
      const [, token] = /^Bearer (.+)$/.exec(req.headers.authorization ?? '') ?? [];
      if (token === undefined) {
        next();
        return;
      }
      const payload = jwt.verify(token, secretOfTokens) as Payload;
      // As Nest apps do it: the user is what the token says.
      Object.assign(req, { payload, user: { id: Number(payload.sub) } });
      next();
    };
    app.use(express.json(), bearer, twoFactorAuth({ service, passport, claims }));
    app.post('/login', passport.authenticate('local', { session: false }), (req, res) => {
      res.json({ token: this.sign(req.user as TestUser, claimsOf(req)) });
    });
    app.post('/login/code', passport.authenticate('two-factor', { session: false }), (req, res) => {
      res.json({ token: this.sign(req.user as TestUser, claimsOf(req)) });
    });
    app.post('/auth/login', async (req, res) => {
      const user = await req.auth.login(req.body.email, req.body.password);
      res.json({ token: this.sign(user as TestUser, req.auth.claims) });
    });
    app.post('/auth/code', async (req, res) => {
      await req.auth.twoFactor.verify.totp(req.body.code);
      const user = await req.auth.completeTwoFactorLogin();
      res.json({ token: this.sign(user as TestUser, req.auth.claims) });
    });
    app.post('/own/login', async (req, res) => {
      const user = await users.findOneByOrFail({ email: req.body.email, password: req.body.password });
      const answer = await service.login(user, { via: 'password', kind: 'local', ...req.body.more });
      res.json({ token: this.sign(user, answer) });
    });
    app.post('/own/code', async (req, res) => {
      const finished = await service.finish(req.body.challengeToken, req.body.code, req.body.method);
      res.json({ token: this.sign(finished.user as never, finished.claims) });
    });
    app.post('/own/send', async (req, res) => {
      const { otpValue } = await service.challengeLogin.email(req.body.challengeToken);
      res.json({ otpValue });
    });
    app.post('/refresh', (req, res) => {
      res.json({ token: this.sign(req.user as never, claimsOf(req)) });
    });
    app.get('/admin', requireSecondFactor({ service }), (_req, res) => res.json({ ok: true }));
    app.get('/fresh', requireSecondFactor({ service, maxAge: '5m' }), (_req, res) => res.json({ ok: true }));
    app.get('/enrolled', requireEnrollment({ service }), (_req, res) => res.json({ ok: true }));
    app.post('/call', async (req, res) => {
      const { member, args } = req.body as { member: string; args: unknown[] };
      let owner: unknown = req.auth;
      const path = member.split('.');
      for (const key of path.slice(0, -1)) owner = (owner as Record<string, unknown>)[key];
      const result = (await (owner as Record<string, (...given: unknown[]) => unknown>)[path.at(-1)!]!(...args)) as
        { challengeToken?: string; otpValue?: string } | undefined;
      const { challengeToken, otpValue } = result ?? {};
      res.json({
        result,
        challengeToken,
        otpValue,
        ...(req.user && { token: this.sign(req.user as TestUser, req.auth.claims) }),
      });
    });
    app.post('/pending', (req, res) => {
      res.json({ pending: req.auth.pending ?? null });
    });
    app.use(secondFactorErrorHandler({ status: 202 }));
  }

  sign({ id }: Pick<TestUser, 'id'>, claims: object): string {
    return jwt.sign({ ...claims, sub: String(id) }, secretOfTokens);
  }

  post(path: string, body: object, token?: string): request.Test {
    const call = request(this.app).post(path).send(body);
    return token === undefined ? call : call.set('Authorization', `Bearer ${token}`);
  }

  get(path: string, token: string): request.Test {
    return request(this.app).get(path).set('Authorization', `Bearer ${token}`);
  }

  call(token: string, member: string, ...args: unknown[]): request.Test {
    return this.post('/call', { member, args }, token);
  }
}

const payloadOf = (token: unknown): Payload => jwt.decode(token as string) as unknown as Payload;

const ways = [
  ['strategies', '/login', '/login/code'],
  ['req.auth', '/auth/login', '/auth/code'],
  ['the service alone', '/own/login', '/own/code'],
] as const;

describe.each(databases)('an app with tokens on $name', (database) => {
  let test: TestApp;
  let app: TokenApp;
  const open = async (service: Partial<TwoFactorOptions> = {}) => {
    test = await TestApp.open(database, { service, twoFactor: { backupCodesCount: 2 } });
    app = new TokenApp(test);
  };
  beforeEach(() => open());
  afterEach(() => test.close());

  /** Both factors, by a token of that way. */
  const verified = async (
    { user, secret }: { user: TestUser; secret: string },
    first = '/login',
    second = `${first}/code`,
  ) => {
    const { challengeToken } = (await app.post(first, { email: user.email, password: user.password }).expect(202)).body;
    const { token } = (await app.post(second, { challengeToken, code: test.totp(secret) }).expect(200)).body;
    test.clock.advance('30s');
    return token as string;
  };

  it.each(ways)('halts by %s, finishes by a code once, and the claims tell how', async (_way, first, second) => {
    const { user, secret } = await test.withTotp(1);
    const login = { email: user.email, password: user.password };
    const halted = await app.post(first, login).expect(202);
    expect(halted.body).toMatchObject({ requiresTwoFactor: true, methods: { totp: true, backupCode: true } });
    const { challengeToken } = halted.body;
    await app.post(second, { challengeToken, code: test.wrongTotp(secret) }).expect(401);
    const { token } = (await app.post(second, { challengeToken, code: test.totp(secret) }).expect(200)).body;
    expect(payloadOf(token)).toMatchObject({
      sub: '1',
      amr: ['pwd', 'otp', 'mfa'],
      acr: 'aal2',
      auth_time: Math.floor(test.clock.now / 1000),
    });
    await app.get('/admin', token).expect(200);
    test.clock.advance('30s');
    for (const again of [challengeToken, undefined, '', 7, ['x'], `${challengeToken as string}A`])
      await app.post(second, { challengeToken: again, code: test.totp(secret) }).expect(401);
  });

  it.each(ways)(
    'lets a user without a second factor in by %s, with no second factor in the claims',
    async (_way, first) => {
      const user = await test.user(1);
      const { token } = (await app.post(first, { email: user.email, password: user.password }).expect(200)).body;
      expect(payloadOf(token)).toMatchObject({ amr: ['pwd'], acr: 'aal1' });
      expect((await app.get('/admin', token).expect(403)).body.error.code).toBe('ENROLLMENT_REQUIRED');
    },
  );

  it('enrolls, steps up, changes and removes by tokens alone; each change answers new claims', async () => {
    const user = await test.user(1);
    const first = (await app.post('/login', { email: user.email, password: user.password }).expect(200)).body.token;
    const setup = await app.call(first, 'twoFactor.setup.totp').expect(200);
    const { secret } = setup.body.result as { secret: string };
    const confirmed = await app.call(setup.body.token, 'twoFactor.complete.totp', test.totp(secret)).expect(200);
    await app.get('/admin', confirmed.body.token).expect(200);
    // The token from before the change stands for nothing any more.
    await app.get('/admin', first).expect(403);
    expect((await app.call(first, 'twoFactor.generateNewBackupCodes').expect(403)).body.error.code).toBe(
      'STEP_UP_REQUIRED',
    );
    test.clock.advance('6m');
    await app.get('/fresh', confirmed.body.token).expect(403);
    await app.call(confirmed.body.token, 'twoFactor.generateNewBackupCodes').expect(403);
    const stepped = await app.call(confirmed.body.token, 'twoFactor.verify.totp', test.totp(secret)).expect(200);
    await app.get('/fresh', stepped.body.token).expect(200);
    const codes = await app.call(stepped.body.token, 'twoFactor.generateNewBackupCodes').expect(200);
    expect(codes.body.result).toHaveLength(2);
    const removed = await app.call(codes.body.token, 'twoFactor.disable', TwoFactorMechanism.TOTP).expect(200);
    expect((await app.get('/admin', removed.body.token).expect(403)).body.error.code).toBe('ENROLLMENT_REQUIRED');
  });

  it('steps up by the strategy, and asks for the password again', async () => {
    const totp = await test.withTotp(1);
    const token = await verified(totp);
    test.clock.advance('6m');
    await app.get('/fresh', token).expect(403);
    const { body } = await app.post('/login/code', { code: test.totp(totp.secret) }, token).expect(200);
    await app.get('/fresh', body.token).expect(200);
    await test.user(2);
    const plain = app.sign({ id: 2 }, {});
    await app.call(plain, 'twoFactor.setup.totp').expect(403);
    await app.call(plain, 'reauthenticate', 'wrong').expect(401);
    const again = await app.call(plain, 'reauthenticate', 'correct horse').expect(200);
    await app.call(again.body.token, 'twoFactor.setup.totp').expect(200);
  });

  it('refuses the claims of another user, of before a removal, endStandings and forget, and of a removed user', async () => {
    const alice = await test.withTotp(1);
    const bob = await test.withTotp(2);
    const token = await verified(alice);
    const theirs = { ...payloadOf(token), sub: undefined };
    await app.get('/admin', app.sign({ id: bob.user.id }, theirs)).expect(403);
    await test.service.endStandings('1');
    await app.get('/admin', token).expect(403);
    const second = await verified(alice);
    await test.service.disable('1', TwoFactorMechanism.TOTP);
    await app.get('/admin', second).expect(403);
    await test.service.setup.totp('1', false);
    await app.get('/admin', second).expect(403);
    await test.service.forget('1');
    await test.service.setup.totp('1', false);
    expect((await app.get('/admin', second).expect(403)).body.error.code).toBe('STEP_UP_REQUIRED');
    const third = await verified(bob);
    await app.get('/admin', third).expect(200);
    await test.db.getRepository(UserSchema).update({ id: 2 }, { disabled: 1 });
    for (const path of ['/admin', '/fresh', '/enrolled'])
      expect((await app.get(path, third).expect(401)).body.error.code).toBe('NOT_LOGGED_IN');
    // Nor is another token to be had by a right code.
    test.clock.advance('30s');
    const stepUp = await app.post('/login/code', { code: test.totp(bob.secret) }, third).expect(401);
    expect(stepUp.body.error.code).toBe('NOT_LOGGED_IN');
    for (const member of ['list', 'verify.totp', 'generateNewBackupCodes', 'setup.totp', 'remainingBackupCodes'])
      await app.call(third, `twoFactor.${member}`, ...(member === 'verify.totp' ? ['123456'] : [])).expect(401);
  });

  it('copies times at a refresh, and takes none of the future for recent', async () => {
    const alice = await test.withTotp(1);
    const token = await verified(alice);
    test.clock.advance('4m');
    const refreshed = (await app.post('/refresh', {}, token).expect(200)).body.token;
    expect(payloadOf(refreshed).two_factor).toEqual(payloadOf(token).two_factor);
    expect(payloadOf(refreshed).auth_time).toBe(payloadOf(token).auth_time);
    test.clock.advance('2m');
    await app.get('/fresh', refreshed).expect(403);
    const { two_factor, ...claims } = payloadOf(token);
    const at = test.clock.now + 60_000;
    const ahead = { ...two_factor, at, factors: [{ method: 'totp', at }] };
    await app.get('/fresh', app.sign({ id: 1 }, { ...claims, two_factor: ahead })).expect(403);
    await app.post('/refresh', {}).expect(401);
  });

  it.each(['{"two_factor":null}', '{"two_factor":{"user":1}}', '{"amr":["pwd","otp","mfa"],"acr":"aal2"}'])(
    'a token that says %s has no second factor',
    async (text) => {
      await test.withTotp(1);
      await app.get('/admin', app.sign({ id: 1 }, JSON.parse(text) as object)).expect(403);
    },
  );

  it('sends a code again for a challengeToken, and a code for one login or client serves no other', async () => {
    await test.close();
    await open({ challengeOn: 'request' });
    const user = await test.withEmail(1);
    const begin = async () =>
      (await app.post('/own/login', { email: user.email, password: user.password }).expect(202)).body.challengeToken;
    const [one, other] = [await begin(), await begin()];
    const { otpValue } = (await app.post('/own/send', { challengeToken: one }).expect(200)).body;
    await app.post('/own/send', { challengeToken: 'x' }).expect(401);
    await app.post('/own/code', { challengeToken: other, code: otpValue }).expect(401);
    await app.post('/own/code', { challengeToken: one, code: otpValue }).expect(200);
    const { pending } = (await app.post('/pending', { challengeToken: other }).expect(200)).body;
    expect(pending).toMatchObject({ methods: { email: 'u***@example.com' } });
    expect((await app.post('/pending', { challengeToken: 'x' }).expect(200)).body).toEqual({ pending: null });
  });

  it('a guarded request costs one statement beside the look-up of the user', async () => {
    await test.close();
    const log = new StatementLog();
    test = await TestApp.open(database, { logger: log, twoFactor: { backupCodesCount: 2 } });
    app = new TokenApp(test);
    const token = await verified(await test.withTotp(1));
    log.reset();
    await app.get('/admin', token).expect(200);
    const own = log.statements.filter((statement) => statement.includes('two_factor_'));
    expect(own.map((statement) => statement.split(' ', 1)[0])).toEqual(['SELECT']);
    expect(log.statements).toHaveLength(2);
  });

  it('a step-up code that was sent to one client is worth nothing to another', async () => {
    await test.withEmail(1);
    const token = app.sign({ id: 1 }, {});
    const sent = (await app.call(token, 'twoFactor.challenge.email').expect(200)).body;
    expect(sent.challengeToken).toMatch(/^[\w-]{43}$/);
    const give = (body: object) =>
      app.post('/call', { member: 'twoFactor.verify.email', args: [sent.otpValue], ...body }, token);
    await give({}).expect(401);
    await give({ challengeToken: 'another' }).expect(401);
    const { body } = await give({ challengeToken: sent.challengeToken }).expect(200);
    await app.get('/admin', body.token).expect(200);
  });

  it('a login that a message to the mailbox has proved is not finished by a code to the mailbox', async () => {
    const { user, secret } = await test.withTotp(1);
    await test.service.setup.email('1');
    const login = { email: user.email, password: user.password, more: { via: 'password-reset', channel: 'email' } };
    const { challengeToken, methods } = (await app.post('/own/login', login).expect(202)).body;
    expect(methods).toEqual({ totp: true, backupCode: true });
    await app.post('/own/send', { challengeToken }).expect(404);
    await app.post('/own/code', { challengeToken, code: '123456', method: 'email' }).expect(404);
    await app.post('/own/code', { challengeToken, code: test.totp(secret) }).expect(200);
    const other = await test.withEmail(2);
    const only = { email: other.email, password: other.password, more: login.more };
    expect((await app.post('/own/login', only).expect(401)).body.error.code).toBe('INVALID_CREDENTIALS');
  });

  it('a halted login by the service says what can finish it, to the server alone', async () => {
    const { user } = await test.withTotp(1);
    const halt: unknown = await test.service.login(user as never, { via: 'password' }).catch((error: unknown) => error);
    expect(SecondFactorRequiredError.is(halt) && halt.challengeToken).toMatch(/./);
    expect(JSON.stringify(halt)).not.toContain('challengeToken');
    for (const [given, field] of [
      [{ via: '' }, 'via'],
      [{ via: 7 }, 'via'],
      [{ via: 'x', channel: 'sms' }, 'channel'],
      [{ via: 'x', kind: 'oauth' }, 'kind'],
    ] as const)
      await expect(test.service.login(user as never, given as never)).rejects.toThrow(field);
    await expect(test.service.login(user as never, { via: 'x', chanel: 'email' } as never)).rejects.toThrow('chanel');
  });
});

describe('a login with session: false in an app with sessions', () => {
  const open = (claims?: (req: object) => unknown) =>
    TestApp.open(databases[0]!, {
      routes: (app, { passport, service, db }) => {
        if (claims) app.use(twoFactorAuth({ service, passport, claims }));
        const proved = passport.authenticate('local', { session: false }) as RequestHandler;
        app.post('/log-out', proved, async (req, res) => {
          await req.auth.logout();
          res.end();
        });
        app.post('/log-in', proved, async (req, res) => {
          await req.auth.loginAs(await db.getRepository(UserSchema).findOneByOrFail({ id: 1 }), { via: 'own' });
          res.json(req.auth.claims);
        });
        app.post('/claims', proved, (req, res) => {
          res.json(req.auth.claims);
        });
      },
    });

  it.each([
    ['without claims', undefined],
    ['with claims, for a request that has no token', () => undefined],
  ])('leaves log-in and log-out to the session, %s', async (_how, claims) => {
    const test = await open(claims);
    const user = await test.user(1);
    const agent = test.agent();
    await agent.post('/log-in').send(user).expect(200);
    await agent.get('/me').expect(200, { id: 1 });
    expect((await agent.post('/claims').send(user).expect(200)).body.amr).toEqual(['pwd']);
    await agent.post('/log-out').send(user).expect(200);
    await agent.get('/me').expect(401);
    await test.close();
  });
});

describe('claims', () => {
  it('need users.find and a function, and a payload that is an object', async () => {
    const test = await TestApp.open(databases[0]!);
    const { service, passport } = test;
    expect(() => twoFactorAuth({ service, passport, claims: 'jwt' as never })).toThrow(/claims must be a function/);
    expect(() => requireSecondFactor({ service, claims: {} as never })).toThrow(/claims must be a function/);
    const bare = { setup: {}, settings: { ...service.settings, users: { id: () => '1' } } };
    expect(() => requireSecondFactor({ service: bare as never, claims: () => undefined })).toThrow(/users\.find/);
    const app = express();
    app.use(
      (req, _res, next) => {
        Object.assign(req, { user: { id: 1 } });
        next();
      },
      requireSecondFactor({ service, claims: (req) => req.headers.authorization }),
    );
    app.use(((error: Error, _req, res, _next) => res.status(500).json(error.message)) as express.ErrorRequestHandler);
    expect((await request(app).get('/').set('Authorization', 'Bearer x').expect(500)).body).toMatch(/got string/);
    expect(() => claimsOf({})).toThrow('Log in first.');
    await test.close();
  });
});
