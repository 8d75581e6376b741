import { afterEach, describe, expect, it } from 'vitest';
import { TwoFactorMechanism, type CodeMessage } from 'passport-two-factor';
import type { Agent, AppOptions, TestApp, TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';
import { newUser, open, phoneOf, refused, withTotp } from './support.js';

const { EMAIL, SMS } = TwoFactorMechanism;

describe.each(databases)('the limits of sending on $name', (database) => {
  let test: TestApp;
  let messages: CodeMessage[] = [];

  async function start(options: AppOptions = {}): Promise<void> {
    messages = [];
    const send = (message: CodeMessage): void => {
      messages.push(message);
    };
    test = await open(database, { ...options, service: { deliver: { email: send, sms: send }, ...options.service } });
  }

  afterEach(() => test.close());

  const userOf = (id: string): TestUser => ({
    id: Number(id),
    email: `user${id}@example.com`,
    password: 'correct horse',
    disabled: 0,
  });

  async function emailUser(): Promise<string> {
    const id = await newUser(test);
    await test.service.setup.email(id);
    return id;
  }

  async function halted(id: string): Promise<{ agent: Agent; methods: object }> {
    const agent = test.agent();
    const { body } = await test.login(agent, userOf(id)).expect(202);
    return { agent, methods: (body as { methods: object }).methods };
  }

  describe('within one challenge', () => {
    it('let a resend go 30, 60 and 120 seconds after the message before it, and no fourth', async () => {
      await start();
      const { agent } = await halted(await emailUser());
      for (const [index, wait] of [30, 60, 120].entries()) {
        const early = await test.call(agent, 'challenge.email').expect(429);
        expect(early.body).toMatchObject({ error: { code: 'TOO_MANY_ATTEMPTS', retryAfter: wait } });
        test.clock.advance(wait * 1000 - 1);
        const last = await test.call(agent, 'challenge.email').expect(429);
        expect(last.headers['retry-after']).toBe('1');
        test.clock.advance(1);
        await test.call(agent, 'challenge.email').expect(200);
        expect(messages).toHaveLength(index + 2);
      }
      test.clock.advance('5m');
      await test.call(agent, 'challenge.email').expect(429);
      expect(messages).toHaveLength(4);
    });

    it('count each method by itself', async () => {
      await start();
      const id = await emailUser();
      await test.service.setup.sms(id, phoneOf(id), false);
      const { agent } = await halted(id);
      test.clock.advance('30s');
      await test.call(agent, 'challenge.email').expect(200);
      await test.call(agent, 'challenge.sms').expect(200);
      await test.call(agent, 'challenge.sms').expect(429);
      expect(messages.map(({ mechanism }) => mechanism)).toEqual([EMAIL, SMS, EMAIL, SMS]);
    });

    it('leave one code alive: the newest', async () => {
      await start();
      const { agent } = await halted(await emailUser());
      test.clock.advance('30s');
      await test.call(agent, 'challenge.email').expect(200);
      const [first, second] = messages.map(({ code }) => code) as [string, string];
      if (first !== second) await agent.post('/2fa').send({ code: first }).expect(401);
      await agent.post('/2fa').send({ code: second }).expect(200);
    });

    it('hold for the step-up of a session', async () => {
      await start();
      const { agent } = await halted(await emailUser());
      await agent.post('/2fa').send({ code: messages[0]!.code }).expect(200);
      await test.call(agent, 'challenge.email').expect(200);
      await test.call(agent, 'challenge.email').expect(429);
      test.clock.advance('30s');
      await test.call(agent, 'challenge.email').expect(200);
    });
  });

  describe('of a user and method', () => {
    it('are five an hour and ten a day, whatever the messages are for', async () => {
      await start();
      const id = await emailUser();
      const service = test.service;
      const { agent } = await halted(id);
      await service.challenge.email(id);
      await service.setup.email(id, `other${id}@example.net`);
      test.clock.advance('30s');
      await test.call(agent, 'challenge.email').expect(200);
      await service.challenge.email(id);
      expect(messages.map(({ purpose }) => purpose)).toEqual(['login', 'step-up', 'enrollment', 'login', 'step-up']);
      await refused(service.challenge.email(id), 'TOO_MANY_ATTEMPTS', { retryAfter: 3570 });
      await refused(service.setup.email(id, `third${id}@example.net`), 'TOO_MANY_ATTEMPTS');
      await test.login(test.agent(), userOf(id)).expect(429);
      test.clock.advance(3_570_000 - 1);
      await refused(service.challenge.email(id), 'TOO_MANY_ATTEMPTS', { retryAfter: 1 });
      test.clock.advance(1);
      for (let sent = 0; sent < 5; sent += 1) await service.challenge.email(id);
      test.clock.advance('1h');
      await refused(service.challenge.email(id), 'TOO_MANY_ATTEMPTS', { retryAfter: 22 * 3600 });
      test.clock.advance(22 * 3_600_000 - 1);
      await refused(service.challenge.email(id), 'TOO_MANY_ATTEMPTS');
      test.clock.advance(1);
      await service.challenge.email(id);
      expect(messages).toHaveLength(11);
    });

    it("are the app's own where it sets them", async () => {
      await start({ service: { limits: { sendsPerHour: 2, sendsPerDay: 3 } } });
      const id = await emailUser();
      for (let sent = 0; sent < 2; sent += 1) await test.service.challenge.email(id);
      await refused(test.service.challenge.email(id), 'TOO_MANY_ATTEMPTS', { retryAfter: 3600 });
      test.clock.advance('1h');
      await test.service.challenge.email(id);
      await refused(test.service.challenge.email(id), 'TOO_MANY_ATTEMPTS', { retryAfter: 23 * 3600 });
    });

    it("are no other user's and no other method's", async () => {
      await start();
      const [id, other] = [await emailUser(), await emailUser()];
      await test.service.setup.sms(id, phoneOf(id), false);
      for (let sent = 0; sent < 5; sent += 1) await test.service.challenge.email(id);
      await refused(test.service.challenge.email(id), 'TOO_MANY_ATTEMPTS');
      await test.service.challenge.sms(id);
      await test.service.challenge.email(other);
    });

    it('are exact where twenty requests come at once: five are sent, the others refused', async () => {
      await start();
      const id = await emailUser();
      const results = await Promise.allSettled(Array.from({ length: 20 }, () => test.service.challenge.email(id)));
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
      for (const result of results)
        if (result.status === 'rejected')
          expect(result.reason).toMatchObject({ code: 'TOO_MANY_ATTEMPTS', status: 429 });
      expect(messages).toHaveLength(5);
    });

    it('are exact for twenty logins at once of a user who has another method: the others go on without e-mail', async () => {
      await start();
      const { id, secret } = await withTotp(test);
      await test.service.setup.email(id);
      const halts = await Promise.all(Array.from({ length: 20 }, () => halted(id)));
      expect(messages).toHaveLength(5);
      expect(halts.filter(({ methods }) => 'email' in methods)).toHaveLength(5);
      expect(halts.filter(({ methods }) => 'totp' in methods)).toHaveLength(20);
      const { agent } = await halted(id);
      await agent
        .post('/2fa')
        .send({ code: test.totp(secret) })
        .expect(200);
    });
  });

  describe('kept in the table', () => {
    const rows = async () =>
      (await test.db.createQueryBuilder().select('q').from('TwoFactorQuota', 'q').getMany()) as { userKey: string }[];

    it("are one user's or nobody's, and a refused message of a user adds none", async () => {
      await start();
      const id = await newUser(test);
      for (let begun = 0; begun < 40; begun += 1)
        await test.service.setup.email(id, `other${String(begun)}@example.net`).catch(() => undefined);
      const keys = (await rows()).map(({ userKey }) => userKey);
      expect(keys.filter((key) => key === '')).toHaveLength(5);
      expect(keys.filter((key) => key !== '')).toEqual([test.service.identify(userOf(id)).key]);
    });

    it('go when they count nothing any more, with the first message to somebody else', async () => {
      await start();
      const id = await newUser(test);
      for (let begun = 0; begun < 5; begun += 1)
        await test.service.setup.email(id, `other${String(begun)}@example.net`);
      expect(await rows()).toHaveLength(6);
      test.clock.advance('400d');
      await halted(await emailUser());
      expect(await rows()).toHaveLength(1);
    });
  });

  describe('once they are spent', () => {
    it('leave a method out while a TOTP is left', async () => {
      await start();
      const { id, secret } = await withTotp(test);
      await test.service.setup.email(id);
      for (let sent = 0; sent < 5; sent += 1)
        expect((await halted(id)).methods).toEqual({ totp: true, email: 'u***@example.com', backupCode: true });
      const { agent, methods } = await halted(id);
      expect(methods).toEqual({ totp: true, backupCode: true });
      await test.call(agent, 'challenge.email').expect(429);
      await agent
        .post('/2fa')
        .send({ code: test.totp(secret) })
        .expect(200);
    });

    it('leave a method out while backup codes are left', async () => {
      await start();
      const { id, backupCodes } = await withTotp(test);
      await test.service.setup.email(id);
      await test.service.disable(id, TwoFactorMechanism.TOTP);
      for (let sent = 0; sent < 5; sent += 1)
        expect((await halted(id)).methods).toEqual({ email: 'u***@example.com', backupCode: true });
      const { agent, methods } = await halted(id);
      expect(methods).toEqual({ backupCode: true });
      await agent.post('/2fa').send({ code: backupCodes[0] }).expect(200);
    });

    it('refuse a login that has nothing else, and begin no pending login', async () => {
      await start();
      const id = await emailUser();
      for (let sent = 0; sent < 5; sent += 1) await halted(id);
      const agent = test.agent();
      const answer = await test.login(agent, userOf(id)).expect(429);
      expect(answer.body).toMatchObject({ error: { code: 'TOO_MANY_ATTEMPTS', retryAfter: 3600 } });
      await agent.get('/me').expect(401, { pending: null });
    });
  });

  describe('where codes are made on request', () => {
    it('count nothing at the login, and send when challenge.* asks', async () => {
      await start({ service: { challengeOn: 'request' } });
      const id = await emailUser();
      await test.service.setup.sms(id, phoneOf(id), false);
      for (let login = 0; login < 7; login += 1) await halted(id);
      expect(messages).toEqual([]);
      const { agent, methods } = await halted(id);
      expect(methods).toEqual({ email: 'u***@example.com', sms: expect.any(String) as string });
      await agent.post('/2fa').send({ code: '123456' }).expect(401);
      await test.call(agent, 'challenge.email').expect(200);
      await test.call(agent, 'challenge.email').expect(429);
      expect(messages.map(({ to }) => to)).toEqual([`user${id}@example.com`]);
      await agent.post('/2fa').send({ code: messages[0]!.code }).expect(200);
    });

    it('leave a method out whose messages are spent, and refuse the login only where no other is left', async () => {
      await start({ service: { challengeOn: 'request' } });
      const id = await emailUser();
      for (let sent = 0; sent < 5; sent += 1) await test.service.challenge.email(id);
      const answer = await test.login(test.agent(), userOf(id)).expect(429);
      expect(answer.body).toMatchObject({ error: { code: 'TOO_MANY_ATTEMPTS', retryAfter: 3600 } });
      await test.service.setup.sms(id, phoneOf(id), false);
      expect((await halted(id)).methods).toEqual({ sms: expect.any(String) as string });
    });

    it('hand the code to an app that sends by itself', async () => {
      await start({ service: { challengeOn: 'request', deliver: {} } });
      const id = await emailUser();
      const { agent } = await halted(id);
      expect((test.lastError as { availableMethods: { email: object } }).availableMethods.email).not.toHaveProperty(
        'otpValue',
      );
      await test.call(agent, 'challenge.email').expect(200);
      await agent.post('/2fa').send({ code: test.lastCode() }).expect(200);
    });
  });

  describe('by allowDestination', () => {
    const asked: [string, number][] = [];
    let answer: unknown;
    const startWith = (first: unknown): Promise<void> => {
      asked.length = 0;
      answer = first;
      return start({
        service: {
          allowDestination: (contact, mechanism) => {
            asked.push([contact, mechanism]);
            return answer as boolean;
          },
        },
      });
    };

    it('refuse a contact at its setup, before it is stored or sent to', async () => {
      await startWith(false);
      const id = await newUser(test);
      for (const verify of [undefined, true, false]) {
        await refused(test.service.setup.sms(id, '+1 555 123-4567', verify), 'INVALID_INPUT', { field: 'phone' });
        await refused(test.service.setup.email(id, 'x@EXAMPLE.net', verify), 'INVALID_INPUT', { field: 'address' });
      }
      await refused(test.service.setup.email(id), 'INVALID_INPUT', { field: 'address' });
      expect(asked).toContainEqual(['+15551234567', SMS]);
      expect(asked).toContainEqual(['x@example.net', EMAIL]);
      expect(messages).toEqual([]);
      expect(await test.service.list(id)).toEqual([]);
    });

    it('leave a contact out at the login, and refuse it at a challenge', async () => {
      await startWith(true);
      const { id } = await withTotp(test);
      await test.service.setup.email(id);
      answer = false;
      const { agent, methods } = await halted(id);
      expect(methods).toEqual({ totp: true, backupCode: true });
      await test.call(agent, 'challenge.email').expect(400);
      await refused(test.service.challenge.email(id), 'INVALID_INPUT', { field: 'address' });
      expect(messages).toEqual([]);
      answer = true;
      await test.call(agent, 'challenge.email').expect(200);
    });

    it.each([undefined, null, 1, 'yes', {}])('refuse where the answer is %j: only true allows', async (other) => {
      await startWith(other);
      await refused(test.service.setup.sms(await newUser(test), '+15551234567', false), 'INVALID_INPUT');
    });

    it("refuse where it throws, with the app's error", async () => {
      await start({
        service: {
          allowDestination: () => {
            throw new Error('lookup failed');
          },
        },
      });
      await expect(test.service.setup.sms(await newUser(test), '+15551234567', false)).rejects.toThrow('lookup failed');
    });

    it('may be decided later', async () => {
      await start({ service: { allowDestination: (contact) => Promise.resolve(contact.startsWith('+1')) } });
      const id = await newUser(test);
      await test.service.setup.sms(id, phoneOf(id), false);
      await refused(test.service.setup.sms(id, '+4915112345678', false), 'INVALID_INPUT');
    });
  });
});
