import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databases } from '../support/databases.js';
import { TestApp } from '../support/app.js';

describe.each(databases)('a login on $name', (database) => {
  let test: TestApp;
  let ids = 0;

  beforeAll(async () => {
    test = await TestApp.open(database);
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
    expect(halted.body).toMatchObject({ requiresTwoFactor: true, methods: { totp: true, backupCode: true } });
    await agent.get('/me').expect(401);
    await agent.post('/verify-2fa').send({ code: test.totp(secret) }).expect(200);
    await agent.get('/me').expect(200, { id: user.id });
    await agent.get('/admin').expect(200);
  });

  it('is finished through passport.authenticate("two-factor")', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const agent = test.agent();
    await agent.post('/passport/login').send({ email: user.email, password: user.password }).expect(202);
    await agent.post('/2fa').send({ code: test.totp(secret) }).expect(200);
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

  it('works by token where there is no session', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const halted = await test.agent().post('/token/login').send({ email: user.email, password: user.password }).expect(202);
    const { challengeToken } = halted.body as { challengeToken: string };
    const answer = await test.agent().post('/token/2fa').send({ challengeToken, code: test.totp(secret) }).expect(200);
    expect(answer.body).toEqual({ token: user.id });
  });
});
