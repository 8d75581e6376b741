import type { Response } from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databases } from '../support/databases.js';
import type { Agent, TestApp, TestUser } from '../support/app.js';
import { FailingDatabase, type Moment } from './failing.js';
import { facade, halted, openApp, waysIn } from './support.js';

const moments: readonly Moment[] = ['before', 'after'];
/** More statements than any flow has: a loop that comes here never ends by itself. */
const tooMany = 60;

type Step = (agent: Agent) => PromiseLike<Response>;

describe.each(databases)('15: a database call that fails on $name', (database) => {
  let test: TestApp;
  let failing: FailingDatabase;
  let ids = 0;

  beforeAll(async () => {
    test = await openApp(database);
    failing = new FailingDatabase(test.db);
  });
  afterAll(() => test.close());

  /**
   * Takes the steps until one fails.
   * @returns the answer of the step that met the failing statement; undefined where the flow has fewer statements
   */
  async function failAt(
    nth: number,
    moment: Moment,
    agent: Agent,
    steps: readonly Step[],
  ): Promise<Response | undefined> {
    failing.arm(nth, moment);
    try {
      for (const step of steps) {
        const answer = await step(agent);
        if (failing.hasFailed) return answer;
        expect([200, 202]).toContain(answer.status);
      }
      return undefined;
    } finally {
      failing.arm(0);
    }
  }

  describe.each(moments)('%s it took effect', (moment) => {
    describe.each(waysIn)('through $way', (wayIn) => {
      it.each([
        ['a TOTP', 'totp'],
        ['a backup code', 'backup_code'],
      ] as const)(
        'ends a login by %s in a 5xx and in nobody logged in, whichever call it is',
        async (_name, method) => {
          const { user, secret } = await test.withTotp((ids += 1));
          let nth = 1;
          for (; nth < tooMany; nth += 1) {
            test.clock.advance('30s');
            const [code] =
              method === 'totp' ? [test.totp(secret)] : await test.service.generateNewBackupCodes(String(user.id));
            const agent = test.agent();
            const answer = await failAt(nth, moment, agent, [
              (at) => wayIn.first(at, user),
              (at) => wayIn.second(at, code, method),
            ]);
            if (!answer) break;
            expect(answer.status).toBeGreaterThanOrEqual(500);
            await agent.get('/me').expect(401);

            // The next try works, in the browser that met the failure.
            test.clock.advance('30s');
            await halted(test, user, wayIn, agent);
            await wayIn.second(agent, test.totp(secret)).expect(200);
            await agent.get('/me').expect(200, { id: user.id });
          }
          expect(nth).toBeGreaterThan(4);
          expect(nth).toBeLessThan(tooMany);
        },
      );
    });

    it('ends verify and complete in two requests in a 5xx and in nobody logged in', async () => {
      const user = await test.withEmail((ids += 1));
      let nth = 1;
      let cleaned = 0;
      for (; nth < tooMany; nth += 1) {
        test.clock.advance('3h');
        const agent = test.agent();
        const answer = await failAt(nth, moment, agent, [
          (at) => facade.first(at, user),
          (at) => at.post('/verify').send({ method: 'email', code: test.lastCode() }),
          (at) => at.post('/complete'),
        ]);
        if (!answer) break;
        // What deletes a row that decides nothing may fail: the verdict stands in the account, and the login is completed.
        if (answer.status === 200) {
          cleaned += 1;
          failing.arm(0);
          await agent.get('/me').expect(401);
          await agent.post('/complete').expect(200);
          continue;
        }
        expect(answer.status).toBeGreaterThanOrEqual(500);
        await agent.get('/me').expect(401);

        test.clock.advance('3h');
        await halted(test, user, facade, agent);
        await facade.second(agent, test.lastCode(), 'email').expect(200);
        await agent.get('/me').expect(200, { id: user.id });
      }
      expect(nth).toBeGreaterThan(4);
      expect(cleaned).toBe(1);
      expect(nth).toBeLessThan(tooMany);
    });

    it('leaves an enrollment either made, and asked for at the next login, or to be made again', async () => {
      let nth = 1;
      let retried = 0;
      for (; nth < tooMany; nth += 1) {
        const user = await test.user((ids += 1));
        const agent = test.agent();
        let secret = '';
        const answer = await failAt(nth, moment, agent, [
          (at) => facade.first(at, user),
          async (at) => {
            const setUp = await test.call(at, 'setup.totp');
            secret = (setUp.body as { result?: { secret: string } }).result?.secret ?? '';
            return setUp;
          },
          (at) => test.call(at, 'complete.totp', test.totp(secret)),
        ]);
        if (!answer) break;
        // A statement that can be written again without harm is: then the answer says that the factor is there.
        if (answer.status === 200) {
          expect((answer.body as { result: unknown }).result).toEqual(expect.anything());
          retried += 1;
          await expectEnrolled(user, secret);
          continue;
        }
        expect(answer.status).toBeGreaterThanOrEqual(500);
        expect(answer.body).not.toHaveProperty('result');
        if (secret === '') await expectSetUp(user);
        else await expectEither(user, secret);
      }
      expect(nth).toBeGreaterThan(4);
      expect(nth).toBeLessThan(tooMany);
      expect(retried).toBeLessThan(nth / 2);
    });
  });

  async function expectSetUp(user: TestUser): Promise<void> {
    const agent = test.agent();
    await facade.first(agent, user).expect(200);
    const { body } = await test.call(agent, 'setup.totp').expect(200);
    const { secret } = (body as { result: { secret: string } }).result;
    const confirmed = await test.call(agent, 'complete.totp', test.totp(secret)).expect(200);
    expect((confirmed.body as { result: string[] }).result).toHaveLength(2);
    await halted(test, user);
  }

  async function expectEither(user: TestUser, secret: string): Promise<void> {
    const { status } = await facade.first(test.agent(), user);
    if (status === 200) {
      await expectSetUp(user);
      return;
    }
    await expectEnrolled(user, secret);
  }

  async function expectEnrolled(user: TestUser, secret: string): Promise<void> {
    const agent = await halted(test, user);
    test.clock.advance('30s');
    await facade.second(agent, test.totp(secret)).expect(200);
    await agent.get('/admin').expect(200);
    const codes = await test.call(agent, 'generateNewBackupCodes').expect(200);
    expect((codes.body as { result: string[] }).result).toHaveLength(2);
  }
});
