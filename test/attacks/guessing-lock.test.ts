import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databases } from '../support/databases.js';
import type { TestApp } from '../support/app.js';
import { codeOf, expectDenied, facade, guessWrong, halted, loggedIn, openApp, strategies, waysIn } from './support.js';

describe.each(databases)('being locked on $name', (database) => {
  let test: TestApp;
  let ids = 0;

  beforeAll(async () => {
    test = await openApp(database);
  });
  afterAll(() => test.close());

  it.each(waysIn)('33: six wrong codes at a step-up of a full session through $way are stopped', async (wayIn) => {
    const { user, secret } = await test.withTotp((ids += 1));
    const agent = await loggedIn(test, user, secret, wayIn);
    for (let guess = 0; guess < 5; guess += 1)
      expect(codeOf(await wayIn.stepUp(agent, test.wrongTotp(secret)).expect(401))).toBe('INVALID_CODE');
    expect(codeOf(await wayIn.stepUp(agent, test.wrongTotp(secret)).expect(429))).toBe('TOO_MANY_ATTEMPTS');
    const right = await wayIn.stepUp(agent, test.totp(secret)).expect(429);
    expect(right.headers['retry-after']).toBe('30');
    await agent.get('/me').expect(200, { id: user.id });
    // The guesses count for a login too: there is one budget.
    const pending = await halted(test, user, wayIn);
    await expectDenied(pending, wayIn.second(pending, test.totp(secret)), 'TOO_MANY_ATTEMPTS');
    test.clock.advance('30s');
    await wayIn.stepUp(agent, test.totp(secret)).expect(200);
  });

  it('34: six wrong codes at the confirmation of an enrollment discard its secret', async () => {
    const user = await test.user((ids += 1));
    const agent = test.agent();
    await test.login(agent, user).expect(200);
    const { body } = await test.call(agent, 'setup.totp').expect(200);
    const { secret } = (body as { result: { secret: string } }).result;
    for (let guess = 0; guess < 5; guess += 1)
      expect(codeOf(await test.call(agent, 'complete.totp', test.wrongTotp(secret)).expect(401))).toBe('INVALID_CODE');
    expect((await test.call(agent, 'complete.totp', test.wrongTotp(secret))).status).toBe(429);
    test.clock.advance('1m');
    expect(codeOf(await test.call(agent, 'complete.totp', test.totp(secret)).expect(404))).toBe('NOT_SETUP');
    await test.call(agent, 'isEnabled').expect(200, { result: false });
    await test.login(test.agent(), user).expect(200);
  });

  it('34a: six wrong codes at the confirmation of a contact discard it', async () => {
    const user = await test.user((ids += 1));
    const agent = test.agent();
    await test.login(agent, user).expect(200);
    await test.call(agent, 'setup.sms', '+15551234567').expect(200);
    const code = test.lastCode('sms');
    const wrong = code === '000000' ? '111111' : '000000';
    for (let guess = 0; guess < 5; guess += 1)
      expect(codeOf(await test.call(agent, 'complete.sms', wrong).expect(401))).toBe('INVALID_CODE');
    expect((await test.call(agent, 'complete.sms', code)).status).toBe(429);
    test.clock.advance('30s');
    expect(codeOf(await test.call(agent, 'complete.sms', code).expect(404))).toBe('NOT_SETUP');
    await test.call(agent, 'isEnabled').expect(200, { result: false });
  });

  it("35: nobody locks V without V's password", async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const a = await test.withTotp((ids += 1));
    const wrong = test.wrongTotp(secret);
    const claims = { email: user.email, login: user.email, userId: user.id, id: user.id };
    const agent = test.agent();
    const other = await halted(test, a.user);
    for (let guess = 0; guess < 8; guess += 1) {
      await expectDenied(agent, facade.first(agent, { ...user, password: 'wrong' }, { code: wrong }));
      await expectDenied(agent, strategies.first(agent, { ...user, password: 'wrong' }, { code: wrong }));
      for (const wayIn of waysIn)
        await expectDenied(agent, wayIn.second(agent, wrong, 'totp', claims), 'CHALLENGE_EXPIRED');
      await expectDenied(
        agent,
        agent.post('/token/2fa').send({ ...claims, challengeToken: 'A'.repeat(43), code: wrong }),
        'CHALLENGE_EXPIRED',
      );
    }
    // Another account's pending login costs that account, whatever it says.
    for (let guess = 0; guess < 5; guess += 1)
      await expectDenied(other, facade.second(other, wrong, 'totp', claims), 'INVALID_CODE');
    const locked = await halted(test, a.user);
    await expectDenied(locked, facade.second(locked, test.totp(a.secret)), 'TOO_MANY_ATTEMPTS');
    await facade.second(await halted(test, user), test.totp(secret)).expect(200);
  });

  it.each(waysIn)('35a: a lock leaves a full session alive, which keeps what it was, through $way', async (wayIn) => {
    const { user, secret } = await test.withTotp((ids += 1));
    const full = await loggedIn(test, user, secret, wayIn);
    await guessWrong(test, user, secret, 5, wayIn);
    for (const path of ['/me', '/admin', '/fresh']) await full.get(path).expect(200);
    await test.call(full, 'list').expect(200);
    expect(codeOf(await wayIn.stepUp(full, test.totp(secret)).expect(429))).toBe('TOO_MANY_ATTEMPTS');
    await full.get('/admin').expect(200);
  });

  it('36: one wrong code an hour suspends the account after a hundred', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const start = test.clock.now;
    for (let guess = 0; guess < 100; guess += 1) {
      const agent = test.agent();
      await strategies.first(agent, user).expect(202);
      expect(codeOf(await strategies.second(agent, test.wrongTotp(secret)).expect(401))).toBe('INVALID_CODE');
      test.clock.advance('1h');
    }
    for (const wayIn of waysIn) {
      const agent = await halted(test, user, wayIn);
      await expectDenied(agent, wayIn.second(agent, test.wrongTotp(secret)), 'TOO_MANY_ATTEMPTS');
      await expectDenied(agent, wayIn.second(agent, test.totp(secret)), 'TOO_MANY_ATTEMPTS');
    }
    test.clock.now = start + 30 * 86_400_000 - 1;
    const early = await halted(test, user);
    await expectDenied(early, facade.second(early, test.totp(secret)), 'TOO_MANY_ATTEMPTS');
    test.clock.advance(1);
    await facade.second(early, test.totp(secret)).expect(200);
  });

  it("36a: V's own logins in between do not stop the suspension", async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    for (let day = 0; day < 25; day += 1) {
      await facade.second(await halted(test, user), test.totp(secret)).expect(200);
      await guessWrong(test, user, secret, 4);
      test.clock.advance('1d');
    }
    const agent = await halted(test, user);
    await expectDenied(agent, facade.second(agent, test.totp(secret)), 'TOO_MANY_ATTEMPTS');
    await test.service.unlock(String(user.id));
    await facade.second(agent, test.totp(secret)).expect(200);
  });
});
