import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Response } from 'supertest';
import { databases } from '../support/databases.js';
import type { Agent, TestApp } from '../support/app.js';
import { burst, codeOf, expectDenied, facade, halted, Listening, loggedIn, openCrowded, waysIn } from './support.js';

const loginAtOnce = 20;
/** Answers that tell whether the code was right. */
const evaluated = (answers: readonly Response[]): Response[] =>
  answers.filter(
    (answer) => answer.status < 300 || ['INVALID_CODE', 'INVALID_BACKUP_CODE'].includes(codeOf(answer) ?? ''),
  );
const wrongOnes = (secret: string, test: TestApp): ((index: number) => string) => {
  const near = [-2, -1, 0, 1, 2].map((steps) => test.totp(secret, steps));
  const wrong = Array.from({ length: 60 }, (_, index) => String(100_000 + index * 7919)).filter(
    (code) => !near.includes(code),
  );
  return (index) => wrong[index]!;
};

describe.each(databases)('parallel requests on $name', (database) => {
  let test: TestApp;
  let server: Listening;
  let ids = 0;

  beforeAll(async () => {
    test = await openCrowded(database, { service: { limits: { pendingLogins: loginAtOnce } } });
    server = await Listening.open(test);
  });
  afterAll(async () => {
    await server.close();
    await test.close();
  });

  const pendings = async (count: number, login: (agent: Agent) => Promise<Agent>): Promise<Agent[]> => {
    const agents: Agent[] = [];
    for (let made = 0; made < count; made += 1) agents.push(await login(server.agent()));
    return agents;
  };

  /** Nothing else than denials, of which at most five told anything. */
  function expectBudget(answers: readonly Response[]): void {
    const told = evaluated(answers);
    expect(told.length).toBeGreaterThanOrEqual(1);
    expect(told.length).toBeLessThanOrEqual(5);
    for (const { status } of told) expect(status).toBe(401);
    for (const answer of answers)
      expect(['INVALID_CODE', 'INVALID_BACKUP_CODE', 'TOO_MANY_ATTEMPTS', 'CHALLENGE_EXPIRED']).toContain(
        codeOf(answer),
      );
  }

  describe.each(waysIn)('through $way', (wayIn) => {
    it('28: of fifty codes at once five are looked at (CVE-2026-110653, GHSA-984p-xq9m-4rjw)', async () => {
      const { user, secret } = await test.withTotp((ids += 1));
      const agent = await halted(test, user, wayIn, server.agent());
      const wrong = wrongOnes(secret, test);
      const { answers } = await burst(50, (index) => wayIn.second(agent, wrong(index)));
      expectBudget(answers);
      await agent.get('/me').expect(401);
      const again = await burst(50, (index) => wayIn.second(agent, wrong(index)));
      expect(evaluated([...answers, ...again.answers]).length).toBeLessThanOrEqual(5);
    });

    it('28a: fifty codes at once in twenty pending logins have one budget too', async () => {
      const { user, secret } = await test.withTotp((ids += 1));
      const agents = await pendings(loginAtOnce, (agent) => halted(test, user, wayIn, agent));
      const wrong = wrongOnes(secret, test);
      const { answers } = await burst(50, (index) => wayIn.second(agents[index % agents.length]!, wrong(index)));
      expectBudget(answers);
    });

    it('28b: fifty backup codes at once have the same budget', async () => {
      const { user } = await test.withTotp((ids += 1));
      const agent = await halted(test, user, wayIn, server.agent());
      const { answers } = await burst(50, (index) =>
        wayIn.second(agent, String(index).padStart(13, '0'), 'backup_code'),
      );
      expectBudget(answers);
      await agent.get('/me').expect(401);
    });

    it('28c: the right code among fifty is one of those looked at, or is not taken', async () => {
      const { user, secret } = await test.withTotp((ids += 1));
      const agent = await halted(test, user, wayIn, server.agent());
      const wrong = wrongOnes(secret, test);
      const { answers, statuses } = await burst(50, (index) =>
        wayIn.second(agent, index === 40 ? test.totp(secret) : wrong(index)),
      );
      expect(statuses[200] ?? 0).toBeLessThanOrEqual(1);
      // A right code takes the consecutive failures before it back: four, the right one, and five at the most.
      expect(evaluated(answers).length).toBeLessThanOrEqual(10);
      if (statuses[200] === undefined) await agent.get('/me').expect(401);
    });

    it('37: a TOTP is good once: same login, another login, twenty logins at once (CVE-2021-43177, CVE-2026-82470)', async () => {
      const { user, secret } = await test.withTotp((ids += 1));
      const code = test.totp(secret);
      const first = await halted(test, user, wayIn);
      const second = await halted(test, user, wayIn);
      await wayIn.second(first, code).expect(200);
      await expectDenied(second, wayIn.second(second, code), 'INVALID_CODE');
      await expectDenied(second, wayIn.second(second, test.totp(secret, -1)), 'INVALID_CODE');
      // As a step-up of the session that it has logged in neither.
      expect(codeOf(await test.call(first, 'verify.totp', code).expect(401))).toBe('INVALID_CODE');

      test.clock.advance('1m');
      const agents = await pendings(loginAtOnce, (agent) => halted(test, user, wayIn, agent));
      const { statuses, answers } = await burst(loginAtOnce, (index) =>
        wayIn.second(agents[index]!, test.totp(secret)),
      );
      expect(statuses[200]).toBe(1);
      const winner = answers.findIndex(({ status }) => status === 200);
      for (const [index, agent] of agents.entries()) await agent.get('/me').expect(index === winner ? 200 : 401);
    });

    it('37a: a TOTP given twenty times at once in one login is good once', async () => {
      const { user, secret } = await test.withTotp((ids += 1));
      const agent = await halted(test, user, wayIn, server.agent());
      const { statuses } = await burst(20, () => wayIn.second(agent, test.totp(secret)));
      expect(statuses[200]).toBe(1);
    });

    it('37b: a clock that is set back brings no used code back', async () => {
      const { user, secret } = await test.withTotp((ids += 1));
      test.clock.advance('1m');
      const code = test.totp(secret);
      await wayIn.second(await halted(test, user, wayIn), code).expect(200);
      test.clock.advance(-60_000);
      const agent = await halted(test, user, wayIn);
      for (const old of [code, test.totp(secret), test.totp(secret, 1), test.totp(secret, -1)]) {
        expect((await wayIn.second(agent, old)).status).toBe(401);
      }
      await agent.get('/me').expect(401);
      test.clock.advance('2m');
    });

    it('40: one backup code in fifty requests at once is good once (GHSA-2299-ghjr-6vjp)', async () => {
      const { user, backupCodes } = await test.withTotp((ids += 1));
      const agent = await halted(test, user, wayIn, server.agent());
      const { statuses } = await burst(50, () => wayIn.second(agent, backupCodes[0], 'backup_code'));
      expect(statuses[200]).toBe(1);
      expect(await test.service.remainingBackupCodes(String(user.id))).toBe(1);
    });

    it('40a: one backup code in fifty requests of twenty pending logins is good once', async () => {
      const { user, backupCodes } = await test.withTotp((ids += 1));
      const agents = await pendings(loginAtOnce, (agent) => halted(test, user, wayIn, agent));
      const { statuses } = await burst(50, (index) =>
        wayIn.second(agents[index % agents.length]!, backupCodes[0], 'backup_code'),
      );
      expect(statuses[200]).toBe(1);
      expect(await test.service.remainingBackupCodes(String(user.id))).toBe(1);
    });

    it('41: one delivered code in twenty requests at once is good once (CVE-2026-107276)', async () => {
      const user = await test.withEmail((ids += 1));
      const agent = await halted(test, user, wayIn, server.agent());
      const code = test.lastCode();
      const { statuses } = await burst(20, () => wayIn.second(agent, code, 'email'));
      expect(statuses[200]).toBe(1);
    });
  });

  it('28d: at a step-up and at the confirmation of an enrollment five are looked at', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const agent = await loggedIn(test, user, secret);
    const { body } = await test.call(agent, 'setup.totp', true, { label: 'another' }).expect(200);
    const wrong = wrongOnes((body as { result: { secret: string } }).result.secret, test);
    const atServer = server.agent();
    await facade.second(await halted(test, user, facade, atServer), test.totp(secret)).expect(200);
    test.clock.advance('30s');
    const { answers } = await burst(50, (index) =>
      test.call(atServer, index % 2 === 0 ? 'verify.totp' : 'complete.totp', wrong(index)),
    );
    const told = evaluated(answers);
    expect(told.length).toBeGreaterThanOrEqual(1);
    expect(told.length).toBeLessThanOrEqual(5);
    await atServer.get('/me').expect(200, { id: user.id });
    test.clock.advance('1h');
    expect(codeOf(await test.call(atServer, 'complete.totp', test.totp(secret)).expect(404))).toBe('NOT_SETUP');
  });

  it('37c: one TOTP at a login and at step-ups at once is good once', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const full = server.agent();
    await facade.second(await halted(test, user, facade, full), test.totp(secret)).expect(200);
    test.clock.advance('30s');
    const pending = await halted(test, user, facade, server.agent());
    const code = test.totp(secret);
    const { statuses } = await burst(20, (index) =>
      index % 2 === 0 ? facade.second(pending, code) : test.call(full, 'verify.totp', code),
    );
    expect(statuses[200]).toBe(1);
  });

  it('40b: one backup code and one delivered code in twenty step-ups at once are good once each', async () => {
    const { user, secret, backupCodes } = await test.withTotp((ids += 1));
    await test.service.setup.email(String(user.id));
    const agent = server.agent();
    await facade.second(await halted(test, user, facade, agent), test.totp(secret)).expect(200);
    test.clock.advance('30s');
    await test.call(agent, 'challenge.email').expect(200);
    const mailed = test.lastCode();
    const byMail = await burst(20, () => test.call(agent, 'verify.email', mailed));
    expect(byMail.statuses[200]).toBe(1);
    test.clock.advance('1h');
    const byBackupCode = await burst(20, () => test.call(agent, 'verify.backupCode', backupCodes[0]));
    expect(byBackupCode.statuses[200]).toBe(1);
  });
});
