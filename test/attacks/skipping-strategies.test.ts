import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databases } from '../support/databases.js';
import type { TestApp } from '../support/app.js';
import { attackRoutes, gullibleOf } from './routes.js';
import { burst, codeOf, expectDenied, halted, Listening, openCrowded, strategies, waysIn } from './support.js';

describe.each(databases)('skipping the second step by other strategies on $name', (database) => {
  let test: TestApp;
  let server: Listening;
  let ids = 0;

  beforeAll(async () => {
    test = await openCrowded(database, { routes: attackRoutes });
    server = await Listening.open(test);
  });
  afterAll(async () => {
    await server.close();
    await test.close();
  });

  it('3: a chain of strategies stops at the halt and never asks the next one', async () => {
    const { user } = await test.withTotp((ids += 1));
    const { email, password } = user;
    for (const path of ['/chain', '/chain/browser']) {
      const agent = test.agent();
      await agent.post(path).send({ email, password }).expect(202);
      await agent.get('/me').expect(401);
      await agent.get('/guarded').expect(401);
    }
    expect(gullibleOf(test).seen).not.toContain(email);
    // The chain itself works: a first factor that fails goes on to the next strategy, as Passport has it.
    const other = await test.user((ids += 1));
    await test.agent().post('/chain').send({ email: other.email, password: 'wrong' }).expect(200);
    expect(gullibleOf(test).seen).toContain(other.email);
  });

  it('4: the inner strategy used raw gives a session without a mark, which the guard denies', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const agent = test.agent();
    await agent.post('/raw').send({ email: user.email, password: user.password }).expect(200);
    for (const path of ['/admin', '/fresh']) expect(codeOf(await agent.get(path).expect(403))).toBe('STEP_UP_REQUIRED');
    for (const [member, argument] of [
      ['disable', 1],
      ['setup.totp', false],
      ['generateNewBackupCodes'],
      ['getTotpUri'],
    ] as const) {
      expect(codeOf(await test.call(agent, member, argument).expect(403))).toBe('STEP_UP_REQUIRED');
    }
    // The password again does not make up for it, the second factor does.
    expect(codeOf(await test.call(agent, '.reauthenticate', user.password).expect(403))).toBe('STEP_UP_REQUIRED');
    await test.call(agent, 'verify.totp', test.totp(secret)).expect(200);
    await agent.get('/admin').expect(200);
  });

  it('4a: req.auth.login halts for a strategy that the app forgot to wrap', async () => {
    const { user } = await test.withTotp((ids += 1));
    const agent = test.agent();
    await agent.post('/raw/facade').send({ email: user.email, password: user.password }).expect(202);
    await agent.get('/me').expect(401);
    await agent.get('/guarded').expect(401);
  });

  it('5: a custom callback never gets a user while the login is halted', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const agent = test.agent();
    const answer = await agent.post('/callback').send({ email: user.email, password: user.password }).expect(200);
    expect(answer.body).toEqual({ error: 'SECOND_FACTOR_REQUIRED', user: null });
    await agent.get('/me').expect(401);
    await strategies.second(agent, test.totp(secret)).expect(200);
  });

  it('5a: a custom callback that ignores the error and calls req.logIn logs nobody in', async () => {
    const { user } = await test.withTotp((ids += 1));
    const pending = await halted(test, user, strategies);
    for (const agent of [test.agent(), pending]) {
      await agent.post('/callback/careless').send({ email: user.email, password: user.password }).expect(500);
      await agent.get('/me').expect(401);
      await agent.get('/guarded').expect(401);
    }
  });

  it('5b: a halt by redirect logs nobody in', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const agent = test.agent();
    const answer = await agent.post('/browser').send({ email: user.email, password: user.password }).expect(302);
    expect(answer.headers.location).toBe('/enter-code');
    await agent.get('/me').expect(401);
    await expectDenied(agent, agent.post('/complete'), 'NOT_VERIFIED');
    await strategies.second(agent, test.totp(secret)).expect(200);
    await agent.get('/me').expect(200, { id: user.id });
  });

  it("5c: a custom callback that logs in somebody else after A's second factor gives that one no mark", async () => {
    const a = await test.withTotp((ids += 1));
    const v = await test.withTotp((ids += 1));
    const agent = await halted(test, a.user, strategies);
    await agent
      .post('/callback/2fa')
      .send({ code: test.totp(a.secret), as: v.user.id })
      .expect(200);
    await agent.get('/me').expect(200, { id: v.user.id });
    expect(codeOf(await agent.get('/admin').expect(403))).toBe('STEP_UP_REQUIRED');
    expect(codeOf(await test.call(agent, 'disable', 1).expect(403))).toBe('STEP_UP_REQUIRED');
  });

  it('14a: keepSessionInfo at the halt and at the login keeps neither a user nor a pending login', async () => {
    const plain = await test.user((ids += 1));
    const { user, secret } = await test.withTotp((ids += 1));
    const agent = test.agent();
    await test.login(agent, plain).expect(200);
    await agent.post('/keep').send({ email: user.email, password: user.password }).expect(202);
    for (const path of ['/me', '/guarded']) await agent.get(path).expect(401);
    expect((await agent.get('/peek')).body).not.toHaveProperty('passport');
    // The pending login does not outlive a login of somebody else, who is not V and has no mark of V's.
    await agent.post('/keep').send({ email: plain.email, password: plain.password }).expect(200);
    await agent.get('/me').expect(200, { id: plain.id });
    expect(codeOf(await agent.get('/admin').expect(403))).toBe('ENROLLMENT_REQUIRED');
    expect(codeOf(await agent.post('/complete').expect(401))).toBe('CHALLENGE_EXPIRED');
    expect(
      codeOf(
        await agent
          .post('/keep/2fa')
          .send({ code: test.totp(secret) })
          .expect(404),
      ),
    ).toBe('NOT_SETUP');
    await agent.get('/me').expect(200, { id: plain.id });
  });

  it('14b: the mark of one user is not the mark of the next one in the same session', async () => {
    const a = await test.withTotp((ids += 1));
    const v = await test.withTotp((ids += 1));
    const agent = await halted(test, a.user, strategies);
    await agent
      .post('/keep/2fa')
      .send({ code: test.totp(a.secret) })
      .expect(200);
    await agent.get('/admin').expect(200);
    await agent.post('/keep').send({ email: v.user.email, password: v.user.password }).expect(202);
    await agent.get('/me').expect(401);
    await agent.post('/raw').send({ email: v.user.email, password: v.user.password }).expect(200);
    await agent.get('/me').expect(200, { id: v.user.id });
    expect(codeOf(await agent.get('/admin').expect(403))).toBe('STEP_UP_REQUIRED');
  });

  it('14c: passport.authorize links an account for a user who is logged in and is halted for anybody else', async () => {
    const { user: v } = await test.withTotp((ids += 1));
    const a = await test.user((ids += 1));
    const credentials = { email: v.email, password: v.password };
    const agent = test.agent();
    await agent.post('/link').send(credentials).expect(202);
    await agent.get('/me').expect(401);
    await agent.post('/link').send(credentials).expect(202);
    await agent.get('/guarded').expect(401);

    await test.login(agent, a).expect(200);
    await agent.post('/link').send(credentials).expect(200, { account: v.id, user: a.id });
    await agent.get('/me').expect(200, { id: a.id });
    expect(codeOf(await agent.get('/admin').expect(403))).toBe('ENROLLMENT_REQUIRED');
  });

  it('14e: linking under an empty name is a login to Passport, and is halted like one', async () => {
    const { user: v } = await test.withTotp((ids += 1));
    const agent = test.agent();
    await test.login(agent, await test.user((ids += 1))).expect(200);
    await agent.post('/link/nameless').send({ email: v.email, password: v.password }).expect(202);
    await agent.get('/me').expect(401);
  });

  describe.each(waysIn)('through $way', (wayIn) => {
    it('14d: two browsers that log in at once through one strategy object are not mixed up', async () => {
      const users: Awaited<ReturnType<TestApp['withTotp']>>[] = [];
      for (let count = 0; count < 6; count += 1) users.push(await test.withTotp((ids += 1)));
      const agents = users.map(() => server.agent());
      const { answers } = await burst(users.length, (index) => wayIn.first(agents[index]!, users[index]!.user));
      expect(answers.map(({ status }) => status)).toEqual(users.map(() => 202));
      await burst(users.length, (index) => wayIn.second(agents[index]!, test.totp(users[index]!.secret)).expect(200));
      for (const [index, { user }] of users.entries()) await agents[index]!.get('/me').expect(200, { id: user.id });
    });
  });
});
