import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databases } from '../support/databases.js';
import type { TestApp } from '../support/app.js';
import { attackRoutes } from './routes.js';
import { codeOf, expectDenied, facade, halted, loggedIn, openApp, waysIn } from './support.js';

describe.each(databases)('what a code is bound to on $name', (database) => {
  let test: TestApp;
  let ids = 0;

  beforeAll(async () => {
    test = await openApp(database, { routes: attackRoutes });
  });
  afterAll(() => test.close());

  describe.each(waysIn)('through $way', (wayIn) => {
    it('18: a second step that names another user finishes the login of its own', async () => {
      const a = await test.withTotp((ids += 1));
      const v = await test.withTotp((ids += 1));
      const { id, email } = v.user;
      const claims = {
        login: email,
        email,
        username: email,
        userId: id,
        user_id: id,
        id,
        user: { id },
        sub: String(id),
        account: id,
        userKey: id,
      };
      const query = `?login=${email}&userId=${String(id)}&id=${String(id)}`;
      const agent = await halted(test, a.user, wayIn);
      await expectDenied(
        agent,
        agent.post(wayIn.secondPath + query).send({ ...claims, code: test.totp(v.secret) }),
        'INVALID_CODE',
      );
      await agent
        .post(wayIn.secondPath + query)
        .send({ ...claims, code: test.totp(a.secret) })
        .expect(200);
      await agent.get('/me').expect(200, { id: a.user.id });

      test.clock.advance('30s');
      const twoCalls = await halted(test, a.user, wayIn);
      await twoCalls
        .post(`/verify${query}`)
        .send({ ...claims, code: test.totp(a.secret) })
        .expect(200);
      await twoCalls.post(`/complete${query}`).send(claims).expect(200);
      await twoCalls.get('/me').expect(200, { id: a.user.id });
    });

    it("20: A's codes do not answer V's challenge (CVE-2026-3655)", async () => {
      const a = await test.withTotp((ids += 1));
      const v = await test.withTotp((ids += 1));
      const agent = await halted(test, v.user, wayIn);
      await expectDenied(agent, wayIn.second(agent, test.totp(a.secret)), 'INVALID_CODE');
      await expectDenied(agent, wayIn.second(agent, a.backupCodes[0], 'backup_code'), 'INVALID_BACKUP_CODE');
      await test.call(await loggedIn(test, a.user, a.secret), 'remainingBackupCodes').expect(200, { result: 2 });

      const [byMail, otherByMail] = [await test.withEmail((ids += 1)), await test.withEmail((ids += 1))];
      await halted(test, byMail, wayIn);
      const code = test.lastCode();
      const other = await halted(test, otherByMail, wayIn);
      await expectDenied(other, wayIn.second(other, code, 'email'), 'INVALID_CODE');
    });

    it('21: an enrollment code is no login code, a login code no enrollment code, a step-up code neither', async () => {
      const user = await test.withEmail((ids += 1));
      const owner = await halted(test, user, wayIn);
      await wayIn.second(owner, test.lastCode(), 'email').expect(200);

      await test.call(owner, 'setup.email', 'alternate@example.com').expect(200);
      const enrollment = test.lastCode();
      await test.call(owner, 'challenge.email').expect(200);
      const stepUp = test.lastCode();
      const pending = await halted(test, user, wayIn);
      const login = test.lastCode();
      expect(new Set([enrollment, stepUp, login]).size).toBe(3);

      for (const code of [enrollment, stepUp])
        await expectDenied(pending, wayIn.second(pending, code, 'email'), 'INVALID_CODE');
      expect(codeOf(await test.call(owner, 'complete.email', login).expect(401))).toBe('INVALID_CODE');
      expect(codeOf(await test.call(owner, 'verify.email', login).expect(401))).toBe('INVALID_CODE');
      await test.call(owner, 'verify.email', stepUp).expect(200);
      expect(codeOf(await test.call(owner, 'complete.email', stepUp).expect(401))).toBe('INVALID_CODE');
      await wayIn.second(pending, login, 'email').expect(200);
      await test.call(owner, 'complete.email', enrollment).expect(200);
    });

    it('21a: the secret of an enrollment that nobody confirmed opens no login', async () => {
      const { user, secret } = await test.withTotp((ids += 1));
      const owner = await loggedIn(test, user, secret);
      const { body } = await test.call(owner, 'setup.totp', true, { label: 'thief' }).expect(200);
      const pending = await halted(test, user, wayIn);
      await expectDenied(
        pending,
        wayIn.second(pending, test.totp((body as { result: { secret: string } }).result.secret)),
        'INVALID_CODE',
      );
      expect(codeOf(await test.call(owner, 'complete.totp', test.totp(secret)).expect(401))).toBe('INVALID_CODE');
    });

    it('22: the code of one login does not answer another, the code before a resend answers none', async () => {
      const user = await test.withEmail((ids += 1));
      const first = await halted(test, user, wayIn);
      const codeOfFirst = test.lastCode();
      const second = await halted(test, user, wayIn);
      const codeOfSecond = test.lastCode();
      expect(codeOfFirst).not.toBe(codeOfSecond);
      await expectDenied(second, wayIn.second(second, codeOfFirst, 'email'), 'INVALID_CODE');
      await expectDenied(first, wayIn.second(first, codeOfSecond, 'email'), 'INVALID_CODE');

      test.clock.advance('30s');
      await test.call(first, 'challenge.email').expect(200);
      const resent = test.lastCode();
      expect(resent).not.toBe(codeOfFirst);
      await expectDenied(first, wayIn.second(first, codeOfFirst, 'email'), 'INVALID_CODE');
      await wayIn.second(first, resent, 'email').expect(200);
      await wayIn.second(second, codeOfSecond, 'email').expect(200);
    });

    it('22a: the code of a finished login is dead in every other one', async () => {
      const user = await test.withEmail((ids += 1));
      const agent = await halted(test, user, wayIn);
      const code = test.lastCode();
      await wayIn.second(agent, code, 'email').expect(200);
      await expectDenied(test.agent(), wayIn.second(test.agent(), code, 'email'), 'CHALLENGE_EXPIRED');
      const next = await halted(test, user, wayIn);
      await expectDenied(next, wayIn.second(next, code, 'email'), 'INVALID_CODE');
    });

    it('23: a delivered code and a pending login end with their lifetime', async () => {
      const mailed = await test.withEmail((ids += 1));
      const [inTime, late] = [await halted(test, mailed, wayIn), await halted(test, mailed, wayIn)];
      const [codeInTime, codeLate] = test.sent.slice(-2).map(({ code }) => code);
      test.clock.advance(5 * 60_000 - 1);
      await wayIn.second(inTime, codeInTime, 'email').expect(200);
      test.clock.advance(2);
      await expectDenied(late, wayIn.second(late, codeLate, 'email'), 'INVALID_CODE');

      const { user, secret, backupCodes } = await test.withTotp((ids += 1));
      const agents = [];
      for (let count = 0; count < 4; count += 1) agents.push(await halted(test, user, wayIn));
      const [soon, tooLate, byBackupCode, verified] = agents as [
        (typeof agents)[0],
        (typeof agents)[0],
        (typeof agents)[0],
        (typeof agents)[0],
      ];
      test.clock.advance(10 * 60_000 - 1);
      expect((await soon.get('/me')).body).toMatchObject({ pending: { methods: { totp: true } } });
      await wayIn.second(soon, test.totp(secret)).expect(200);
      // Verified with a backup code since this step is spent.
      await verified.post('/verify').send({ method: 'backupCode', code: backupCodes[1] }).expect(200);
      test.clock.advance(2);
      expect((await tooLate.get('/me').expect(401)).body).toEqual({ pending: null });
      await expectDenied(tooLate, wayIn.second(tooLate, test.totp(secret, 1)), 'CHALLENGE_EXPIRED');
      await expectDenied(byBackupCode, wayIn.second(byBackupCode, backupCodes[0], 'backup_code'), 'CHALLENGE_EXPIRED');
      await expectDenied(verified, verified.post('/complete'), 'CHALLENGE_EXPIRED');
    });
  });

  it('19: a challenge token that is tampered with, of another type or of another user is dead (GHSA-5vfx-8w6m-h3v4)', async () => {
    const a = await test.withTotp((ids += 1));
    const v = await test.withTotp((ids += 1));
    const tokenOf = async ({ email, password }: typeof a.user): Promise<string> => {
      const { body } = await test.agent().post('/token/login').send({ email, password }).expect(202);
      return (body as { challengeToken: string }).challengeToken;
    };
    const [tokenOfA, tokenOfV] = [await tokenOf(a.user), await tokenOf(v.user)];
    const code = test.totp(a.secret);
    const agent = test.agent();
    const last = tokenOfA.at(-1) === 'A' ? 'E' : 'A';
    const tampered: unknown[] = [
      tokenOfA.slice(0, -1) + last,
      tokenOfA.slice(1),
      `${tokenOfA}=`,
      ` ${tokenOfA}`,
      `${tokenOfA}\0`,
      tokenOfA.toLowerCase(),
      tokenOfA.toUpperCase(),
      '',
      '%',
      "' OR '1'='1",
      [tokenOfA],
      [tokenOfV, tokenOfA],
      { 0: tokenOfA },
      { $ne: null },
      { toString: tokenOfA },
      0,
      1,
      true,
      false,
      null,
      -1,
    ];
    for (const challengeToken of tampered) {
      await expectDenied(agent, agent.post('/token/2fa').send({ challengeToken, code }), 'CHALLENGE_EXPIRED');
    }
    await expectDenied(
      agent,
      agent.post('/token/2fa').type('form').send(`challengeToken=${tokenOfV}&challengeToken=${tokenOfA}&code=${code}`),
      'CHALLENGE_EXPIRED',
    );
    await expectDenied(
      agent,
      agent.post('/token/2fa').type('form').send(`challengeToken[]=${tokenOfA}&code=${code}`),
      'CHALLENGE_EXPIRED',
    );
    await expectDenied(agent, agent.post('/token/2fa').send({ challengeToken: tokenOfV, code }), 'INVALID_CODE');
    // Not one of these was charged to A, nor has it touched A's pending login.
    await agent.post('/token/2fa').send({ challengeToken: tokenOfA, code }).expect(200, { token: a.user.id });
    await expectDenied(
      agent,
      agent.post('/token/2fa').send({ challengeToken: tokenOfA, code: test.totp(a.secret, 1) }),
      'CHALLENGE_EXPIRED',
    );
  });

  it('19a: the id that is stored of a challenge, read from a stolen database, is not its token', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    await test.service.setup.email(String(user.id));
    await test.agent().post('/token/login').send({ email: user.email, password: user.password }).expect(202);
    const rows = (await test.db
      .createQueryBuilder()
      .select('challenge')
      .from('TwoFactorChallenge', 'challenge')
      .getMany()) as { id: string; userId: string }[];
    const { id } = rows.find(({ userId }) => userId === String(user.id))!;
    const agent = test.agent();
    for (const challengeToken of [id, `v1.k1.${id}`, Buffer.from(id, 'hex').toString('base64url')]) {
      await expectDenied(
        agent,
        agent.post('/token/2fa').send({ challengeToken, code: test.totp(secret) }),
        'CHALLENGE_EXPIRED',
      );
    }
  });

  it('20a: logging in as V while A is logged in ends the session of A and takes nothing of it along', async () => {
    const a = await test.withTotp((ids += 1));
    const v = await test.withTotp((ids += 1));
    const agent = await loggedIn(test, a.user, a.secret);
    await halted(test, v.user, facade, agent);
    await agent.get('/guarded').expect(401);
    await expectDenied(agent, facade.second(agent, test.totp(a.secret)), 'INVALID_CODE');
    await expectDenied(agent, test.call(agent, 'setup.totp', false), 'NOT_LOGGED_IN');
    await facade.second(agent, test.totp(v.secret)).expect(200);
    await agent.get('/me').expect(200, { id: v.user.id });
  });
});
