import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApp } from '../support/app.js';
import { databases } from '../support/databases.js';

describe.each(databases)('a forgotten await on $name', (database) => {
  let test: TestApp;
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => {
    unhandled.push(reason);
  };

  beforeAll(async () => {
    process.on('unhandledRejection', note);
    test = await TestApp.open(database, {
      routes: (app) => {
        app.post('/hasty', async (req, res) => {
          void req.auth.twoFactor.verify.totp((req.body as { code: string }).code);
          await req.auth.completeTwoFactorLogin();
          res.json({ success: true });
        });
      },
    });
  });
  afterAll(async () => {
    process.off('unhandledRejection', note);
    await test.close();
  });

  it('before verify.* is told, whether the code is right or wrong, and logs nobody in', async () => {
    const { user, secret } = await test.withTotp(1);
    for (const code of [test.wrongTotp(secret), test.totp(secret)]) {
      const agent = test.agent();
      await test.login(agent, user).expect(202);
      const answer = await agent.post('/hasty').send({ code }).expect(500);
      expect(answer.body.internal).toMatch(/verify\.\* of this request is still running: write "await req\.auth/);
      await agent.get('/me').expect(401);
    }
    expect(unhandled).toEqual([]);
  });

  it('is none where the verdict was awaited, though another code was wrong before', async () => {
    const { user, secret } = await test.withTotp(2);
    const agent = test.agent();
    await test.login(agent, user).expect(202);
    await agent
      .post('/verify-2fa')
      .send({ code: test.wrongTotp(secret) })
      .expect(401);
    await agent
      .post('/verify-2fa')
      .send({ code: test.totp(secret) })
      .expect(200);
    await agent.get('/me').expect(200, { id: user.id });
  });
});
