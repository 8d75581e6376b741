import type { Response } from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TwoFactorMechanism } from 'passport-two-factor';
import { databases } from '../support/databases.js';
import type { Agent, TestApp, TestUser } from '../support/app.js';
import { FailingDatabase, type Moment } from './failing.js';
import { facade, halted, loggedIn, openApp } from './support.js';

/** More statements than any change of factors has. */
const tooMany = 60;

/** What a session that knows only the password does to a factor that is just being added. */
const acts: readonly (readonly [string, readonly unknown[]])[] = [
  ['getTotpUri', []],
  ['disable', [TwoFactorMechanism.TOTP]],
  ['generateNewBackupCodes', []],
];

describe.each(databases)('between the statements of a change of factors on $name', (database) => {
  let test: TestApp;
  let failing: FailingDatabase;
  let ids = 0;

  beforeAll(async () => {
    test = await openApp(database);
    failing = new FailingDatabase(test.db);
  });
  afterAll(() => test.close());

  const passwordOnly = async (user: TestUser): Promise<Agent> => {
    const agent = test.agent();
    await facade.first(agent, user).expect(200);
    return agent;
  };

  /** Messages to a stranger's number are counted over all users. */
  const phoneOf = ({ id }: TestUser): string => `+1555${String(id).padStart(7, '3')}`;

  /** The owner and a thief who are both logged in by the password; the owner has begun to set up an authenticator app. */
  async function beginning(): Promise<{ user: TestUser; owner: Agent; thief: Agent; secret: string }> {
    const user = await test.user((ids += 1));
    const [owner, thief] = [await passwordOnly(user), await passwordOnly(user)];
    const { body } = await test.call(owner, 'setup.totp').expect(200);
    return { user, owner, thief, secret: (body as { result: { secret: string } }).result.secret };
  }

  /** Does `step` once for each of its statements, with `act` before or after that statement. */
  async function atEach(
    moment: Moment,
    prepare: () => Promise<{
      step: () => PromiseLike<Response>;
      act?: () => Promise<void>;
      check: (answer: Response) => Promise<void>;
    }>,
    least = 4,
  ): Promise<void> {
    let nth = 1;
    for (; nth < tooMany; nth += 1) {
      const { step, act, check } = await prepare();
      failing.arm(nth, moment, act);
      const answer = await step();
      const reached = failing.hasFailed;
      failing.arm(0);
      if (!reached) break;
      await check(answer);
    }
    expect(nth).toBeGreaterThan(least);
    expect(nth).toBeLessThan(tooMany);
  }

  describe('after each of them', () => {
    const moment = 'after';

    it.each(acts)(
      '49a: %s by a session that knows only the password is refused while the owner confirms',
      async (member, args) => {
        await atEach(moment, async () => {
          const { user, owner, thief, secret } = await beginning();
          let stolen: Response | undefined;
          return {
            step: () => test.call(owner, 'complete.totp', test.totp(secret)),
            act: async () => {
              stolen = await test.call(thief, member, ...args);
            },
            check: async (answer) => {
              // NOT_SETUP or SETUP_INCOMPLETE before the factor is there, STEP_UP_REQUIRED after.
              expect([403, 404, 409]).toContain(stolen!.status);
              expect(answer.status).toBe(200);
              expect((answer.body as { result: string[] }).result).toHaveLength(2);
              expect(await test.service.totpEnabled(String(user.id))).toBe(true);
              expect(await test.service.remainingBackupCodes(String(user.id))).toBe(2);
              await test.call(thief, member, ...args).expect(403);
              await owner.get('/admin').expect(200);
            },
          };
        });
      },
    );

    it.each(acts)(
      '49e: %s by a session that knows only the password, judged before the owner confirms, does not go through after it',
      async (member, args) => {
        await atEach(
          moment,
          async () => {
            const { user, owner, thief, secret } = await beginning();
            return {
              step: () => test.call(thief, member, ...args),
              act: async () => {
                await test.call(owner, 'complete.totp', test.totp(secret)).expect(200);
              },
              check: async ({ status }) => {
                expect([403, 404, 409]).toContain(status);
                expect(await test.service.totpEnabled(String(user.id))).toBe(true);
                await owner.get('/admin').expect(200);
              },
            };
          },
          2,
        );
      },
    );

    it('49b: what such a session begins to enroll in between is not confirmed once the factor is there', async () => {
      await atEach(moment, async () => {
        const { user, owner, thief, secret } = await beginning();
        let begun: Response | undefined;
        return {
          step: () => test.call(owner, 'complete.totp', test.totp(secret)),
          act: async () => {
            begun = await test.call(thief, 'setup.sms', phoneOf(user));
          },
          check: async (answer) => {
            expect([200, 403]).toContain(begun!.status);
            expect(answer.status).toBe(200);
            const { status } = await test.call(
              thief,
              'complete.sms',
              begun!.status === 200 ? test.lastCode('sms') : '123456',
            );
            expect(status).toBe(404);
            expect(await test.service.smsEnabled(String(user.id))).toBe(false);
          },
        };
      });
    });

    it('49c: a login by the password in between is either halted or cannot act on the factor', async () => {
      await atEach(moment, async () => {
        const { user, owner, secret } = await beginning();
        const late = test.agent();
        return {
          step: () => test.call(owner, 'complete.totp', test.totp(secret)),
          act: async () => {
            expect([200, 202]).toContain((await facade.first(late, user)).status);
          },
          check: async () => {
            for (const [member, args] of acts)
              expect([401, 403]).toContain((await test.call(late, member, ...args)).status);
            expect((await late.get('/admin')).status).not.toBe(200);
          },
        };
      });
    });

    it('57a: a mark that is earned in between by a factor that goes ends with it', async () => {
      await atEach(moment, async () => {
        const { user, secret } = await test.withTotp((ids += 1));
        await test.service.setup.email(String(user.id));
        const owner = await loggedIn(test, user, secret);
        const thief = await halted(test, user);
        return {
          step: () => test.call(owner, 'disable', TwoFactorMechanism.TOTP),
          act: async () => {
            await facade.second(thief, test.totp(secret));
          },
          check: async (answer) => {
            expect(answer.status).toBe(200);
            expect((await thief.get('/admin')).status).not.toBe(200);
            await test.call(thief, 'getContact', TwoFactorMechanism.EMAIL).expect((given) => {
              expect([401, 403]).toContain(given.status);
            });
            await owner.get('/admin').expect(200);
          },
        };
      });
    });
  });

  describe.each(['before', 'after'] as const)('when the database is lost %s one took effect', (moment) => {
    it('49d: an enrollment that was cut short leaves no session that knows only the password with a say over it', async () => {
      await atEach(moment, async () => {
        const { user, owner, thief, secret } = await beginning();
        await test.call(thief, 'setup.sms', phoneOf(user)).expect(200);
        return {
          step: () => test.call(owner, 'complete.totp', test.totp(secret)),
          check: async (answer) => {
            // A change whose answer was lost is looked up.
            if (answer.status !== 200) expect(answer.status).toBeGreaterThanOrEqual(500);
            if (!(await test.service.totpEnabled(String(user.id)))) return;
            for (const [member, args] of acts) await test.call(thief, member, ...args).expect(403);
            await test.call(thief, 'complete.sms', test.lastCode('sms')).expect(404);
            test.clock.advance('30s');
            const again = await loggedIn(test, user, secret);
            await again.get('/admin').expect(200);
            await test.call(again, 'generateNewBackupCodes').expect(200);
          },
        };
      });
    });

    it('57b: a removal that was cut short leaves either the factor, to be removed again, or no mark that it has earned', async () => {
      await atEach(moment, async () => {
        const { user, secret } = await test.withTotp((ids += 1));
        await test.service.setup.email(String(user.id));
        const [owner, thief] = [await loggedIn(test, user, secret), await loggedIn(test, user, secret)];
        return {
          step: () => test.call(owner, 'disable', TwoFactorMechanism.TOTP),
          check: async (answer) => {
            if (answer.status !== 200) expect(answer.status).toBeGreaterThanOrEqual(500);
            if (await test.service.totpEnabled(String(user.id))) {
              const again = await loggedIn(test, user, secret);
              await test.call(again, 'disable', TwoFactorMechanism.TOTP).expect(200);
            }
            await thief.get('/admin').expect(403);
            await test.call(thief, 'getContact', TwoFactorMechanism.EMAIL).expect(403);
          },
        };
      });
    });
  });
});
