import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databases } from '../support/databases.js';
import type { TestApp } from '../support/app.js';
import { attackRoutes } from './routes.js';
import {
  burst,
  codeOf,
  expectDenied,
  facade,
  guessWrong,
  halted,
  Listening,
  loggedIn,
  openCrowded,
} from './support.js';

// The specified form, in which a code is verified by one request and the login completed by another.
describe.each(databases)('between verifying and completing on $name', (database) => {
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

  it('2a: a code verified in one browser completes no login in another', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const [verified, other] = [await halted(test, user), await halted(test, user)];
    await verified
      .post('/verify')
      .send({ code: test.totp(secret) })
      .expect(200);
    await verified.get('/me').expect(401);
    await verified.get('/admin').expect(401);
    await expectDenied(other, other.post('/complete'), 'NOT_VERIFIED');
    await expectDenied(test.agent(), test.agent().post('/complete'), 'CHALLENGE_EXPIRED');
    await verified.post('/complete').expect(200);
    await expectDenied(other, other.post('/complete'), 'NOT_VERIFIED');
  });

  it('2b: a verified login is completed once, in a row and by twenty requests at once', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const agent = await halted(test, user, facade, server.agent());
    await agent
      .post('/verify')
      .send({ code: test.totp(secret) })
      .expect(200);
    const { answers, statuses } = await burst(20, () => agent.post('/complete'));
    expect(statuses).toEqual({ 200: 1, 401: 19 });
    expect(answers.filter(({ status }) => status === 401).map(codeOf)).toEqual(
      Array.from({ length: 19 }, () => 'CHALLENGE_EXPIRED'),
    );
    const next = await halted(test, user, facade, server.agent());
    await expectDenied(next, next.post('/complete'), 'NOT_VERIFIED');
  });

  it('2c: a verified login cannot be verified again, nor be completed after another first factor in its browser', async () => {
    const a = await test.withTotp((ids += 1));
    const v = await test.withTotp((ids += 1));
    const agent = await halted(test, a.user);
    await agent
      .post('/verify')
      .send({ code: test.totp(a.secret) })
      .expect(200);
    test.clock.advance('30s');
    await expectDenied(agent, agent.post('/verify').send({ code: test.totp(a.secret) }), 'CHALLENGE_EXPIRED');
    await expectDenied(agent, agent.post('/2fa').send({ code: test.totp(a.secret) }), 'CHALLENGE_EXPIRED');
    await halted(test, v.user, facade, agent);
    await expectDenied(agent, agent.post('/complete'), 'NOT_VERIFIED');
    await expectDenied(agent, agent.post('/verify-2fa').send({ code: test.totp(a.secret) }), 'INVALID_CODE');
  });

  it('2d: a verified login whose browser logs out is gone', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const agent = await halted(test, user);
    await agent
      .post('/verify')
      .send({ code: test.totp(secret) })
      .expect(200);
    await test.call(agent, '.logout').expect(200);
    await expectDenied(agent, agent.post('/complete'), 'CHALLENGE_EXPIRED');
    await halted(test, user, facade, agent);
    await expectDenied(agent, agent.post('/complete'), 'NOT_VERIFIED');
  });

  it('2e: a login verified with a factor that its owner then removes is not completed', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const owner = await loggedIn(test, user, secret);
    await test.call(owner, 'setup.totp', false, { label: 'new phone' }).expect(200);
    const thief = await halted(test, user);
    await thief
      .post('/verify')
      .send({ code: test.totp(secret) })
      .expect(200);
    await test.call(owner, 'disable', 1).expect(200);
    await test.call(owner, 'setup.totp', false, { label: 'yet another phone' }).expect(200);
    await expectDenied(thief, thief.post('/complete'), 'CHALLENGE_EXPIRED');
    await thief.get('/admin').expect(401);
  });

  it('2f: a login pending while a factor is removed is not finished with it', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const owner = await loggedIn(test, user, secret);
    await test.call(owner, 'setup.totp', false, { label: 'new phone' }).expect(200);
    const thieves = [await halted(test, user), await halted(test, user)];
    await test.call(owner, 'disable', 1).expect(200);
    await expectDenied(thieves[0]!, thieves[0]!.post('/verify').send({ code: test.totp(secret) }), 'CHALLENGE_EXPIRED');
    await expectDenied(thieves[1]!, thieves[1]!.post('/2fa').send({ code: test.totp(secret) }), 'CHALLENGE_EXPIRED');
  });

  it('2g: wrong codes of somebody else do not undo a code that was verified before them', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const agent = await halted(test, user);
    await agent
      .post('/verify')
      .send({ code: test.totp(secret) })
      .expect(200);
    await guessWrong(test, user, secret, 5);
    await agent.post('/complete').expect(200);
    await agent.get('/admin').expect(200);
  });

  it('2h: a step-up of a full session completes no pending login', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const full = await loggedIn(test, user, secret);
    const pending = await halted(test, user);
    await test.call(full, 'verify.totp', test.totp(secret)).expect(200);
    await expectDenied(pending, pending.post('/complete'), 'NOT_VERIFIED');
    expect(codeOf(await full.post('/complete').expect(401))).toBe('CHALLENGE_EXPIRED');
    await full.get('/me').expect(200, { id: user.id });
  });

  it('2i: a verified login is sent no more codes', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    await test.service.setup.email(String(user.id));
    const agent = await halted(test, user);
    await agent
      .post('/verify')
      .send({ code: test.totp(secret) })
      .expect(200);
    await expectDenied(agent, test.call(agent, 'challenge.email'), 'CHALLENGE_EXPIRED');
    await agent.post('/complete').expect(200);
  });

  it('2j: the token and the code of a step-up finish no login', async () => {
    const user = await test.withEmail((ids += 1));
    const { challengeToken, otpValue } = (await test.service.challenge.email(String(user.id))) as {
      challengeToken?: string;
      otpValue?: string;
    };
    expect([typeof challengeToken, typeof otpValue]).toEqual(['string', 'string']);
    const agent = test.agent();
    await expectDenied(agent, agent.post('/token/2fa').send({ code: otpValue, challengeToken }), 'CHALLENGE_EXPIRED');
  });
});
