import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Strategy as LocalStrategy } from 'passport-local';
import { twoFactorAuth, TwoFactorStrategy } from 'passport-two-factor';
import { databases } from '../support/databases.js';
import { TestApp } from '../support/app.js';

describe.each(databases)('a login on $name', (database) => {
  let test: TestApp;
  let ids = 0;

  beforeAll(async () => {
    test = await TestApp.open(database, {
      routes: (app, { service, passport }) => {
        app.post('/tenants', twoFactorAuth({ service, passport, login: 'tenants' }), async (req, res) => {
          await req.auth.login(req.body.email, req.body.password);
          res.json({ tenant: (req as unknown as { tenant: unknown }).tenant });
        });
      },
    });
  });
  afterAll(() => test.close());

  it('goes through for a user without a second factor', async () => {
    const user = await test.user((ids += 1));
    const agent = test.agent();
    await test.login(agent, user).expect(200, { success: true });
    await agent.get('/me').expect(200, { id: user.id });
  });

  it('is halted for a user with a TOTP and finished with its code', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const agent = test.agent();
    const halted = await test.login(agent, user).expect(202);
    const methods = { totp: true, backupCode: true };
    expect(halted.body).toMatchObject({ requiresTwoFactor: true, methods });
    await agent.get('/me').expect(401, { pending: { methods, expiresAt: test.clock.now + 600_000 } });
    await agent
      .post('/verify-2fa')
      .send({ code: test.totp(secret) })
      .expect(200);
    await agent.get('/me').expect(200, { id: user.id });
    await agent.get('/admin').expect(200);
  });

  it('is finished through passport.authenticate("two-factor")', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const agent = test.agent();
    await agent.post('/passport/login').send({ email: user.email, password: user.password }).expect(202);
    await agent
      .post('/2fa')
      .send({ code: test.totp(secret) })
      .expect(200);
    await agent.get('/admin').expect(200);
  });

  it('is finished with an e-mailed code', async () => {
    const user = await test.withEmail((ids += 1));
    const agent = test.agent();
    await test.login(agent, user).expect(202);
    await agent.post('/verify-2fa').send({ method: 'otp', code: test.lastCode() }).expect(200);
    await agent.get('/me').expect(200);
  });

  it('is finished with a backup code, once', async () => {
    const { user, backupCodes } = await test.withTotp((ids += 1));
    expect(backupCodes).toHaveLength(10);
    const agent = test.agent();
    await test.login(agent, user).expect(202);
    await agent.post('/verify-2fa').send({ method: 'backupCode', code: backupCodes[0] }).expect(200);
    const other = test.agent();
    await test.login(other, user).expect(202);
    await other.post('/verify-2fa').send({ method: 'backupCode', code: backupCodes[0] }).expect(401);
    await test.call(agent, 'remainingBackupCodes').expect(200, { result: 9 });
  });

  it('gives a strategy that asks for the request the rest of its body, and the request itself', async () => {
    const user = await test.user((ids += 1));
    const seen: unknown[] = [];
    test.passport.use(
      'tenants',
      new TwoFactorStrategy(
        { service: test.service },
        new LocalStrategy({ usernameField: 'email', passReqToCallback: true }, (req, email, password, done) => {
          const { tenant } = req.body as { tenant?: string };
          seen.push([email, password, tenant, req.query]);
          (req as unknown as { tenant: unknown }).tenant = tenant;
          done(null, tenant === 'acme' ? user : false);
        }),
      ),
    );
    const answer = await test
      .agent()
      .post('/tenants?email=evil@example.com')
      .send({ email: user.email, password: 'x', tenant: 'acme' })
      .expect(200);
    expect(answer.body).toEqual({ tenant: 'acme' });
    expect(seen).toEqual([[user.email, 'x', 'acme', {}]]);
    await test.agent().post('/tenants').send({ email: user.email, password: 'x', tenant: 'other' }).expect(401);
  });

  it.each([
    [1, /Expires/],
    ['on', /Expires/],
    [0, /HttpOnly$/],
    [undefined, /HttpOnly$/],
  ])('is remembered or not where the body says %j', async (remember, cookie) => {
    const answer = await test.login(test.agent(), await test.user((ids += 1)), { remember }).expect(200);
    expect(String(answer.headers['set-cookie'])).toMatch(cookie);
  });

  it('by a way whose name is too long to be kept is INVALID_INPUT', async () => {
    const { user } = await test.withTotp((ids += 1));
    for (const via of ['x'.repeat(192), '', 7]) {
      const answer = await test.call(test.agent(), '.loginAs', user, { via }).expect(400);
      expect(answer.body).toMatchObject({ error: { code: 'INVALID_INPUT' } });
    }
    await test.call(test.agent(), '.loginAs', user, { via: 'x'.repeat(191) }).expect(202);
  });

  it('runs the strategy that is registered, and not what it calls its inner one', async () => {
    const user = await test.user((ids += 1));
    const inner = new LocalStrategy({ usernameField: 'email' }, (_email, _password, done) => {
      done(null, user);
    });
    const asks: LocalStrategy & { inner?: unknown } = new LocalStrategy(
      { usernameField: 'email' },
      (_email, _password, done) => {
        done(null, false);
      },
    );
    test.passport.use('tenants', Object.assign(asks, { inner }));
    await test.agent().post('/tenants').send({ email: user.email, password: 'x' }).expect(401);
  });

  it('works by token where there is no session', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const halted = await test
      .agent()
      .post('/token/login')
      .send({ email: user.email, password: user.password })
      .expect(202);
    const { challengeToken } = halted.body as { challengeToken: string };
    const answer = await test
      .agent()
      .post('/token/2fa')
      .send({ challengeToken, code: test.totp(secret) })
      .expect(200);
    expect(answer.body).toEqual({ token: user.id });
  });
});
