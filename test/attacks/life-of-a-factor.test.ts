import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { TwoFactorMechanism } from 'passport-two-factor';
import { AccountStore } from '../../lib/store/account-store.js';
import type { Agent, TestApp, TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';
import { mailbox, rows } from './probe.js';
import { codeOf, expectDenied, facade, halted, loggedIn, openApp, strategies, waysIn } from './support.js';

const { TOTP, EMAIL, SMS } = TwoFactorMechanism;

type Call = [member: string, ...args: unknown[]];

/** All that changes or shows a factor, whatever the user has. */
const changes = (id: unknown): Call[] => [
  ['disable', TOTP],
  ['disable', EMAIL],
  ['disable', SMS],
  ['remove', id],
  ['generateNewBackupCodes'],
  ['getTotpUri'],
  ['getContact', EMAIL],
  ['getContact', SMS],
  ['setup.totp'],
  ['setup.totp', false, { label: 'mine' }],
  ['setup.email', 'attacker@example.org'],
  ['setup.email', 'attacker@example.org', false],
  ['setup.sms', '+15557654321'],
  ['setup.sms', '+15557654321', false],
];

describe.each(databases)('the life of a factor, on $name', (database) => {
  let test: TestApp;
  let ids = 0;
  const mail = mailbox();

  beforeAll(async () => {
    test = await openApp(database, { service: { deliver: mail.deliver } });
  });
  afterAll(() => test.close());

  /** What of the user's second factor a change would have changed. */
  async function state(user: TestUser): Promise<unknown> {
    const [account] = await rows(test, 'TwoFactorAccount', user.id);
    const { securityEpoch, challengeEpoch, backupSetId, backupSalt } = account!;
    return {
      securityEpoch,
      challengeEpoch,
      backupSetId,
      backupSalt,
      authenticators: await rows(test, 'TwoFactorAuthenticator', user.id),
    };
  }

  async function withEverything(): Promise<{
    user: TestUser;
    secret: string;
    backupCodes: string[];
    authenticator: string;
  }> {
    const { user, ...rest } = await test.withTotp((ids += 1));
    const id = String(user.id);
    await test.service.setup.email(id);
    await test.service.setup.sms(id, '+15551234567', false);
    return { user, ...rest, authenticator: (await test.service.list(id))[0]!.id };
  }

  it('49: a full session that is no longer fresh changes and shows nothing (CVE-2026-104106)', async () => {
    const { user, secret, authenticator } = await withEverything();
    const agent = await loggedIn(test, user, secret);
    test.clock.advance('5m');
    const before = await state(user);
    for (const [member, ...args] of changes(authenticator)) {
      const answer = await test.call(agent, member, ...args).expect(403);
      expect(answer.body).toEqual({ error: { code: 'STEP_UP_REQUIRED', message: expect.any(String) as string } });
    }
    expect(await state(user)).toEqual(before);
    await agent.get('/me').expect(200);

    await test.call(agent, 'verify.totp', test.wrongTotp(secret)).expect(401);
    await test.call(agent, 'getTotpUri').expect(403);
    await test.call(agent, 'verify.totp', test.totp(secret)).expect(200);
    await test.call(agent, 'getTotpUri').expect(200);
    await test.call(agent, 'disable', SMS).expect(200);
  });

  it('49: a fresh password alone does not make a session without the second factor fit for a change', async () => {
    const { user, authenticator } = await withEverything();
    const other = await test.user((ids += 1));
    const agent = test.agent();
    await test.login(agent, other).expect(200);
    // Enrolled elsewhere meanwhile: this session has never seen the second factor.
    await test.service.setup.email(String(other.id));
    await test.call(agent, '.reauthenticate', other.password).expect(403);
    for (const [member, ...args] of changes(authenticator)) await test.call(agent, member, ...args).expect(403);
    expect(await rows(test, 'TwoFactorAuthenticator', user.id)).toHaveLength(3);
  });

  it('49f: a removal is refused where the factors change while it is made', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const agent = await loggedIn(test, user, secret);
    const commit = vi.spyOn(AccountStore.prototype, 'commit').mockImplementationOnce(async function overtaken(
      this: AccountStore,
      ...given
    ) {
      await test.service.setup.email(String(user.id));
      return this.commit(...given);
    });
    try {
      expect(codeOf(await test.call(agent, 'disable', TOTP).expect(403))).toBe('STEP_UP_REQUIRED');
    } finally {
      commit.mockRestore();
    }
    expect(await test.service.getEnabledMethods(String(user.id))).toEqual([TOTP, EMAIL]);
  });

  it('49: another session stays unfit when one makes a change, and the one that made it goes on', async () => {
    const { user, secret, authenticator } = await withEverything();
    const [one, other] = [await loggedIn(test, user, secret), await loggedIn(test, user, secret)];
    await test.call(one, 'disable', SMS).expect(200);
    await other.get('/admin').expect(403);
    for (const [member, ...args] of changes(authenticator)) await test.call(other, member, ...args).expect(403);
    await one.get('/admin').expect(200);
    await test.call(one, 'disable', EMAIL).expect(200);
  });

  it.each(waysIn)(
    '50: a pending login enrolls nothing and changes no contact (CVE-2022-28601, GHSA-89px-ww3j-g2mm): $way',
    async (wayIn) => {
      const { user, secret, authenticator } = await withEverything();
      const pending = await halted(test, user, wayIn);
      const before = await state(user);
      const calls: Call[] = [
        ...changes(authenticator),
        ['complete.totp', '123456'],
        ['complete.email', '123456'],
        ['complete.sms', '123456'],
        ['rename', authenticator, 'mine'],
        ['list'],
        ['remainingBackupCodes'],
        ['.reauthenticate', user.password],
      ];
      for (const [member, ...args] of calls)
        await expectDenied(pending, test.call(pending, member, ...args), 'NOT_LOGGED_IN');
      expect(await state(user)).toEqual(before);
      await wayIn.second(pending, test.totp(secret)).expect(200);
    },
  );

  it('50: nor does one that was verified and not completed', async () => {
    const { user, secret, authenticator } = await withEverything();
    const pending = await halted(test, user);
    await pending
      .post('/verify')
      .send({ code: test.totp(secret) })
      .expect(200);
    for (const [member, ...args] of changes(authenticator))
      await expectDenied(pending, test.call(pending, member, ...args), 'NOT_LOGGED_IN');
  });

  it('51: an enrollment that was begun and never confirmed leaves the old one working and is worth nothing itself', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const agent = await loggedIn(test, user, secret);
    await test.call(agent, 'setup.totp').expect(409);
    const { body } = await test.call(agent, 'setup.totp', true, { label: 'second' }).expect(200);
    const begun = body.result.secret as string;
    await test.call(agent, 'setup.email', 'second@example.net').expect(200);
    const emailed = mail.messages.at(-1)!.code;
    expect(await rows(test, 'TwoFactorAuthenticator', user.id)).toHaveLength(1);

    for (const way of waysIn) {
      const pending = await halted(test, user, way);
      await expectDenied(pending, way.second(pending, test.totp(begun)), 'INVALID_CODE');
      await way.second(pending, emailed, 'email').expect(404);
      await pending.get('/me').expect(401);
      await way.second(pending, test.totp(secret)).expect(200);
      test.clock.advance('30s');
    }
  });

  it('51: of two enrollments of one label the newer is confirmed, the older one is dead', async () => {
    const user = await test.user((ids += 1));
    const agent = test.agent();
    await test.login(agent, user).expect(200);
    const secrets: string[] = [];
    for (let begun = 0; begun < 2; begun += 1)
      secrets.push((await test.call(agent, 'setup.totp').expect(200)).body.result.secret as string);
    await test.call(agent, 'complete.totp', test.totp(secrets[0]!)).expect(401);
    await test.call(agent, 'complete.totp', test.totp(secrets[1]!)).expect(200);
    test.clock.advance('30s');
    const pending = await halted(test, user);
    await expectDenied(pending, facade.second(pending, test.totp(secrets[0]!)));
    await facade.second(pending, test.totp(secrets[1]!)).expect(200);
  });

  it('51: an enrollment that was begun does not halt a login', async () => {
    const user = await test.user((ids += 1));
    const agent = test.agent();
    await test.login(agent, user).expect(200);
    await test.call(agent, 'setup.totp').expect(200);
    await test.call(agent, 'setup.sms', '+15551234567').expect(200);
    await test.login(test.agent(), user).expect(200);
    for (const member of ['isEnabled', 'totpEnabled', 'smsEnabled'])
      await test.call(agent, member).expect(200, { result: false });
  });

  it('52: the authenticator of another user can be neither removed nor renamed (GHSA-9gjv-6qq6-v7qm)', async () => {
    const victim = await withEverything();
    const attacker = await test.withTotp((ids += 1));
    const agent = await loggedIn(test, attacker.user, attacker.secret);
    const before = await state(victim.user);
    for (const { id } of await test.service.list(String(victim.user.id))) {
      for (const guess of [id, id.toUpperCase(), `${id} `, `${id}%`, '%', id.slice(0, 8)]) {
        await test.call(agent, 'remove', guess).expect(404);
        await test.call(agent, 'rename', guess, 'stolen').expect(404);
      }
    }
    expect(await state(victim.user)).toEqual(before);
    expect(await rows(test, 'TwoFactorAuthenticator', attacker.user.id)).toHaveLength(1);
    await test.call(agent, 'rename', (await test.service.list(String(attacker.user.id)))[0]!.id, 'mine').expect(200);
  });

  it('53, 54: no answer that tells of a second factor may be kept by a cache', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const expectUncached = async (
      answer: PromiseLike<{ status: number; headers: Record<string, string> }>,
      status: number,
    ): Promise<void> => {
      const { status: got, headers } = await answer;
      expect([got, headers['cache-control']]).toEqual([status, 'no-store']);
    };
    const pending = test.agent();
    await expectUncached(facade.first(pending, user), 202);
    await expectUncached(strategies.first(pending, user), 202);
    await expectUncached(pending.post('/token/login').send({ email: user.email, password: user.password }), 202);
    await expectUncached(pending.post('/complete'), 401);
    await expectUncached(facade.second(pending, 7), 400);
    await expectUncached(facade.second(pending, '123456', 'email'), 404);
    for (let guess = 0; guess < 5; guess += 1)
      await expectUncached(facade.second(pending, test.wrongTotp(secret)), 401);
    await halted(test, user, facade, pending);
    await expectUncached(facade.second(pending, test.totp(secret)), 429);
    const fresh = await test.user((ids += 1));
    const agent = test.agent();
    await expectUncached(facade.first(agent, { ...fresh, password: 'wrong' }), 401);
    await test.login(agent, fresh).expect(200);
    await expectUncached(agent.get('/admin'), 403);
    await test.call(agent, 'setup.totp', false).expect(200);
    await expectUncached(test.call(agent, 'setup.totp', false), 409);
  });

  it.each([
    ['email', 'other@example.net'],
    ['sms', '+15551234567'],
  ] as const)('55: a wrong code leaves the contact unverified: complete.%s', async (method, contact) => {
    const user = await test.user((ids += 1));
    const agent = test.agent();
    await test.login(agent, user).expect(200);
    await test.call(agent, `setup.${method}`, contact).expect(200);
    const { code } = mail.messages.at(-1)!;
    const wrong = code === '111111' ? '222222' : '111111';
    await test.call(agent, `complete.${method}`, wrong).expect(401);
    await test.call(agent, 'list').expect(200, { result: [] });
    await test.call(agent, `${method}Enabled`).expect(200, { result: false });
    await test.call(agent, `challenge.${method}`).expect(409);
    await test.login(test.agent(), user).expect(200);
    // The code of one method does not confirm the other.
    await test.call(agent, `complete.${method === 'email' ? 'sms' : 'email'}`, code).expect(404);
    await test.call(agent, `complete.${method}`, code).expect(200);
    await test.call(agent, `${method}Enabled`).expect(200, { result: true });
    await halted(test, user);
  });

  describe('56: a code goes to the stored contact, whatever the request says', () => {
    const forged = {
      email: 'attacker@example.org',
      address: 'attacker@example.org',
      to: 'attacker@example.org',
      contact: 'attacker@example.org',
      phone: '+15557654321',
      maskedContact: 'a***@example.org',
      args: ['attacker@example.org', '+15557654321', { to: 'attacker@example.org' }],
    };
    const ask = (agent: Agent, method: string) =>
      agent.post('/call').send({ ...forged, member: `challenge.${method}` });

    it('of a pending login', async () => {
      const { user } = await withEverything();
      const pending = test.agent();
      const from = mail.messages.length;
      await pending
        .post('/login')
        .send({ ...forged, email: user.email, password: user.password })
        .expect(202);
      test.clock.advance('30s');
      for (const method of ['email', 'sms']) await ask(pending, method).expect(200);
      expect(mail.messages.slice(from).map(({ to }) => to)).toEqual([
        user.email,
        '+15551234567',
        user.email,
        '+15551234567',
      ]);
    });

    it('of a step-up, though another contact was begun', async () => {
      const { user, secret } = await withEverything();
      const agent = await loggedIn(test, user, secret);
      await test.call(agent, 'setup.email', 'attacker@example.org').expect(200);
      await test.call(agent, 'setup.sms', '+15557654321').expect(200);
      const from = mail.messages.length;
      for (const method of ['email', 'sms']) await ask(agent, method).expect(200);
      expect(mail.messages.slice(from).map(({ to }) => to)).toEqual([user.email, '+15551234567']);
    });
  });

  it('57: a session from before the enrollment gets no mark by it (CVE-2023-31140)', async () => {
    const user = await test.user((ids += 1));
    const [old, mine] = [test.agent(), test.agent()];
    await test.login(old, user).expect(200);
    await test.login(mine, user).expect(200);
    const { body } = await test.call(mine, 'setup.totp').expect(200);
    await test.call(mine, 'complete.totp', test.totp(body.result.secret as string)).expect(200);
    await old.get('/me').expect(200);
    for (const path of ['/admin', '/fresh']) {
      await old.get(path).expect(403);
      await mine.get(path).expect(200);
    }
    await test.call(old, 'disable', TOTP).expect(403);
    await test.call(old, '.reauthenticate', user.password).expect(403);
  });

  it('57: nor does the session that enabled a method without a code, nor one whose factor is gone', async () => {
    const user = await test.user((ids += 1));
    const agent = test.agent();
    await test.login(agent, user).expect(200);
    await agent.get('/admin').expect(403);
    await test.call(agent, 'setup.email').expect(200);
    const refused = await agent.get('/admin').expect(403);
    expect(refused.body).toMatchObject({ error: { code: 'STEP_UP_REQUIRED' } });
    const other = await test.withTotp((ids += 1));
    const full = await loggedIn(test, other.user, other.secret);
    await test.call(full, 'disable', TOTP).expect(200);
    const gone = await full.get('/admin').expect(403);
    expect(gone.body).toMatchObject({ error: { code: 'ENROLLMENT_REQUIRED' } });
  });
});
