import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NestTest, type Agent } from './app.js';
import { Sessions, Vault } from './controllers.js';

const refused = (code: string) => ({ error: { code, message: expect.any(String) as string } });

describe('a Nest app with sessions', () => {
  let test: NestTest;
  let next = 0;
  beforeAll(async () => {
    test = await NestTest.open({ controllers: [Sessions, Vault] });
  });
  afterAll(() => test.close());

  const enrolled = () => test.withTotp((next += 1));
  const vault = async (agent: Agent, path: string): Promise<unknown> => (await agent.get(`/vault/${path}`)).body;

  it('logs a user without a second factor in by the password', async () => {
    const user = await test.user((next += 1));
    const agent = test.agent();
    await agent.post('/login').send({ email: user.email, password: 'wrong' }).expect(401);
    await agent.get('/me').expect(401);
    await agent.post('/login').send({ email: user.email, password: user.password }).expect(201, { id: user.id });
    await agent.get('/me').expect(200, { id: user.id });
    expect(await vault(agent, 'any')).toEqual(refused('ENROLLMENT_REQUIRED'));
  });

  it('halts the login of a user with one, and finishes it by the code', async () => {
    const { user, secret } = await enrolled();
    const agent = test.agent();
    const { body } = await agent.post('/login').send({ email: user.email, password: user.password }).expect(401);
    expect(body).toEqual({
      requiresTwoFactor: true,
      methods: { totp: true, backupCode: true },
      expiresAt: expect.any(Number),
    });
    await agent.get('/me').expect(401);
    expect(await vault(agent, 'any')).toEqual(refused('NOT_LOGGED_IN'));
    const wrong = await agent.post('/login/code').send({ code: '000000' }).expect(401);
    expect(wrong.body).toEqual(refused('INVALID_CODE'));
    await agent.get('/me').expect(401);
    await agent
      .post('/login/code')
      .send({ code: test.totp(secret) })
      .expect(201, { id: user.id });
    await agent.get('/me').expect(200, { id: user.id });
    expect(await vault(agent, 'fresh')).toEqual({ open: true });
  });

  it('guards by age, and the route says more than the controller', async () => {
    const known = await enrolled();
    const agent = test.agent();
    await test.logIn(agent, known);
    expect(await vault(agent, 'fresh')).toEqual({ open: true });
    test.clock.advance('5m');
    expect(await vault(agent, 'fresh')).toEqual(refused('STEP_UP_REQUIRED'));
    expect(await vault(agent, 'any')).toEqual({ open: true });
    // For a user who is logged in the code is a step-up.
    await agent
      .post('/login/code')
      .send({ code: test.totp(known.secret) })
      .expect(201);
    expect(await vault(agent, 'fresh')).toEqual({ open: true });
  });

  it('guards by method and by resistance to phishing', async () => {
    const known = await enrolled();
    const agent = test.agent();
    await agent.post('/login').send({ email: known.user.email, password: known.user.password });
    await agent.post('/login/code').send({ code: known.backupCodes[0] }).expect(201);
    expect(await vault(agent, 'any')).toEqual({ open: true });
    expect(await vault(agent, 'totp')).toEqual(refused('STEP_UP_REQUIRED'));
    await agent
      .post('/login/code')
      .send({ code: test.totp(known.secret) })
      .expect(201);
    expect(await vault(agent, 'totp')).toEqual({ open: true });
    expect(await vault(agent, 'passkey')).toEqual(refused('STEP_UP_REQUIRED'));
  });

  it('asks again after a change of factors', async () => {
    const known = await enrolled();
    const agent = test.agent();
    await test.logIn(agent, known);
    await test.service.setup.email(String(known.user.id));
    expect(await vault(agent, 'any')).toEqual(refused('STEP_UP_REQUIRED'));
  });

  it('gives @Auth() to a route, whose errors are answered as those of the package', async () => {
    const known = await enrolled();
    const agent = test.agent();
    expect((await agent.get('/methods').expect(401)).body).toEqual(refused('NOT_LOGGED_IN'));
    await test.logIn(agent, known);
    expect((await agent.get('/methods').expect(200)).body).toMatchObject([{ mechanism: 1 }]);
  });

  it('tells a client that has to wait how long', async () => {
    const { user } = await enrolled();
    const agent = test.agent();
    await agent.post('/login').send({ email: user.email, password: user.password });
    for (let wrong = 0; wrong < 5; wrong += 1) await agent.post('/login/code').send({ code: '000000' });
    await agent.post('/login').send({ email: user.email, password: user.password });
    const locked = await agent.post('/login/code').send({ code: '000000' }).expect(429);
    expect(locked.body).toEqual({ error: { ...refused('TOO_MANY_ATTEMPTS').error, retryAfter: expect.any(Number) } });
    expect(Number(locked.headers['retry-after'])).toBeGreaterThan(0);
  });
});
