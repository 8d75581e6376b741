import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TwoFactorMechanism, type CodeMessage, type DeliveryFailedError } from 'passport-two-factor';
import type { Agent, AppOptions, TestApp, TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';
import { account, newUser, open, phoneOf, refused, withTotp } from './support.js';

const { EMAIL, SMS } = TwoFactorMechanism;

/** Senders that can be told to fail. */
class Senders {
  readonly messages: CodeMessage[] = [];
  failure: (() => unknown) | undefined;
  readonly deliver = {
    email: (message: CodeMessage) => this.send(message),
    sms: (message: CodeMessage) => this.send(message),
  };

  last = (): CodeMessage => this.messages.at(-1)!;

  private send(message: CodeMessage): unknown {
    if (this.failure) return this.failure();
    this.messages.push(message);
    return undefined;
  }
}

const failures: [string, () => unknown, RegExp][] = [
  [
    'throws',
    () => {
      throw new Error('smtp is down');
    },
    /smtp is down/,
  ],
  ['rejects', () => Promise.reject(new Error('smtp is down')), /smtp is down/],
];

const hangs = (): Promise<never> => new Promise(() => undefined);

describe.each(databases)('the delivery of codes on $name', (database) => {
  let test: TestApp;
  let senders: Senders;

  const start = async (options: AppOptions = {}): Promise<void> => {
    test = await open(database, {
      ...options,
      service: { deliver: senders.deliver, deliverTimeout: '50ms', ...options.service },
    });
  };

  beforeEach(() => {
    senders = new Senders();
  });
  afterEach(() => test.close());

  const userOf = (id: string): TestUser => ({
    id: Number(id),
    email: `user${id}@example.com`,
    password: 'correct horse',
    disabled: 0,
  });

  const counted = async (): Promise<[unknown, unknown][]> =>
    (
      (await test.db.createQueryBuilder().select('quota').from('TwoFactorQuota', 'quota').getMany()) as {
        hourCount: number;
        dayCount: number;
      }[]
    ).map(({ hourCount, dayCount }) => [hourCount, dayCount]);

  async function emailUser(): Promise<string> {
    const id = await newUser(test);
    await test.service.setup.email(id);
    return id;
  }

  it('gives the senders all that a message needs, once', async () => {
    await start();
    const { id } = await withTotp(test);
    await test.service.setup.email(id);
    await test.service.setup.sms(id, phoneOf(id), false);
    const agent = test.agent();
    await test.login(agent, userOf(id)).expect(202);
    const common = {
      code: expect.stringMatching(/^\d{6}$/) as string,
      purpose: 'login',
      userId: id,
      issuer: 'MyApp',
      expiresAt: test.clock.now + 300_000,
    };
    expect(senders.messages).toEqual([
      { ...common, mechanism: EMAIL, to: `user${id}@example.com` },
      { ...common, mechanism: SMS, to: phoneOf(id) },
    ]);
    expect((test.lastError as { availableMethods: object }).availableMethods).toEqual({
      totp: true,
      backupCode: true,
      email: { maskedContact: 'u***@example.com', contact: `user${id}@example.com` },
      sms: { maskedContact: expect.any(String) as string, contact: phoneOf(id) },
    });
    await agent.post('/2fa').send({ code: senders.messages[0]!.code }).expect(200);
    await test.service.challenge.email(id);
    expect(senders.last()).toMatchObject({ purpose: 'step-up' });
    await test.service.setup.email(id, `other${id}@example.net`);
    expect(senders.last()).toMatchObject({ purpose: 'enrollment', to: `other${id}@example.net` });
    await test.service.complete.email(id, senders.last().code);
  });

  it('leaves to the app what has no sender', async () => {
    await start({ service: { deliver: { email: senders.deliver.email } } });
    const id = await emailUser();
    await test.service.setup.sms(id, phoneOf(id), false);
    const agent = test.agent();
    await test.login(agent, userOf(id)).expect(202);
    const { availableMethods } = test.lastError as { availableMethods: { email: object; sms: object } };
    expect(availableMethods.email).not.toHaveProperty('otpValue');
    expect(availableMethods.sms).toHaveProperty('otpValue', test.lastCode('sms'));
    expect(senders.messages).toHaveLength(1);
    expect((await test.service.challenge.sms(id)).otpValue).toMatch(/^\d{6}$/);
    expect((await test.service.challenge.email(id)).otpValue).toBeUndefined();
    await agent
      .post('/2fa')
      .send({ code: test.lastCode('sms') })
      .expect(200);
  });

  describe.each(failures)('by a sender that %s', (_name, failure, cause) => {
    function broken(): void {
      senders.failure = failure;
    }
    function mended(): void {
      senders.failure = undefined;
    }

    it('fails a login that needs the code, which may be asked for again at once while messages are left', async () => {
      await start();
      const id = await emailUser();
      broken();
      const agent = test.agent();
      const answer = await test.login(agent, userOf(id)).expect(502);
      expect(answer.body).toEqual({
        error: { code: 'DELIVERY_FAILED', message: 'The code could not be sent. Try again.' },
      });
      expect(String((test.lastError as DeliveryFailedError).cause)).toMatch(cause);
      expect(await counted()).toEqual([[1, 1]]);
      expect(await account(test, id)).toMatchObject({ failures: 0, windowFailures: 0 });
      await agent.get('/me').expect(401);

      for (let asked = 0; asked < 3; asked += 1) await test.call(agent, 'challenge.email').expect(502);
      expect(await counted()).toEqual([[4, 4]]);
      mended();
      await test.call(agent, 'challenge.email').expect(200);
      expect(await counted()).toEqual([[5, 5]]);
      await test.call(agent, 'challenge.email').expect(429);
      await agent.post('/2fa').send({ code: senders.last().code }).expect(200);
    });

    it('does not keep a user with a TOTP from going on', async () => {
      await start();
      const { id, secret } = await withTotp(test);
      await test.service.setup.email(id);
      await test.service.setup.sms(id, phoneOf(id), false);
      broken();
      const agent = test.agent();
      await test.login(agent, userOf(id)).expect(202);
      expect(await counted()).toEqual([
        [1, 1],
        [1, 1],
      ]);
      mended();
      await test.call(agent, 'challenge.email').expect(200);
      await test.call(agent, 'challenge.sms').expect(200);
      await agent
        .post('/2fa')
        .send({ code: test.totp(secret) })
        .expect(200);
    });

    it('is called five times an hour and ten a day, however often somebody asks: it may have sent what it reports as failed', async () => {
      await start();
      const [id, other] = [await emailUser(), await newUser(test)];
      let called = 0;
      senders.failure = () => {
        called += 1;
        return failure();
      };
      const statuses: number[] = [];
      for (let hour = 0; hour < 3; hour += 1) {
        for (let login = 0; login < 7; login += 1) statuses.push((await test.login(test.agent(), userOf(id))).status);
        test.clock.advance('1h');
      }
      expect(statuses).toEqual([
        ...Array<number>(5).fill(502),
        429,
        429,
        ...Array<number>(5).fill(502),
        ...Array<number>(9).fill(429),
      ]);
      await refused(test.service.challenge.email(id), 'TOO_MANY_ATTEMPTS');
      expect(called).toBe(10);
      for (let begun = 0; begun < 20; begun += 1)
        await test.service.setup.email(other, `other${String(begun)}@example.net`).catch(() => undefined);
      expect(called).toBe(15);
      // One account adds no more rows than it has messages: its own budget, the five destinations, and that of the other user.
      expect(await counted()).toHaveLength(7);
    });

    it('lets a second login in at once', async () => {
      await start();
      const id = await emailUser();
      broken();
      for (let login = 0; login < 4; login += 1) await test.login(test.agent(), userOf(id)).expect(502);
      mended();
      const agent: Agent = test.agent();
      await test.login(agent, userOf(id)).expect(202);
      await agent.post('/2fa').send({ code: senders.last().code }).expect(200);
    });

    it('fails an enrollment, which may be begun again at once', async () => {
      await start();
      const id = await newUser(test);
      broken();
      for (let begun = 0; begun < 4; begun += 1)
        await refused(test.service.setup.email(id, `other${id}@example.net`), 'DELIVERY_FAILED', { status: 502 });
      expect(await counted()).toEqual([
        [4, 4],
        [4, 4],
      ]);
      expect(await test.service.isEnabled(id)).toBe(false);
      mended();
      await test.service.setup.email(id, `other${id}@example.net`);
      await test.service.complete.email(id, senders.last().code);
    });

    it('fails a step-up, which may be asked for again at once', async () => {
      await start();
      const id = await emailUser();
      const agent = test.agent();
      await test.login(agent, userOf(id)).expect(202);
      await agent.post('/2fa').send({ code: senders.last().code }).expect(200);
      broken();
      for (let asked = 0; asked < 3; asked += 1) await test.call(agent, 'challenge.email').expect(502);
      mended();
      await test.call(agent, 'challenge.email').expect(200);
      await test.call(agent, 'verify.email', senders.last().code).expect(200);
      expect(await counted()).toEqual([[5, 5]]);
    });
  });

  describe('by a sender that never answers', () => {
    it('fails a login that needs the code, which may be asked for again at once', async () => {
      await start();
      const id = await emailUser();
      senders.failure = hangs;
      const agent = test.agent();
      await test.login(agent, userOf(id)).expect(502);
      expect(String((test.lastError as DeliveryFailedError).cause)).toMatch(/longer than 50 ms/);
      expect(await account(test, id)).toMatchObject({ failures: 0, windowFailures: 0 });
      await agent.get('/me').expect(401);
      senders.failure = undefined;
      await test.call(agent, 'challenge.email').expect(200);
      await agent.post('/2fa').send({ code: senders.last().code }).expect(200);
    });

    it.each([
      ['logins', async (id: string) => (await test.login(test.agent(), userOf(id))).status],
      [
        'enrollments',
        async (id: string) =>
          test.service.setup.email(id, `other${id}@example.net`).then(
            () => 200,
            (error: unknown) => (error as { status: number }).status,
          ),
      ],
    ] as const)(
      'is not called more often than messages may be sent: they may still arrive (%s)',
      async (_what, ask) => {
        await start();
        const id = await emailUser();
        let calls = 0;
        senders.failure = () => {
          calls += 1;
          return hangs();
        };
        const statuses: number[] = [];
        for (let asked = 0; asked < 7; asked += 1) statuses.push(await ask(id));
        expect(statuses).toEqual([502, 502, 502, 502, 502, 429, 429]);
        expect(calls).toBe(5);
      },
    );

    it('is not called more often than a challenge has messages', async () => {
      await start({ service: { limits: { sendsPerHour: 20 } } });
      const { id, secret } = await withTotp(test);
      await test.service.setup.email(id);
      let calls = 0;
      senders.failure = () => {
        calls += 1;
        return hangs();
      };
      const agent = test.agent();
      await test.login(agent, userOf(id)).expect(202);
      for (const status of [502, 502, 502, 429, 429]) await test.call(agent, 'challenge.email').expect(status);
      expect(calls).toBe(4);
      await agent
        .post('/2fa')
        .send({ code: test.totp(secret) })
        .expect(200);
    });
  });

  it('by one sender that fails goes on with the other', async () => {
    let emailWorks = false;
    await start({
      service: {
        deliver: {
          email: (message) => (emailWorks ? senders.deliver.email(message) : Promise.reject(new Error('no'))),
          sms: senders.deliver.sms,
        },
      },
    });
    const id = await emailUser();
    await test.service.setup.sms(id, phoneOf(id), false);
    const agent = test.agent();
    await test.login(agent, userOf(id)).expect(202);
    expect(senders.messages.map(({ mechanism }) => mechanism)).toEqual([SMS]);
    await test.call(agent, 'challenge.sms').expect(429);
    emailWorks = true;
    await test.call(agent, 'challenge.email').expect(200);
    await agent.post('/2fa').send({ code: senders.last().code }).expect(200);
  });

  it('is not begun before the pending login is stored: the answer to a fast message finds it', async () => {
    let entered: number | undefined;
    await start({
      service: {
        deliver: {
          email: async ({ userId }) => {
            entered = await test.db
              .createQueryBuilder()
              .select('c')
              .from('TwoFactorChallenge', 'c')
              .where('c.user_id = :userId', { userId })
              .getCount();
          },
        },
        deliverTimeout: '10s',
      },
    });
    const id = await emailUser();
    await test.login(test.agent(), userOf(id)).expect(202);
    expect(entered).toBe(1);
  });
});
