import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databases } from '../support/databases.js';
import type { Agent, TestApp } from '../support/app.js';
import { codeOf, expectDenied, guessWrong, halted, openApp, waysIn, type Method, type WayIn } from './support.js';

const wrongBackupCode = '0123456789ABC';

describe.each(databases)('guessing codes on $name', (database) => {
  let test: TestApp;
  let ids = 0;

  beforeAll(async () => {
    test = await openApp(database, {
      routes: (app) => {
        app.set('trust proxy', true);
      },
    });
  });
  afterAll(() => test.close());

  /** A pending login with a right and a wrong code of the method. */
  async function pendingWith(
    method: Method,
    wayIn: WayIn,
  ): Promise<{ agent: Agent; right: string; wrong: string; login: () => Promise<Agent> }> {
    if (method === 'email') {
      const user = await test.withEmail((ids += 1));
      const agent = await halted(test, user, wayIn);
      const right = test.lastCode();
      return { agent, right, wrong: right === '000000' ? '111111' : '000000', login: () => halted(test, user, wayIn) };
    }
    const { user, secret, backupCodes } = await test.withTotp((ids += 1));
    const codes =
      method === 'totp'
        ? { right: test.totp(secret), wrong: test.wrongTotp(secret) }
        : { right: backupCodes[0]!, wrong: wrongBackupCode };
    return { agent: await halted(test, user, wayIn), ...codes, login: () => halted(test, user, wayIn) };
  }

  describe.each(waysIn)('through $way', (wayIn) => {
    it.each<Method>(['totp', 'email', 'backup_code'])(
      '26: five wrong %s codes, then the right one (CVE-2024-0227, CVE-2026-105835)',
      async (method) => {
        const { agent, right, wrong, login } = await pendingWith(method, wayIn);
        for (let guess = 0; guess < 5; guess += 1) {
          await expectDenied(
            agent,
            wayIn.second(agent, wrong, method),
            method === 'backup_code' ? 'INVALID_BACKUP_CODE' : 'INVALID_CODE',
          );
        }
        await expectDenied(agent, wayIn.second(agent, right, method), 'CHALLENGE_EXPIRED');
        await expectDenied(agent, agent.post('/complete'), 'CHALLENGE_EXPIRED');
        const again = await login();
        await expectDenied(again, wayIn.second(again, right, method), 'TOO_MANY_ATTEMPTS');
        await expectDenied(again, again.post('/complete'), 'NOT_VERIFIED');
      },
    );

    it('26a: the methods have one budget together', async () => {
      const { user, secret, backupCodes } = await test.withTotp((ids += 1));
      await test.service.setup.email(String(user.id));
      const agent = await halted(test, user, wayIn);
      const mailed = test.lastCode();
      const wrongMail = mailed === '000000' ? '111111' : '000000';
      const guesses: [string, Method][] = [
        [test.wrongTotp(secret), 'totp'],
        [wrongMail, 'email'],
        [wrongBackupCode, 'backup_code'],
        [test.wrongTotp(secret), 'totp'],
        [wrongMail, 'email'],
      ];
      for (const [code, method] of guesses) expect((await wayIn.second(agent, code, method)).status).toBe(401);
      for (const [code, method] of [
        [test.totp(secret), 'totp'],
        [mailed, 'email'],
        [backupCodes[0], 'backup_code'],
      ] as const) {
        await expectDenied(agent, wayIn.second(agent, code, method), 'CHALLENGE_EXPIRED');
        const again = await halted(test, user, wayIn);
        await expectDenied(again, wayIn.second(again, code, method), 'TOO_MANY_ATTEMPTS');
      }
    });

    it('26b: a right backup code after four wrong ones leaves the other pending logins alone', async () => {
      const { user, secret, backupCodes } = await test.withTotp((ids += 1));
      const other = await halted(test, user, wayIn);
      await guessWrong(test, user, secret, 4, wayIn);
      const agent = await halted(test, user, wayIn);
      await wayIn.second(agent, backupCodes[0], 'backup_code').expect(200);
      await wayIn.second(other, test.totp(secret)).expect(200);
    });

    it('27: a new login after every five wrong codes keeps the backoff (CVE-2026-128332, CVE-2026-76213)', async () => {
      const { user, secret } = await test.withTotp((ids += 1));
      await guessWrong(test, user, secret, 5, wayIn);
      for (const seconds of [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]) {
        const agent = await halted(test, user, wayIn);
        const answer = await expectDenied(agent, wayIn.second(agent, test.totp(secret)), 'TOO_MANY_ATTEMPTS');
        expect(answer.headers['retry-after']).toBe(String(seconds));
        test.clock.advance(seconds * 1000 - 1);
        const early = await halted(test, user, wayIn);
        await expectDenied(early, wayIn.second(early, test.totp(secret)), 'TOO_MANY_ATTEMPTS');
        test.clock.advance(1);
        await expectDenied(early, wayIn.second(early, test.wrongTotp(secret)), 'INVALID_CODE');
        // Each further wrong code ends the pending logins: the next guess costs another password.
        await expectDenied(early, wayIn.second(early, test.wrongTotp(secret)), 'CHALLENGE_EXPIRED');
      }
      test.clock.advance('1h');
      const agent = await halted(test, user, wayIn);
      await wayIn.second(agent, test.totp(secret)).expect(200);
    });

    it('30: a rotated X-Forwarded-For buys no guesses (CVE-2025-69615)', async () => {
      const { user, secret } = await test.withTotp((ids += 1));
      const agent = await halted(test, user, wayIn);
      const from = (octet: number) => ({
        'X-Forwarded-For': `203.0.113.${String(octet)}`,
        Forwarded: `for=203.0.113.${String(octet)}`,
        'X-Real-IP': `203.0.113.${String(octet)}`,
        'CF-Connecting-IP': `203.0.113.${String(octet)}`,
        'User-Agent': `browser ${String(octet)}`,
      });
      for (let guess = 0; guess < 5; guess += 1)
        await expectDenied(agent, wayIn.second(agent, test.wrongTotp(secret)).set(from(guess)), 'INVALID_CODE');
      await expectDenied(agent, wayIn.second(agent, test.totp(secret)).set(from(5)), 'CHALLENGE_EXPIRED');
      const again = test.agent();
      await wayIn.first(again, user).set(from(6)).expect(202);
      await expectDenied(again, wayIn.second(again, test.totp(secret)).set(from(7)), 'TOO_MANY_ATTEMPTS');
    });

    it('31: spellings of one code have one budget and one use (CVE-2025-55000)', async () => {
      const spell = (code: string): string[] => [
        code,
        `${code.slice(0, 3)} ${code.slice(3)}`,
        `${code} `,
        ` ${code}`,
        code.split('').join('-'),
        ` ${code.slice(0, 2)}-${code.slice(2)} `,
      ];
      const { user, secret } = await test.withTotp((ids += 1));
      const agent = await halted(test, user, wayIn);
      for (const code of spell(test.wrongTotp(secret)).slice(0, 5))
        await expectDenied(agent, wayIn.second(agent, code), 'INVALID_CODE');
      await expectDenied(agent, wayIn.second(agent, test.totp(secret)), 'CHALLENGE_EXPIRED');

      test.clock.advance('1m');
      const right = spell(test.totp(secret));
      await wayIn.second(await halted(test, user, wayIn), right[1]).expect(200);
      for (const code of right.slice(0, 4)) {
        const again = await halted(test, user, wayIn);
        await expectDenied(again, wayIn.second(again, code), 'INVALID_CODE');
      }
    });

    it('32: a resend between guesses keeps the count', async () => {
      const user = await test.withEmail((ids += 1));
      const agent = await halted(test, user, wayIn);
      const guess = () => wayIn.second(agent, test.lastCode() === '000000' ? '111111' : '000000', 'email');
      for (const wait of ['30s', '1m', '2m'] as const) {
        await expectDenied(agent, guess(), 'INVALID_CODE');
        test.clock.advance(wait);
        await test.call(agent, 'challenge.email').expect(200);
      }
      await expectDenied(agent, guess(), 'INVALID_CODE');
      await expectDenied(agent, guess(), 'INVALID_CODE');
      await expectDenied(agent, wayIn.second(agent, test.lastCode(), 'email'), 'CHALLENGE_EXPIRED');
      await expectDenied(agent, test.call(agent, 'challenge.email'), 'CHALLENGE_EXPIRED');
    });

    it('38: the code that confirmed the enrollment is no code of the first login, nor is an older one', async () => {
      const user = await test.user((ids += 1));
      const owner = test.agent();
      await wayIn.first(owner, user).expect(200);
      const { body } = await test.call(owner, 'setup.totp').expect(200);
      const { secret } = (body as { result: { secret: string } }).result;
      const code = test.totp(secret);
      await test.call(owner, 'complete.totp', code).expect(200);
      const agent = await halted(test, user, wayIn);
      await expectDenied(agent, wayIn.second(agent, code), 'INVALID_CODE');
      await expectDenied(agent, wayIn.second(agent, test.totp(secret, -1)), 'INVALID_CODE');
      await wayIn.second(agent, test.totp(secret, 1)).expect(200);
    });

    it('39: what the client says about the time is ignored', async () => {
      const { user, secret } = await test.withTotp((ids += 1));
      await test.service.setup.email(String(user.id));
      const [oldCode, farCode] = [test.totp(secret, -2), test.totp(secret, 3)];
      const agent = await halted(test, user, wayIn);
      const mailed = test.lastCode();
      const then = test.clock.now;
      test.clock.advance('5m');
      const claims = {
        now: then,
        time: then,
        timestamp: then,
        date: new Date(then).toISOString(),
        clock: then,
        step: Math.floor(then / 30_000),
        counter: 0,
        window: 1000,
        totpWindow: 1000,
        tokenExpiry: '1d',
        expiresAt: then + 86_400_000,
        lastStep: 0,
      };
      const headers = {
        Date: new Date(then).toUTCString(),
        'X-Timestamp': String(then),
        'X-Request-Time': String(then),
        'X-Client-Time': String(then),
        Age: '0',
      };
      for (const [code, method] of [
        [oldCode, 'totp'],
        [farCode, 'totp'],
        [mailed, 'email'],
      ] as const) {
        await expectDenied(agent, wayIn.second(agent, code, method, claims).set(headers), 'INVALID_CODE');
      }
    });

    it('42: no string but a backup code is a backup code (CVE-2022-45174)', async () => {
      const { user, secret, backupCodes } = await test.withTotp((ids += 1));
      const other = await test.withTotp((ids += 1));
      const agent = await halted(test, user, wayIn);
      const shapeless = [
        '',
        ' ',
        '-',
        '0',
        '1',
        'null',
        'undefined',
        'true',
        'NaN',
        '[object Object]',
        '%',
        '*',
        '_',
        '%%%%%%%%%%%%%',
        '_____________',
        '*************',
        "' OR '1'='1",
        "'OR'1'='1'--1",
        '\0'.repeat(13),
        '\u200b'.repeat(13),
        'UUUUUUUUUUUUU',
        '$2b$10$abcdef',
        '000000',
        'A'.repeat(12),
        'A'.repeat(14),
        'A'.repeat(1000),
        backupCodes.join(''),
        `${backupCodes[0]!}${backupCodes[1]!}`,
        backupCodes[0]!.slice(0, 12),
        `${backupCodes[0]!}0`,
        `${backupCodes[0]!}\n`,
      ];
      for (const code of shapeless) {
        expect(codeOf(await wayIn.second(agent, code, 'backup_code').expect(400))).toBe('INVALID_INPUT');
      }
      const shaped = [
        other.backupCodes[0],
        '0000000000000',
        'AAAAAAAAAAAAA',
        backupCodes[0]!.slice(0, 12) + (backupCodes[0]!.endsWith('0') ? '1' : '0'),
      ];
      for (const code of shaped)
        await expectDenied(agent, wayIn.second(agent, code, 'backup_code'), 'INVALID_BACKUP_CODE');
      await agent.get('/me').expect(401);
      await wayIn.second(agent, backupCodes[0], 'backup_code').expect(200);

      const [replacement] = await test.service.generateNewBackupCodes(String(user.id));
      const again = await halted(test, user, wayIn);
      for (const dead of [backupCodes[0], backupCodes[1]])
        await expectDenied(again, wayIn.second(again, dead, 'backup_code'), 'INVALID_BACKUP_CODE');
      await wayIn.second(again, replacement, 'backup_code').expect(200);
      test.clock.advance('30s');
      await wayIn.second(await halted(test, user, wayIn), test.totp(secret)).expect(200);
    });
  });
});
