import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databases } from '../support/databases.js';
import { UserSchema, type TestApp } from '../support/app.js';
import { attackRoutes } from './routes.js';
import { expectDenied, facade, halted, openApp, sessionCookie, strategies, waysBySession, waysIn } from './support.js';

const needsLogin: [member: string, ...args: unknown[]][] = [
  ['setup.totp'],
  ['setup.totp', false],
  ['setup.email', 'attacker@example.org', false],
  ['setup.sms', '+15551234567', false],
  ['complete.totp', '123456'],
  ['complete.email', '123456'],
  ['complete.sms', '123456'],
  ['disable', 1],
  ['remove', 'an-id'],
  ['rename', 'an-id', 'mine'],
  ['generateNewBackupCodes'],
  ['getContact', 2],
  ['getTotpUri'],
  ['list'],
  ['remainingBackupCodes'],
  ['.reauthenticate', 'correct horse'],
];

describe.each(databases)('skipping the second step on $name', (database) => {
  let test: TestApp;
  let ids = 0;

  beforeAll(async () => {
    test = await openApp(database, { routes: attackRoutes });
  });
  afterAll(() => test.close());

  describe.each(waysBySession)('through $way', (wayIn) => {
    it('7: the cookies of the halted answer log nobody in (GHSA-xg6x-h9c9-2m83)', async () => {
      const { user } = await test.withTotp((ids += 1));
      const answer = await wayIn.first(test.agent(), user).expect(202);
      const cookie = sessionCookie(answer)!;
      expect(cookie).toBeDefined();
      for (const path of ['/me', '/guarded', '/admin']) await test.agent().get(path).set('Cookie', cookie).expect(401);
    });

    it('8: "remember me" at the password step leaves nothing that logs in (GHSA-9phw-7h96-q3rv, CVE-2026-76207)', async () => {
      const { user, secret } = await test.withTotp((ids += 1));
      const agent = test.agent();
      const answer =
        wayIn === facade
          ? await wayIn.first(agent, user, { remember: true }).expect(202)
          : await agent.post('/remember').send({ email: user.email, password: user.password }).expect(202);
      const cookies = answer.headers['set-cookie'] as unknown as string[];
      expect(cookies.map((cookie) => cookie.split('=', 1)[0])).toEqual(['connect.sid']);
      expect(cookies[0]).not.toMatch(/expires|max-age/i);
      await test.agent().get('/me').expect(401);
      await agent.get('/me').expect(401);
      const finished = await wayIn.second(agent, test.totp(secret)).expect(200);
      expect(finished.headers['set-cookie']?.[0]).toMatch(/expires/i);
    });

    it('8a: a body that asks at the second step to be remembered is not', async () => {
      const { user, secret } = await test.withTotp((ids += 1));
      const agent = await halted(test, user, wayIn);
      const finished = await wayIn.second(agent, test.totp(secret), 'totp', { remember: true }).expect(200);
      expect(finished.headers['set-cookie']?.[0]).not.toMatch(/expires|max-age/i);
    });
  });

  describe.each(waysIn)('through $way', (wayIn) => {
    it('1: a pending login opens no guarded route (CVE-2026-8293)', async () => {
      const { user, secret } = await test.withTotp((ids += 1));
      const pending = await halted(test, user, wayIn);
      for (const path of ['/me', '/admin', '/fresh', '/guarded']) await pending.get(path).expect(401);
      for (const [member, ...args] of needsLogin) {
        const answer = await expectDenied(pending, test.call(pending, member, ...args), 'NOT_LOGGED_IN');
        expect(answer.body).not.toHaveProperty('result');
      }
      await test.call(pending, 'isEnabled').expect(200, { result: false });
      await test.call(pending, 'getEnabledMethods').expect(200, { result: [] });
      await wayIn.second(pending, test.totp(secret)).expect(200);
      await pending.get('/guarded').expect(200);
    });

    it('2: a pending login is not completed before a code was verified', async () => {
      const { user, secret } = await test.withTotp((ids += 1));
      const pending = await halted(test, user, wayIn);
      await expectDenied(pending, pending.post('/complete'), 'NOT_VERIFIED');
      await wayIn.second(pending, test.wrongTotp(secret)).expect(401);
      await expectDenied(pending, pending.post('/complete'), 'NOT_VERIFIED');
      await pending.post('/2fa').send({}).expect(400);
      await pending.get('/me').expect(401);
    });

    it('9: a right code does not make up for a wrong password (CVE-2025-66489)', async () => {
      const { user, secret } = await test.withTotp((ids += 1));
      for (const password of ['wrong', '', ' ', 'correct horse ']) {
        const agent = test.agent();
        const code = test.totp(secret);
        const more = { code, method: 'totp', verified: true };
        // passport-local answers a missing password with 400, Passport a wrong one without a body.
        expect([400, 401]).toContain((await wayIn.first(agent, { ...user, password }, more)).status);
        await expectDenied(agent, wayIn.second(agent, code), 'CHALLENGE_EXPIRED');
        await expectDenied(agent, agent.post('/complete'), 'CHALLENGE_EXPIRED');
      }
    });

    it('11: what the client says about its login is ignored', async () => {
      const { user, secret } = await test.withTotp((ids += 1));
      const claims = {
        provider: 'github',
        strategy: 'github',
        kind: 'oauth',
        via: 'oauth',
        method: 'none',
        twoFactor: false,
        enabled: false,
        requiresTwoFactor: false,
        requireForOAuth: false,
        session: false,
        keepSessionInfo: true,
        verified: true,
        verifiedBy: 'totp',
        assignProperty: 'account',
        secondFactorRedirect: '/me',
        availableMethods: {},
        user: { id: user.id },
      };
      const query = '?provider=github&twoFactor=false&method=none&session=false&enabled=false';
      const { email, password } = user;
      const agent = wayIn.client(test.agent());
      const answer = await agent
        .post(wayIn.firstPath + query)
        .send({ ...claims, email, password })
        .expect(202);
      expect(answer.body).toMatchObject({ requiresTwoFactor: true });
      // It is the server that says where the login is kept.
      expect('challengeToken' in answer.body).toBe(!waysBySession.includes(wayIn));
      await agent.get('/me').expect(401);
      const wrong = { ...claims, method: 'totp', code: test.wrongTotp(secret) };
      await expectDenied(agent, agent.post(wayIn.secondPath + query).send(wrong), 'INVALID_CODE');
      await agent.post('/2fa').send({ method: 'none' }).expect(400);
      await agent
        .post('/2fa')
        .send({ method: 'none', code: test.wrongTotp(secret) })
        .expect(400);
      await expectDenied(agent, agent.post('/complete').send(claims), 'NOT_VERIFIED');
    });

    it('11a: a code in the query is not read: a query stands in logs and referrers', async () => {
      const { user, secret } = await test.withTotp((ids += 1));
      const agent = await halted(test, user, wayIn);
      await agent
        .post(`${wayIn.secondPath}?code=${test.totp(secret)}&method=totp`)
        .send({})
        .expect(400);
      await agent.get('/me').expect(401);
    });

    it.each(['password-reset', 'sign-up', 'magic-link', 'oauth'])(
      '13: a login that the app vouches for, by %s, is halted and keeps the factors (CVE-2024-21654)',
      async (via) => {
        const { user, secret } = await test.withTotp((ids += 1));
        if (via === 'password-reset')
          await test.db.getRepository(UserSchema).update({ id: user.id }, { password: 'another one' });
        const agent = wayIn.client(test.agent());
        await agent.post('/as').send({ id: user.id, via, remember: true }).expect(202);
        await expectDenied(agent, agent.post('/complete'), 'NOT_VERIFIED');
        await wayIn.second(agent, test.totp(secret)).expect(200);
        await agent.get('/me').expect(200, { id: user.id });
        await test.call(agent, 'remainingBackupCodes').expect(200, { result: 2 });
      },
    );

    it('14: the first factor given again leaves the login pending (CVE-2026-94218)', async () => {
      const { user } = await test.withTotp((ids += 1));
      const pending = await halted(test, user, wayIn);
      for (let again = 0; again < 7; again += 1) {
        await wayIn.first(pending, user).expect(202);
        await expectDenied(pending, pending.post('/complete'), 'NOT_VERIFIED');
      }
      await pending.post('/login').send({ email: user.email, password: 'wrong' }).expect(401);
      await expectDenied(pending, pending.post('/complete'), 'NOT_VERIFIED');
    });

    it('17: a user who is disabled or removed between the factors is not logged in (CVE-2026-95754)', async () => {
      const users = test.db.getRepository(UserSchema);
      for (const lose of [
        (id: number) => users.update({ id }, { disabled: 1 }),
        (id: number) => users.delete({ id }),
      ]) {
        const { user, secret, backupCodes } = await test.withTotp((ids += 1));
        const [pending, verified, third] = [
          await halted(test, user, wayIn),
          await halted(test, user, wayIn),
          await halted(test, user, wayIn),
        ];
        await verified
          .post('/verify')
          .send({ code: test.totp(secret) })
          .expect(200);
        test.clock.advance('30s');
        await lose(user.id);
        await expectDenied(pending, wayIn.second(pending, test.totp(secret)), 'CHALLENGE_EXPIRED');
        await expectDenied(verified, verified.post('/complete'), 'CHALLENGE_EXPIRED');
        await expectDenied(third, wayIn.second(third, backupCodes[0], 'backup_code'), 'CHALLENGE_EXPIRED');
        await pending.get('/guarded').expect(401);
      }
    });
  });

  it('6: without a session the next handler does not run at the password step (GHSA-4qvm-r4pr-v3wg)', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const agent = test.agent();
    const answer = await agent.post('/token/login').send({ email: user.email, password: user.password }).expect(202);
    expect(answer.body).toMatchObject({ requiresTwoFactor: true });
    expect(answer.body).not.toHaveProperty('token');
    expect(answer.headers).not.toHaveProperty('set-cookie');
    await agent.get('/me').expect(401);
    const { challengeToken } = answer.body as { challengeToken: string };
    for (const body of [{ challengeToken }, { challengeToken, code: '' }])
      await agent.post('/token/2fa').send(body).expect(400);
    await expectDenied(
      agent,
      agent.post('/token/2fa').send({ challengeToken, code: test.wrongTotp(secret) }),
      'INVALID_CODE',
    );
    const again = await agent
      .post('/token/login')
      .send({ email: user.email, password: user.password, challengeToken })
      .expect(202);
    expect(again.body).not.toHaveProperty('token');
  });

  it('6a: a challenge token finishes nothing in a session, a session nothing by token', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const answer = await strategies.first(test.agent(), user).expect(202);
    expect(answer.body).not.toHaveProperty('challengeToken');
    const halt = await test
      .agent()
      .post('/token/login')
      .send({ email: user.email, password: user.password })
      .expect(202);
    const { challengeToken } = halt.body as { challengeToken: string };
    const agent = test.agent();
    const code = test.totp(secret);
    await expectDenied(agent, agent.post('/2fa').send({ challengeToken, code }), 'CHALLENGE_EXPIRED');
    await expectDenied(agent, agent.post('/verify').send({ challengeToken, code }), 'CHALLENGE_EXPIRED');
    await expectDenied(agent, agent.post('/complete').send({ challengeToken }), 'CHALLENGE_EXPIRED');
    const pending = await halted(test, user);
    await expectDenied(pending, pending.post('/token/2fa').send({ code }), 'CHALLENGE_EXPIRED');
    await agent.post('/token/2fa').query({ challengeToken, code }).send({}).expect(401);
    await agent.post('/token/2fa').send({ challengeToken, code }).expect(200, { token: user.id });
  });
});
