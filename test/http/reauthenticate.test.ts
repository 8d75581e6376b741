import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApp, type TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';

describe.each(databases)('req.auth.reauthenticate on $name', (database) => {
  let test: TestApp;
  beforeAll(async () => {
    test = await TestApp.open(database);
  });
  afterAll(() => test.close());

  it('makes an old session no fitter for a change where there is a second factor: that asks for a code', async () => {
    const { user, secret } = await test.withTotp(1);
    const agent = test.agent();
    await test.login(agent, user).expect(202);
    await agent
      .post('/verify-2fa')
      .send({ code: test.totp(secret) })
      .expect(200);
    test.clock.advance('6m');
    await test.call(agent, '.reauthenticate', 'wrong').expect(401);
    await test.call(agent, '.reauthenticate', { $ne: 1 }).expect(400);
    await test.call(agent, '.reauthenticate', user.password).expect(200);
    await test.call(agent, '.isRecent').expect(200, { result: false });
    for (const [member, ...args] of [
      ['getTotpUri'],
      ['generateNewBackupCodes'],
      ['setup.totp', true, { label: 'mine' }],
      ['setup.email'],
      ['disable', 1],
    ] as [string, ...unknown[]][]) {
      expect((await test.call(agent, member, ...args).expect(403)).body).toMatchObject({
        error: { code: 'STEP_UP_REQUIRED' },
      });
    }
    await agent.get('/fresh').expect(403);
    await agent.get('/admin').expect(200);
    await test.call(agent, 'verify.totp', test.totp(secret)).expect(200);
    await test.call(agent, 'getTotpUri').expect(200);
  });

  it('makes the standing no younger of a session that has enabled its first factor without a code', async () => {
    const user = await test.user(5);
    const agent = test.agent();
    await test.login(agent, user).expect(200);
    test.clock.advance('3m');
    await test.call(agent, 'setup.totp', false).expect(200);
    await test.call(agent, 'generateNewBackupCodes').expect(200);
    await test.call(agent, '.reauthenticate', user.password).expect(403);
    test.clock.advance('2m');
    await test.call(agent, 'generateNewBackupCodes').expect(200);
    test.clock.advance('1s');
    await test.call(agent, 'generateNewBackupCodes').expect(403);
    await test.call(agent, '.reauthenticate', user.password).expect(403);
    await test.call(agent, 'getTotpUri').expect(403);
  });

  it('brings no second factor back that was verified by a factor which is gone', async () => {
    const { user, secret } = await test.withTotp(6);
    const agent = test.agent();
    await test.login(agent, user).expect(202);
    await agent
      .post('/verify-2fa')
      .send({ code: test.totp(secret) })
      .expect(200);
    await test.call(agent, 'disable', 1).expect(200);
    await test.call(agent, '.reauthenticate', user.password).expect(200);
    await test.call(agent, 'setup.email').expect(200);
    await agent.get('/admin').expect(403);
  });

  it('answers nobody who guesses: ten wrong passwords an hour, in all sessions together', async () => {
    const user = await test.user(7);
    const other = await test.user(8);
    const agents = [test.agent(), test.agent()];
    for (const agent of agents) await test.login(agent, user).expect(200);
    for (let guess = 0; guess < 10; guess += 1) {
      await test.call(agents[guess % 2]!, '.reauthenticate', user.password).expect(200);
      await test.call(agents[guess % 2]!, '.reauthenticate', `guess ${String(guess)}`).expect(401);
    }
    for (const agent of agents) {
      const answer = await test.call(agent, '.reauthenticate', user.password).expect(429);
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    }
    const fresh = test.agent();
    await test.login(fresh, other).expect(200);
    await test.call(fresh, '.reauthenticate', other.password).expect(200);
    test.clock.advance('1h');
    await test.call(agents[0]!, '.reauthenticate', user.password).expect(200);
  });

  it('looks at no more guesses than that when they are made at once', async () => {
    const user = await test.user(9);
    const agent = test.agent();
    await test.login(agent, user).expect(200);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, guess) => test.call(agent, '.reauthenticate', `guess ${String(guess)}`)),
    );
    expect(answers.filter(({ status }) => status === 401).length).toBeLessThanOrEqual(10);
    expect(answers.every(({ status }) => status === 401 || status === 429)).toBe(true);
  });

  it('lets a user without a factor enroll after a long time', async () => {
    const user = await test.user(2);
    const agent = test.agent();
    await test.login(agent, user).expect(200);
    test.clock.advance('6m');
    await test.call(agent, 'setup.totp').expect(403);
    await test.call(agent, '.reauthenticate', user.password).expect(200);
    await test.call(agent, 'setup.totp').expect(200);
  });

  it.each([
    ['has no address', { email: () => '', label: (user: TestUser) => user.email }],
    [
      'logs in by another name than its address',
      { email: () => 'elsewhere@example.com', label: (user: TestUser) => user.email },
    ],
  ])('knows a user who %s by the label', async (_who, names) => {
    const other = await TestApp.open(database, {
      service: {
        users: { id: (user: TestUser) => String(user.id), find: (id) => ({ id: Number(id) }) as TestUser, ...names },
      },
    });
    try {
      const user = await other.user(1);
      const agent = other.agent();
      await other.login(agent, user).expect(200);
      other.clock.advance('6m');
      await other.call(agent, '.reauthenticate', 'wrong').expect(401);
      await other.call(agent, '.isRecent').expect(200, { result: false });
      await other.call(agent, '.reauthenticate', user.password).expect(200);
      await other.call(agent, '.isRecent').expect(200, { result: true });
    } finally {
      await other.close();
    }
  });

  it('is nothing for a pending login or for nobody', async () => {
    const { user } = await test.withTotp(3);
    await test.call(test.agent(), '.reauthenticate', user.password).expect(401);
    const agent = test.agent();
    await test.login(agent, user).expect(202);
    await test.call(agent, '.reauthenticate', user.password).expect(401);
    await agent.get('/me').expect(401);
  });
});
