import { completeSecondFactor, createOutbox, currentTotp, fakeClock } from 'passport-two-factor/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestApp } from '../support/app.js';
import { databases } from '../support/databases.js';

describe.each(databases)('an app that tests its own login with these helpers on $name', (database) => {
  const clock = fakeClock();
  const outbox = createOutbox();
  let test: TestApp;

  beforeEach(async () => {
    outbox.clear();
    test = await TestApp.open(database, { service: { clock: clock.now, deliver: outbox.deliver } });
  });
  afterEach(() => test.close());

  it('enrolls an authenticator app and finishes a login with its next code', async () => {
    const user = await test.user(1);
    const agent = test.agent();
    await test.login(agent, user).expect(200);
    const { secret } = (await test.call(agent, 'setup.totp').expect(200)).body.result as { secret: string };
    await test.call(agent, 'complete.totp', currentTotp(secret, clock.now())).expect(200);

    const browser = test.agent();
    await test.login(browser, user).expect(202);
    await completeSecondFactor(browser, { path: '/2fa', secret, at: clock.now() }).expect(401);
    clock.advance('30s');
    const { body } = await completeSecondFactor(browser, { path: '/2fa', secret, at: clock.now() }).expect(200);
    expect(body).toMatchObject({ user: 1 });
    await browser.get('/me').expect(200);
  });

  it('reads the code that was sent, and sees it expire without waiting', async () => {
    const user = await test.withEmail(1);
    const agent = test.agent();
    await test.login(agent, user).expect(202);
    const { code, purpose, userId } = outbox.last(user.email);
    expect({ purpose, userId }).toEqual({ purpose: 'login', userId: '1' });
    clock.advance('5m');
    await completeSecondFactor(agent, { path: '/2fa', code, method: 'email' }).expect(401);
    await test.call(agent, 'challenge.email').expect(200);
    await completeSecondFactor(agent, { path: '/2fa', code: outbox.last().code }).expect(200);
  });

  it('finishes a login without sessions by its token', async () => {
    await test.withEmail(1);
    const agent = test.agent();
    const halted = await agent
      .post('/token/login')
      .send({ email: 'user1@example.com', password: 'correct horse' })
      .expect(202);
    const { challengeToken } = halted.body as { challengeToken: string };
    const { body } = await completeSecondFactor(agent, {
      path: '/token/2fa',
      code: outbox.last().code,
      challengeToken,
    }).expect(200);
    expect(body).toEqual({ token: 1 });
  });
});
