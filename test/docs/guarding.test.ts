import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApp } from '../support/app.js';
import { databases } from '../support/databases.js';

describe.each(databases)('requireSecondFactor as the README tells it, on $name', (database) => {
  let test: TestApp;

  beforeAll(async () => {
    test = await TestApp.open(database);
  });
  afterAll(() => test.close());

  it('lets a second factor pass that is as old as maxAge, asks for another one after that, and is content with a step-up', async () => {
    const { user, secret } = await test.withTotp(1);
    const agent = test.agent();
    await test.login(agent, user).expect(202);
    await agent
      .post('/2fa')
      .send({ code: test.totp(secret) })
      .expect(200);
    test.clock.advance('5m');
    await agent.get('/fresh').expect(200);
    test.clock.advance(1);
    const refused = await agent.get('/fresh').expect(403);
    expect(refused.body).toMatchObject({ error: { code: 'STEP_UP_REQUIRED' } });
    await agent.get('/admin').expect(200);
    await agent
      .post('/verify')
      .send({ code: test.totp(secret) })
      .expect(200);
    await agent.get('/fresh').expect(200);
  });

  it('is not content with the password where the second factor is too old', async () => {
    const { user, secret } = await test.withTotp(2);
    const agent = test.agent();
    await test.login(agent, user).expect(202);
    await agent
      .post('/2fa')
      .send({ code: test.totp(secret) })
      .expect(200);
    test.clock.advance('6m');
    await test.call(agent, '.reauthenticate', user.password).expect(200);
    await agent.get('/fresh').expect(403);
    await agent.get('/admin').expect(200);
  });

  it('refuses a user without a second factor, and nobody', async () => {
    const agent = test.agent();
    await test.login(agent, await test.user(3)).expect(200);
    expect((await agent.get('/admin').expect(403)).body).toMatchObject({ error: { code: 'ENROLLMENT_REQUIRED' } });
    expect((await test.agent().get('/admin').expect(401)).body).toMatchObject({ error: { code: 'NOT_LOGGED_IN' } });
  });
});
