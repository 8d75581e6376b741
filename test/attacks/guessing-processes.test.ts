import type { Response } from 'supertest';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DataSource } from 'typeorm';
import { twoFactorEntities } from 'passport-two-factor';
import { databases, type CreatedDatabase } from '../support/databases.js';
import { UserSchema, type Agent, type TestApp, type TestUser } from '../support/app.js';
import { Worker } from './processes.js';
import { burst, codeOf, openApp, waysIn } from './support.js';

const told = (answers: readonly Response[]): Response[] =>
  answers.filter(
    (answer) => answer.status < 300 || ['INVALID_CODE', 'INVALID_BACKUP_CODE'].includes(codeOf(answer) ?? ''),
  );

// Sessions are each process's own; what counts must be in the database.
describe.each(databases)('29: two processes on one database on $name', (database) => {
  let created: CreatedDatabase;
  let test: TestApp;
  let workers: [Worker, Worker];
  let ids = 0;

  beforeAll(async () => {
    created = await database.create();
    const dataSource = await new DataSource({
      ...created.options,
      entities: [UserSchema, ...twoFactorEntities()],
      synchronize: true,
    }).initialize();
    test = await openApp(database, { dataSource });
    const start = { options: created.options, keys: test.keys, now: test.clock.now };
    workers = await Promise.all([Worker.open(start), Worker.open(start)]);
    expect(workers[0].pid).not.toBe(workers[1].pid);
  });
  beforeEach(() => {
    test.clock.advance('30s');
  });
  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker.close()));
    await test.close();
    await created.drop();
  });

  /** A user whom both processes meet at the test's time, and a browser at each process. */
  async function victim(): Promise<{ user: TestUser; secret: string; backupCodes: string[]; agents: [Agent, Agent] }> {
    const made = await test.withTotp((ids += 1));
    for (const worker of workers) await worker.setTime(test.clock.now);
    return { ...made, agents: [workers[0].agent(), workers[1].agent()] };
  }

  async function tokenFrom(agent: Agent, { email, password }: TestUser): Promise<string> {
    const { body } = await agent.post('/token/login').send({ email, password }).expect(202);
    return (body as { challengeToken: string }).challengeToken;
  }

  describe.each(waysIn)('through $way', (wayIn) => {
    it('have one budget for guesses taken in turns (CVE-2026-74878)', async () => {
      const { user, secret, agents } = await victim();
      for (const agent of agents) await wayIn.first(agent, user).expect(202);
      for (let guess = 0; guess < 5; guess += 1) {
        expect(codeOf(await wayIn.second(agents[guess % 2]!, test.wrongTotp(secret)))).toBe('INVALID_CODE');
      }
      for (const agent of agents) {
        expect(codeOf(await wayIn.second(agent, test.totp(secret)))).toBe('CHALLENGE_EXPIRED');
        await wayIn.first(agent, user).expect(202);
        expect(codeOf(await wayIn.second(agent, test.totp(secret)))).toBe('TOO_MANY_ATTEMPTS');
        await agent.get('/me').expect(401);
      }
    });

    it('have one budget for guesses at once', async () => {
      const { user, secret, agents } = await victim();
      for (const agent of agents) await wayIn.first(agent, user).expect(202);
      const { answers } = await burst(50, (index) => wayIn.second(agents[index % 2]!, test.wrongTotp(secret)));
      expect(told(answers).length).toBeGreaterThanOrEqual(1);
      expect(told(answers).length).toBeLessThanOrEqual(5);
      for (const agent of agents) await agent.get('/me').expect(401);
    });

    it('take one TOTP once', async () => {
      const { user, secret, agents } = await victim();
      for (const agent of agents) await wayIn.first(agent, user).expect(202);
      const { statuses, answers } = await burst(20, (index) => wayIn.second(agents[index % 2]!, test.totp(secret)));
      expect(statuses[200]).toBe(1);
      const winner = answers.findIndex(({ status }) => status === 200) % 2;
      await agents[1 - winner]!.get('/me').expect(401);
    });

    it('take one backup code once', async () => {
      const { user, backupCodes, agents } = await victim();
      for (const agent of agents) await wayIn.first(agent, user).expect(202);
      const { statuses } = await burst(20, (index) => wayIn.second(agents[index % 2]!, backupCodes[0], 'backup_code'));
      expect(statuses[200]).toBe(1);
      expect(await test.service.remainingBackupCodes(String(user.id))).toBe(1);
    });
  });

  it('29a: finish one pending login once, whichever gets the right code first', async () => {
    const { user, secret, backupCodes, agents } = await victim();
    const challengeToken = await tokenFrom(agents[0], user);
    const { statuses } = await burst(20, (index) =>
      agents[index % 2]!.post('/token/2fa').send({
        challengeToken,
        code: index < 10 ? test.totp(secret) : backupCodes[index % 2],
      }),
    );
    expect(statuses[200]).toBe(1);
  });

  it('29b: have one budget for one pending login that both are asked to finish', async () => {
    const { user, secret, agents } = await victim();
    const challengeToken = await tokenFrom(agents[0], user);
    const { answers } = await burst(50, (index) =>
      agents[index % 2]!.post('/token/2fa').send({ challengeToken, code: test.wrongTotp(secret) }),
    );
    expect(told(answers).length).toBeGreaterThanOrEqual(1);
    expect(told(answers).length).toBeLessThanOrEqual(5);
    for (const agent of agents) {
      expect(codeOf(await agent.post('/token/2fa').send({ challengeToken, code: test.totp(secret) }))).toBe(
        'CHALLENGE_EXPIRED',
      );
    }
  });
});
