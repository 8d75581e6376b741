import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TwoFactorMechanism, type CodeMessage, type PendingView, type TooManyAttemptsError } from 'passport-two-factor';
import type { Agent, AppOptions, TestUser } from '../support/app.js';
import { TestApp } from '../support/app.js';
import { databases } from '../support/databases.js';

describe.each(databases)('pending logins on $name', (database) => {
  let test: TestApp;
  let messages: CodeMessage[] = [];
  let view: PendingView | undefined;

  async function start(options: AppOptions = {}): Promise<void> {
    const send = (message: CodeMessage): void => {
      messages.push(message);
    };
    test = await TestApp.open(database, {
      ...options,
      service: { deliver: { email: send, sms: send }, ...options.service },
      routes: (app) => {
        app.get('/view', (req, res) => {
          view = req.auth.pending;
          res.json({});
        });
      },
    });
  }

  beforeEach(() => {
    messages = [];
    view = undefined;
  });
  afterEach(() => test.close());

  async function halted(user: TestUser): Promise<Agent> {
    const agent = test.agent();
    await test.login(agent, user).expect(202);
    return agent;
  }

  describe('where somebody else knows the password', () => {
    it('of the owner lives on for a minute, however many are begun', async () => {
      await start();
      const { user, secret } = await test.withTotp(1);
      const owner = await halted(user);
      for (let login = 0; login < 50; login += 1) await test.login(test.agent(), user);
      test.clock.advance(59_999);
      for (let login = 0; login < 50; login += 1) await test.login(test.agent(), user);
      await owner
        .post('/2fa')
        .send({ code: test.totp(secret) })
        .expect(200);
    });

    it('that codes are made for are 17 in a minute, then a login waits until the oldest is a minute old', async () => {
      await start({ service: { limits: { sendsPerHour: 20, sendsPerDay: 50, pendingLogins: 4 } } });
      const user = await test.withEmail(1);
      for (let login = 0; login < 17; login += 1) await halted(user);
      test.clock.advance('20s');
      const answer = await test.login(test.agent(), user).expect(429);
      expect(answer.body).toMatchObject({ error: { code: 'TOO_MANY_ATTEMPTS', retryAfter: 40 } });
      test.clock.advance('40s');
      await halted(user);
      test.clock.advance('1s');
      const agent = await halted(user);
      const rows = test.db.createQueryBuilder().select('row').from('TwoFactorChallenge', 'row');
      expect(await rows.getCount()).toBe(4);
      await agent
        .post('/2fa')
        .send({ code: messages.at(-1)!.code })
        .expect(200);
    });

    it('that have to wait are sent nothing', async () => {
      await start({ service: { limits: { sendsPerHour: 20, sendsPerDay: 50, pendingLogins: 1 } } });
      const user = await test.withEmail(1);
      for (let login = 0; login < 5; login += 1) await halted(user);
      messages = [];
      await test.login(test.agent(), user).expect(429);
      expect(messages).toEqual([]);
    });

    it("begun by a clock that was ahead are in nobody's way", async () => {
      await start();
      const { user } = await test.withTotp(1);
      test.clock.advance('365d');
      for (let login = 0; login < 21; login += 1) await halted(user);
      test.clock.advance(-365 * 86_400_000);
      for (let login = 0; login < 3; login += 1) await halted(user);
    });
  });

  describe('of an account that is locked', () => {
    async function locked(options: AppOptions = {}): Promise<{ user: TestUser; secret: string }> {
      await start(options);
      const { user, secret } = await test.withTotp(1);
      await test.service.setup.email('1');
      await test.service.setup.sms('1', '+15551234567', false);
      for (let guess = 0; guess < 5; guess += 1)
        await test.service.verify.totp('1', test.wrongTotp(secret)).catch(() => undefined);
      return { user, secret };
    }

    it('are sent nothing, show their methods and say when a code is looked at', async () => {
      const { user, secret } = await locked();
      const agent = await halted(user);
      const { availableMethods } = test.lastError as { availableMethods: object };
      expect(availableMethods).toMatchObject({
        totp: true,
        email: { maskedContact: 'u***@example.com' },
        sms: {},
        backupCode: true,
      });
      await agent.get('/view');
      expect(view).toMatchObject({ methods: { email: 'u***@example.com' } });
      expect([view?.codes, view?.retryAfter, view?.spent]).toEqual([
        { email: { resendAfter: 30 }, sms: { resendAfter: 30 } },
        30,
        {},
      ]);
      for (const method of ['email', 'sms']) await test.call(agent, `challenge.${method}`).expect(429);
      await expect(test.service.challenge.email('1')).rejects.toMatchObject({
        code: 'TOO_MANY_ATTEMPTS',
        retryAfter: 30,
      });
      await expect(test.service.setup.email('1', 'new@example.net')).rejects.toMatchObject({
        code: 'TOO_MANY_ATTEMPTS',
        retryAfter: 30,
      });
      expect(messages).toEqual([]);
      for (const code of [test.totp(secret), test.wrongTotp(secret)])
        await agent.post('/2fa').send({ code }).expect(429);

      test.clock.advance('30s');
      await agent.get('/view');
      expect(view?.retryAfter).toBeUndefined();
      await test.call(agent, 'challenge.email').expect(200);
      await agent.post('/2fa').send({ code: messages[0]!.code }).expect(200);
    });

    it('give the app no code to send', async () => {
      const { user } = await locked({ service: { deliver: {} } });
      await halted(user);
      const { availableMethods } = test.lastError as { availableMethods: { email: object; sms: object } };
      expect(Object.keys(availableMethods.email)).toEqual(['maskedContact', 'contact']);
      expect(Object.keys(availableMethods.sms)).toEqual(['maskedContact', 'contact']);
    });
  });

  describe('whose messages are spent', () => {
    it('keep the method visible, with the time', async () => {
      await start();
      const { user } = await test.withTotp(1);
      await test.service.setup.email('1');
      for (let login = 0; login < 5; login += 1) await halted(user);
      const agent = await halted(user);
      test.clock.advance('10m');
      const again = await halted(user);
      await agent.get('/view');
      expect(view).toBeUndefined();
      test.clock.advance('1m');
      await again.get('/view');
      expect(Object.keys(view!)).toEqual(['methods', 'expiresAt']);
      expect(view!.methods).toEqual({ totp: true, backupCode: true });
      expect(view!.spent).toEqual({ email: { maskedContact: 'u***@example.com', retryAfter: 49 * 60 } });
    });

    it('tell it with the refusal where nothing else is left, to no logger', async () => {
      await start();
      const user = await test.withEmail(1);
      await test.service.setup.sms('1', '+15551234567', false);
      for (let login = 0; login < 5; login += 1) await halted(user);
      await test.login(test.agent(), user).expect(429);
      const error = test.lastError as TooManyAttemptsError;
      expect(error.spent).toEqual({
        email: { maskedContact: 'u***@example.com', retryAfter: 3600 },
        sms: { maskedContact: expect.any(String) as string, retryAfter: 3600 },
      });
      expect(Reflect.ownKeys(error)).not.toContain('spent');
      expect((Object.getPrototypeOf(error) as TooManyAttemptsError).spent).toBeUndefined();
    });

    it('are free again by unlock', async () => {
      await start();
      const user = await test.withEmail(1);
      for (let login = 0; login < 5; login += 1) await halted(user);
      await test.db.createQueryBuilder().update('TwoFactorQuota').set({ userKey: '' }).execute();
      await test.login(test.agent(), user).expect(429);
      await test.service.unlock('1');
      await halted(user);
      for (let tries = 0; tries < 10; tries += 1) await test.service.passwords.reserve(test.service.identify(user));
      await test.service.unlock('1');
      await test.service.passwords.reserve(test.service.identify(user));
    });
  });

  it('that wait for e-mail do not wait for a clock that was a year ahead', async () => {
    await start();
    const user = await test.withEmail(1);
    test.clock.advance('365d');
    for (let login = 0; login < 5; login += 1) await halted(user);
    test.clock.advance(-365 * 86_400_000);
    await halted(user);
  });

  it('of a method that is not there are sent nothing', async () => {
    await start();
    const { user } = await test.withTotp(1);
    await test.call(await halted(user), 'challenge.sms').expect(404);
    expect(await test.service.getEnabledMethods('1')).toEqual([TwoFactorMechanism.TOTP]);
  });
});
