import { inspect } from 'node:util';
import express from 'express';
import session, { MemoryStore } from 'express-session';
import request from 'supertest';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { twoFactorAuth, TwoFactorMechanism, type SecondFactorRequiredError } from 'passport-two-factor';
import { decodeBase32 } from '../../lib/core/provisioning.js';
import type { Agent, TestApp, TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';
import { everyLog } from '../support/loggers.js';
import { StatementLog } from '../support/statements.js';
import { counters, face } from './probe.js';
import { facade, guessWrong, halted, loggedIn, openApp, strategies, waysIn, type Method } from './support.js';

const { TOTP, EMAIL, SMS } = TwoFactorMechanism;

/** As a whole word, so that six digits in the middle of a digest are not taken for a code. */
const holds = (text: string, secret: string): boolean =>
  new RegExp(`(?<![A-Za-z0-9+/_-])${secret.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![A-Za-z0-9+/_-])`, 'i').test(text);

describe.each(databases)('leaks, on $name', (database) => {
  let test: TestApp;
  let ids = 0;
  const log = new StatementLog();

  beforeAll(async () => {
    test = await openApp(database, { logger: log, twoFactor: { codeLength: 10 } });
  });
  afterAll(() => test.close());
  afterEach(() => {
    vi.restoreAllMocks();
  });

  async function withEverything(): Promise<{ user: TestUser; secret: string; backupCodes: string[] }> {
    const enrolled = await test.withTotp((ids += 1));
    await test.service.setup.email(String(enrolled.user.id), `hidden${String(ids)}@example.net`, false);
    await test.service.setup.sms(String(enrolled.user.id), '+15551234567', false);
    return enrolled;
  }

  /** All that the server keeps to itself when a login is halted. */
  function kept({ availableMethods: { email, sms }, challengeToken }: SecondFactorRequiredError): string[] {
    const secrets = [
      email!.otpValue!,
      email!.contact,
      sms!.otpValue!,
      sms!.contact,
      ...(challengeToken === undefined ? [] : [challengeToken]),
    ];
    expect(secrets.every((secret) => secret.length >= 10)).toBe(true);
    return secrets;
  }

  it.each([
    ['/login', 4],
    ['/passport/login', 4],
    ['/token/login', 5],
  ] as const)(
    '58: the error of a login halted at %s shows no code, contact or token, however it is written',
    async (path, count) => {
      const { user } = await withEverything();
      await test.agent().post(path).send({ email: user.email, password: user.password }).expect(202);
      const error = test.lastError as SecondFactorRequiredError;
      const secrets = kept(error);
      expect(secrets).toHaveLength(count);
      const copies = [
        // eslint-disable-next-line @typescript-eslint/no-misused-spread -- what a careless logger does
        { ...error },
        Object.assign({}, error),
        Object.fromEntries(Object.entries(error)),
        structuredClone(error),
        new Error('outer', { cause: error }),
        [error],
      ];
      const texts = [error, ...copies].flatMap((copy) => [
        JSON.stringify(copy),
        JSON.stringify(copy, null, 2),
        inspect(copy),
        inspect(copy, { depth: 9 }),
        inspect(copy, { depth: 9, getters: true }),
      ]);
      texts.push(
        String(error),
        error.message,
        error.stack!,
        error as unknown as string,
        JSON.stringify(Object.keys(error)),
      );
      texts.push(...everyLog(error).map(([, text]) => text));
      for (const text of texts) for (const secret of secrets) expect(text).not.toContain(secret);
    },
  );

  it('58: what a logger makes of the answer to a code that was asked for, or a contact that was given, shows none of them', async () => {
    const own = await openApp(database, { twoFactor: { codeLength: 10 } });
    const { user } = await own.withTotp(1);
    const id = String(user.id);
    await own.service.setup.email(id, 'hidden@example.net', false);
    await own.service.setup.sms(id, '+15551234567', false);
    const answers = [
      await own.service.challenge.email(id),
      await own.service.challenge.sms(id),
      await own.service.setup.email(id, 'another@example.net'),
      await own.service.setup.sms(id, '+15557654321'),
    ];
    for (const answer of answers) {
      const secrets = [
        answer.contact!,
        answer.otpValue!,
        ...('challengeToken' in answer ? [answer.challengeToken] : []),
      ];
      expect(secrets.every((secret) => secret.length >= 10)).toBe(true);
      for (const [how, text] of everyLog(answer)) for (const secret of secrets) expect(text, how).not.toContain(secret);
    }
    await own.close();
  });

  it("58: Express's own error handler shows none of it to the client or the console", async () => {
    const { user } = await withEverything();
    let error: SecondFactorRequiredError | undefined;
    const bare = express();
    bare.set('env', 'development');
    bare.use(
      express.json(),
      session({ secret: 'test', resave: false, saveUninitialized: false, store: new MemoryStore() }),
    );
    bare.use(test.passport.session(), twoFactorAuth({ service: test.service, passport: test.passport }));
    bare.post('/login', async (req, res) => {
      res.json(await req.auth.login(req.body.email as string, req.body.password as string));
    });
    bare.post('/token/login', test.passport.authenticate('local', { session: false }));
    bare.use(((reason, _req, _res, next) => {
      error = reason as SecondFactorRequiredError;
      next(reason);
    }) satisfies express.ErrorRequestHandler);
    const printed = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    for (const [index, path] of ['/login', '/token/login'].entries()) {
      const { text } = await request(bare).post(path).send({ email: user.email, password: user.password }).expect(401);
      expect(text).toContain('SecondFactorRequiredError');
      await vi.waitFor(() => {
        expect(printed).toHaveBeenCalledTimes(index + 1);
      });
      for (const secret of kept(error!)) {
        expect(text).not.toContain(secret);
        expect(inspect(printed.mock.calls, { depth: 9 })).not.toContain(secret);
      }
    }
  });

  it('58: an answer that an app sends on unread holds no code, contact or token', async () => {
    const { user, secret } = await withEverything();
    const agent = await loggedIn(test, user, secret);
    const calls: [string, ...unknown[]][] = [
      ['setup.email', 'another@example.net'],
      ['setup.sms', '+15557654321'],
      ['challenge.email'],
      ['challenge.sms'],
    ];
    for (const [member, ...args] of calls) {
      const { text } = await test.call(agent, member, ...args).expect(200);
      const { code, to } = test.sent.at(-1)!;
      expect(code).toMatch(/^\d{10}$/);
      expect(text).not.toContain(code);
      expect(text).not.toContain(to);
      expect(text).not.toMatch(/token/i);
    }
  });

  it('59: neither the statements nor the console see a code, secret, key, token or contact in a whole life of a factor', async () => {
    const printed: string[] = [];
    const print = (...parts: unknown[]): boolean => {
      printed.push(parts.map((part) => (typeof part === 'string' ? part : inspect(part, { depth: 9 }))).join(' '));
      return true;
    };
    for (const level of ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const)
      vi.spyOn(console, level).mockImplementation(print);
    vi.spyOn(process.stdout, 'write').mockImplementation(print);
    vi.spyOn(process.stderr, 'write').mockImplementation(print);
    vi.spyOn(process, 'emitWarning').mockImplementation(print);
    log.reset();
    const secrets = await live(
      ['secret.address@example.net', '+15553216547'],
      test.keys.split(',').map((key) => key.split(':')[1]!),
    );
    vi.restoreAllMocks();

    expect(log.lines.length).toBeGreaterThan(60);
    expect(secrets.length).toBeGreaterThanOrEqual(25);
    const text = [...log.lines, ...printed].join('\n');
    for (const secret of secrets) {
      for (const form of [
        secret,
        Buffer.from(secret).toString('base64'),
        Buffer.from(secret).toString('base64url'),
        Buffer.from(secret).toString('hex'),
      ]) {
        expect(holds(text, form), `${form} in:\n${log.lines.find((line) => holds(line, form)) ?? 'the console'}`).toBe(
          false,
        );
      }
    }
    // The look itself works: what may be there is found.
    expect(holds(text, 'user_key')).toBe(true);
  });

  /** Enrolls, logs in by every method, mistypes, manages, removes. @returns everything that nobody may see */
  async function live([address, phone]: readonly [string, string], known: string[]): Promise<string[]> {
    const secrets = [...known, address, phone];
    const user = await test.user((ids += 1));
    const use = (code: string): string => {
      secrets.push(code);
      return code;
    };
    const lastCode = (method: 'email' | 'sms'): string => use(test.lastCode(method));
    const agent = test.agent();
    await test.login(agent, user).expect(200);
    const { body } = await test.call(agent, 'setup.totp').expect(200);
    const secret = use(body.result.secret as string);
    await test.call(agent, 'complete.totp', use(test.wrongTotp(secret))).expect(401);
    const backupCodes = (await test.call(agent, 'complete.totp', use(test.totp(secret))).expect(200)).body
      .result as string[];
    backupCodes.forEach(use);
    await test.call(agent, 'setup.email', address).expect(200);
    await test.call(agent, 'complete.email', lastCode('email')).expect(200);
    await test.call(agent, 'setup.sms', phone).expect(200);
    await test.call(agent, 'complete.sms', lastCode('sms')).expect(200);
    const byMethod: [Method, () => string][] = [
      ['totp', () => use(test.totp(secret))],
      ['email', () => lastCode('email')],
      ['sms', () => lastCode('sms')],
      ['backup_code', () => backupCodes[0]!],
    ];
    for (const [method, code] of byMethod) {
      test.clock.advance('30s');
      const pending = await halted(test, user);
      await facade.second(pending, use(test.wrongTotp(secret)), 'totp').expect(401);
      await facade.second(pending, code(), method).expect(200);
    }
    test.clock.advance('1h');
    const halt = await agent.post('/token/login').send({ email: user.email, password: user.password }).expect(202);
    await agent
      .post('/token/2fa')
      .send({ challengeToken: use(halt.body.challengeToken as string), code: use(test.totp(secret)) })
      .expect(200);
    await test.call(agent, 'challenge.email').expect(200);
    await test.call(agent, 'verify.email', lastCode('email')).expect(200);
    ((await test.call(agent, 'generateNewBackupCodes').expect(200)).body.result as string[]).forEach(use);
    await test.call(agent, 'getTotpUri').expect(200);
    await test.call(agent, 'getContact', EMAIL).expect(200);
    for (const { id } of (await test.call(agent, 'list').expect(200)).body.result as { id: string }[])
      await test.call(agent, 'rename', id, `label ${id}`).expect(200);
    for (const mechanism of [TOTP, EMAIL, SMS]) await test.call(agent, 'disable', mechanism).expect(200);
    const bytes = decodeBase32(secret)!;
    return [...secrets, bytes.toString('hex'), bytes.toString('base64'), bytes.toString('base64url')];
  }

  it.each(waysIn)(
    '60: a wrong password is answered alike for a user with and without a second factor: $way',
    async (wayIn) => {
      const { user } = await withEverything();
      const plain = await test.user((ids += 1));
      log.reset();
      const wrong = (given: TestUser) => wayIn.first(test.agent(), { ...given, password: 'wrong' }).expect(401);
      const [one, other] = [await wrong(user), await wrong(plain)];
      expect(face(one)).toEqual(face(other));
      expect(one.headers['set-cookie']).toBeUndefined();
      expect(other.headers['set-cookie']).toBeUndefined();
      expect(log.statements.filter((statement) => statement.includes('two_factor_'))).toEqual([]);
    },
  );

  const codes: [
    Method,
    (given: { secret: string; backupCodes: string[] }) => string,
    (given: { secret: string }) => string,
  ][] = [
    ['totp', ({ secret }) => test.totp(secret), ({ secret }) => test.wrongTotp(secret)],
    ['backup_code', ({ backupCodes }) => backupCodes[0]!, () => '0000000000000'],
    [
      'email',
      () => test.lastCode('email'),
      () => (test.lastCode('email') === '1111111111' ? '2222222222' : '1111111111'),
    ],
  ];

  it.each(
    waysIn.flatMap((wayIn) => codes.map(([method, right, wrong]) => ({ way: wayIn.way, wayIn, method, right, wrong }))),
  )(
    '61: while the account has to wait, a right code is answered as a wrong one, byte for byte and with the same work: $method, $way',
    async ({ wayIn, method, right, wrong }) => {
      const enrolled = await withEverything();
      const { user } = enrolled;
      await guessWrong(test, user, enrolled.secret, 5);
      const pending = await halted(test, user, wayIn);
      const before = await counters(test, user.id);
      const answers = [];
      for (const code of [right(enrolled), wrong(enrolled), right(enrolled)]) {
        log.reset();
        const answer = await wayIn.second(pending, code, method).buffer(true);
        answers.push({ answer: face(answer), statements: [...log.statements] });
      }
      expect(answers[0]).toEqual(answers[1]);
      expect(answers[2]).toEqual(answers[1]);
      expect(answers[0]).toMatchObject({ answer: { status: 429, headers: { 'retry-after': '30' } } });
      expect(answers[0]!.statements.filter((statement) => statement.includes('two_factor_'))).toHaveLength(1);
      expect(await counters(test, user.id)).toEqual(before);
      test.clock.advance('30s');
      // A locked account is sent no code at the halt.
      if (method === 'email') await test.call(pending, 'challenge.email').expect(200);
      await wayIn.second(pending, right(enrolled), method).expect(200);
    },
  );

  it.each([
    ['setup.email', 'a@b.co'],
    ['setup.email', 'ab@c.de'],
    ['setup.sms', '+6831234'],
    ['setup.sms', '+15551234567'],
  ] as const)('62: the mask is never the whole contact: %s %s', async (member, contact) => {
    const user = await test.user((ids += 1), `plain${String(ids)}@example.com`);
    const agent: Agent = test.agent();
    await test.login(agent, user).expect(200);
    const texts = [
      (await test.call(agent, member, contact, false).expect(200)).text,
      (await test.call(agent, 'list').expect(200)).text,
    ];
    const answer = await strategies.first(test.agent(), user).expect(202);
    texts.push(answer.text, JSON.stringify((test.lastError as SecondFactorRequiredError).methods));
    const telling = contact.startsWith('+') ? contact.slice(4) : contact.slice(0, contact.indexOf('@') + 1);
    for (const text of texts) {
      expect(text).toMatch(/\*\*\*@|•••/);
      expect(text).not.toContain(contact);
      expect(holds(text, telling)).toBe(false);
    }
  });

  it.each(['911', '112', '+911', '+49112', '+1911'])(
    '62: %s is no phone that a code could be sent to',
    async (phone) => {
      const user = await test.user((ids += 1));
      const agent = test.agent();
      await test.login(agent, user).expect(200);
      for (const requireVerification of [true, false]) {
        const { text } = await test.call(agent, 'setup.sms', phone, requireVerification).expect(400);
        expect(text).not.toContain(phone);
      }
    },
  );
});
