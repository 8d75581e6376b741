import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApp, type TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';

describe.each(databases)('req.auth.reauthenticate on $name', (database) => {
  let test: TestApp;
  beforeAll(async () => { test = await TestApp.open(database); });
  afterAll(() => test.close());

  it('makes an old session fit for a change again, by the password and nothing else', async () => {
    const { user, secret } = await test.withTotp(1);
    const agent = test.agent();
    await test.login(agent, user).expect(202);
    await agent.post('/verify-2fa').send({ code: test.totp(secret) }).expect(200);
    test.clock.advance('6m');
    await test.call(agent, 'getTotpUri').expect(403);
    await test.call(agent, '.isRecent').expect(200, { result: false });
    await test.call(agent, '.reauthenticate', 'wrong').expect(401);
    await test.call(agent, '.reauthenticate', { $ne: 1 }).expect(400);
    await test.call(agent, 'getTotpUri').expect(403);
    await test.call(agent, '.reauthenticate', user.password).expect(200);
    await test.call(agent, '.isRecent').expect(200, { result: true });
    const { body } = await test.call(agent, 'getTotpUri').expect(200);
    expect(body.result).toContain(`secret=${secret}`);
    await agent.get('/admin').expect(200);
  });

  it('lets a user without a factor enrol after a long time', async () => {
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
    ['logs in by another name than its address', { email: () => 'elsewhere@example.com', label: (user: TestUser) => user.email }],
  ])('knows a user who %s by the label', async (_who, names) => {
    const other = await TestApp.open(database, {
      service: { users: { id: (user: TestUser) => String(user.id), find: (id) => ({ id: Number(id) }) as TestUser, ...names } },
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
