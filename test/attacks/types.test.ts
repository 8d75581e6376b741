import express, { type Express } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TwoFactorMechanism } from 'passport-two-factor';
import type { Agent, TestApp, TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';
import { counters, rows } from './probe.js';
import { facade, halted, loggedIn, openApp, strategies, waysIn } from './support.js';

const typed: [string, unknown][] = [
  ['a number', 123456],
  ['zero', 0],
  ['true', true],
  ['false', false],
  ['null', null],
  ['an empty list', []],
  ['a list', ['123456']],
  ['a nested list', [['123456']]],
  ['an object', {}],
  ['an operator', { $ne: null }],
  ['a text-like object', { length: 6, toString: '123456' }],
];

const shapes: [string, string][] = [
  ['nothing', ''],
  ['blanks', '      '],
  ['dashes', '------'],
  ['one digit', '1'],
  ['5 digits', '12345'],
  ['7 digits', '1234567'],
  ['five full-width digits', '１２３４５'],
  ['seven Arabic digits', '١٢٣٤٥٦٧'],
  ['circled digits', '①②③④⑤⑥'],
  ['hexadecimal', '0x1E240'],
  ['an exponent', '123456e0'],
  ['a short exponent', '1234e2'],
  ['letters behind', '123456abc'],
  ['a plus sign', '+12345'],
  ['a minus sign', '-12345'],
  ['a decimal point', '1234.5'],
  ['a newline behind', '123456\n'],
  ['a newline inside', '12345\n'],
  ['a NUL behind', '12345\0'],
  ['a tab', '123\t456'],
  ['a line separator', '123\u2028456'],
  ['a comma list', '123456,654321'],
  ['SQL', "' OR 1=1 --"],
  ['a wildcard', '______'],
];

/** Routes whose parser takes more than Express's 100 kB, so that a megabyte reaches the library. */
function bigRoutes(app: Express, { passport }: TestApp): void {
  const big = express.json({ type: 'application/big+json', limit: '2mb' });
  app.post('/big/2fa', big, passport.authenticate('two-factor'), (_req, res) => {
    res.json({});
  });
  app.post('/big/verify', big, async (req, res) => {
    for (const verify of Object.values(req.auth.twoFactor.verify)) {
      await verify(req.body.code as never).then(
        () => {
          throw new Error('verified');
        },
        (error: unknown) => {
          if ((error as { status?: number }).status !== 400) throw error;
        },
      );
    }
    res.status(400).json({});
  });
}

describe.each(databases)('types, on $name', (database) => {
  let test: TestApp;
  let ids = 0;

  /** A user with every method. */
  let user: TestUser;
  let secret: string;

  beforeAll(async () => {
    test = await openApp(database, { routes: bigRoutes });
    ({ user, secret } = await test.withTotp((ids += 1)));
    await test.service.setup.email(String(user.id));
    await test.service.setup.sms(String(user.id), '+15551234567', false);
  });
  afterAll(() => test.close());

  /** Refusals have changed nothing: the right code finishes the login after all. */
  async function finish(pending: Agent): Promise<void> {
    await pending.get('/me').expect(401);
    await facade.second(pending, test.totp(secret)).expect(200);
    test.clock.advance('30s');
  }

  const methods = ['totp', 'email', 'sms', 'otp', 'backupCode'];
  const ways: [string, string, string | undefined][] = [
    ...methods.map((method): [string, string, string] => [`verify.${method}`, '/verify-2fa', method]),
    ...[undefined, 'totp', 'email', 'sms', 'backup_code'].map((method): [string, string, string | undefined] => [
      `passport.authenticate, method ${String(method)}`,
      '/2fa',
      method,
    ]),
  ];

  it.each(ways)('43, 44: a code that is no text is refused and charged to nobody: %s', async (_way, path, method) => {
    const pending = await halted(test, user);
    const before = await counters(test, user.id);
    for (const [, code] of typed) {
      const answer = await pending
        .post(path)
        .send({ code, ...(method && { method }) })
        .expect(400);
      expect(answer.body).toMatchObject({ error: { code: 'INVALID_INPUT' } });
    }
    await pending
      .post(path)
      .send(method ? { method } : {})
      .expect(400);
    await pending
      .post(path)
      .type('form')
      .send(`code=${test.totp(secret)}&code=${test.totp(secret)}${method ? `&method=${method}` : ''}`)
      .expect(400);
    await pending
      .post(path)
      .type('form')
      .send(`code[a]=${test.totp(secret)}${method ? `&method=${method}` : ''}`)
      .expect(400);
    expect(await counters(test, user.id)).toEqual(before);
    await finish(pending);
  });

  it('31, 45: digits of another script, with spaces or marks among them, are the same code: one budget, one used step', async () => {
    const { user: other, secret: key } = await test.withTotp((ids += 1));
    const inScript = (code: string, zero: number): string =>
      Array.from(code, (digit) => String.fromCodePoint(zero + Number(digit))).join('');
    const [fullWidth, arabic, devanagari] = [0xff10, 0x660, 0x966];
    for (const way of [facade, strategies]) {
      const code = test.totp(key);
      await way.second(await halted(test, other), inScript(code, arabic)).expect(200);
      for (const again of [
        code,
        inScript(code, fullWidth),
        inScript(code, devanagari),
        `${code.slice(0, 3)}\u00a0${code.slice(3)}`,
        `\u200e${code}`,
      ]) {
        await way.second(await halted(test, other), again, 'totp').expect(({ status }) => {
          expect([401, 429]).toContain(status);
        });
      }
      // Those were the five attempts that there are in a row, in whatever script.
      await way.second(await halted(test, other), code, 'totp').expect(429);
      await test.service.unlock(String(other.id));
      test.clock.advance('30s');
    }
  });

  it('45: a backup code in full-width letters and digits is that code, once', async () => {
    const { user: other, backupCodes } = await test.withTotp((ids += 1));
    const wide = Array.from(backupCodes[0]!, (letter) => String.fromCharCode(letter.charCodeAt(0) + 0xfee0)).join('');
    await strategies.second(await halted(test, other), wide).expect(200);
    await strategies.second(await halted(test, other), backupCodes[0]!).expect(401);
  });

  it('43: the method of a code that is no text or unknown is refused too', async () => {
    const pending = await halted(test, user);
    const before = await counters(test, user.id);
    for (const method of [0, 1, true, null, [], ['totp'], {}, 'none', 'TOTP', 'password', '__proto__', 'toString']) {
      await pending
        .post('/2fa')
        .send({ code: test.totp(secret), method })
        .expect(400);
    }
    expect(await counters(test, user.id)).toEqual(before);
    await pending.get('/me').expect(401);
  });

  it('43, 44: a step-up and an enrollment take no code but text either', async () => {
    const agent = await loggedIn(test, user, secret);
    await test.call(agent, 'setup.totp', true, { label: 'second' }).expect(200);
    const before = await counters(test, user.id);
    for (const [, code] of typed) {
      for (const member of ['verify.totp', 'verify.backupCode', 'verify.otp', 'complete.totp', 'complete.email']) {
        await test.call(agent, member, code).expect(400);
      }
      await agent.post('/2fa').send({ code }).expect(400);
    }
    expect(await counters(test, user.id)).toEqual(before);
    expect(await rows(test, 'TwoFactorAuthenticator', user.id)).toHaveLength(3);
  });

  it("44: a zero is no authenticator's id and no mechanism, though MySQL would find text equal to it", async () => {
    const agent = await loggedIn(test, user, secret);
    for (const id of [0, false, null, [], {}, [[]]]) {
      await test.call(agent, 'remove', id).expect(400);
      await test.call(agent, 'rename', id, 'mine').expect(400);
    }
    for (const mechanism of [0, '1', true, [1], null, 5, -1, 1.5])
      await test.call(agent, 'disable', mechanism).expect(400);
    expect(await rows(test, 'TwoFactorAuthenticator', user.id)).toHaveLength(3);
  });

  it("44: a zero is no challenge's token", async () => {
    await test.agent().post('/token/login').send({ email: user.email, password: user.password }).expect(202);
    for (const challengeToken of [0, false, null, '', '0', [], {}, undefined, '%', '_'.repeat(43)]) {
      await test
        .agent()
        .post('/token/2fa')
        .send({ challengeToken, code: test.totp(secret) })
        .expect(401);
    }
  });

  it.each(ways)('45: a text that cannot be a code is refused and not charged: %s', async (_way, path, method) => {
    const pending = await halted(test, user);
    const before = await counters(test, user.id);
    for (const [, code] of shapes) {
      const answer = await pending
        .post(path)
        .send({ code, ...(method && { method }) })
        .expect(400);
      expect(answer.body).toMatchObject({ error: { code: 'INVALID_INPUT' } });
    }
    expect(await counters(test, user.id)).toEqual(before);
    await finish(pending);
  });

  it('45: a text that cannot be a code confirms no enrollment and is not charged', async () => {
    const fresh = await test.user((ids += 1));
    const agent = test.agent();
    await test.login(agent, fresh).expect(200);
    await test.call(agent, 'setup.totp').expect(200);
    await test.call(agent, 'setup.email', 'other@example.net').expect(200);
    for (const [, code] of shapes) {
      for (const member of ['complete.totp', 'complete.email']) await test.call(agent, member, code).expect(400);
    }
    expect(await rows(test, 'TwoFactorAuthenticator', fresh.id)).toEqual([]);
    expect(await counters(test, fresh.id)).toMatchObject({ version: 0, failures: 0 });
  });

  it('45: a megabyte is refused without being looked at (GHSA-rmmc-8cqj-hfp3)', async () => {
    const pending = await halted(test, user);
    const before = await counters(test, user.id);
    for (const code of ['1'.repeat(2 ** 20), ' '.repeat(2 ** 20), `${' '.repeat(2 ** 20)}${test.totp(secret)}`]) {
      for (const path of ['/big/2fa', '/big/verify']) {
        const answer = await pending.post(path).type('application/big+json').send(JSON.stringify({ code })).expect(400);
        expect(answer.text.length).toBeLessThan(1000);
      }
    }
    expect(await counters(test, user.id)).toEqual(before);
    await pending.get('/me').expect(401);
  });

  it.each(waysIn)(
    '46: a code that begins with zero is accepted as text, without its zero it is not: $way',
    async (wayIn) => {
      const steps = Array.from({ length: 2000 }, (_, index) => index).find((index) =>
        /^0[1-9]/.test(test.totp(secret, index)),
      )!;
      test.clock.advance(steps * 30_000);
      const code = test.totp(secret);
      const pending = await halted(test, user, wayIn);
      await wayIn.second(pending, Number(code)).expect(400);
      await wayIn.second(pending, code.slice(1)).expect(400);
      await wayIn.second(pending, String(Number(code))).expect(400);
      await pending.get('/me').expect(401);
      await wayIn.second(pending, code).expect(200);
      await pending.get('/me').expect(200, { id: user.id });
      test.clock.advance('30s');
    },
  );

  it('48: extra members of a setup request are ignored', async () => {
    const victim = await test.user((ids += 1));
    const fresh = await test.user((ids += 1));
    const agent = test.agent();
    await test.login(agent, fresh).expect(200);
    const forged = {
      verified: true,
      verifiedAt: 1,
      userId: String(victim.id),
      user: { id: victim.id },
      user_key: 'x',
      lastStep: 99_999_999,
      confirmedStep: -1,
      secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
      digits: 1,
      window: 9999,
      period: 86_400,
      requireVerification: false,
      mechanism: 2,
      handle: 'x',
    };
    const { body } = await test.call(agent, 'setup.totp', true, { label: 'phone', ...forged }).expect(200);
    expect(body.result.secret).not.toBe(forged.secret);
    expect(body.result.backupCodes).toBeUndefined();
    expect(await rows(test, 'TwoFactorAuthenticator', fresh.id)).toEqual([]);
    expect(await rows(test, 'TwoFactorAccount', victim.id)).toEqual([]);
    await test.call(agent, 'isEnabled').expect(200, { result: false });

    await test.call(agent, 'complete.totp', test.totp(body.result.secret as string)).expect(200);
    expect(await rows(test, 'TwoFactorAuthenticator', fresh.id)).toEqual([
      expect.objectContaining({
        mechanism: TwoFactorMechanism.TOTP,
        label: 'phone',
        digits: 6,
        period: 30,
        confirmedStep: Math.floor(test.clock.now / 30_000),
      }),
    ]);
    expect(await rows(test, 'TwoFactorAuthenticator', victim.id)).toEqual([]);
    expect(await rows(test, 'TwoFactorAccount', fresh.id)).toEqual([expect.objectContaining({ lastStep: 0 })]);
  });

  it('48: only true and false say whether an enrollment has to be confirmed', async () => {
    const fresh = await test.user((ids += 1));
    const agent = test.agent();
    await test.login(agent, fresh).expect(200);
    for (const value of ['false', 'true', 0, 1, '', [], {}, [false]]) {
      await test.call(agent, 'setup.totp', value).expect(400);
      await test.call(agent, 'setup.email', 'other@example.net', value).expect(400);
      await test.call(agent, 'setup.sms', '+15551234567', value).expect(400);
    }
    expect(await rows(test, 'TwoFactorAuthenticator', fresh.id)).toEqual([]);
  });
});
