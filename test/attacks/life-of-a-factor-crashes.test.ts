import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TwoFactorMechanism } from 'passport-two-factor';
import type { Agent, TestApp, TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';
import { FailingDatabase, type Moment } from './failing.js';
import { facade, halted, loggedIn, openApp } from './support.js';

const { TOTP } = TwoFactorMechanism;

/** More statements than any of these requests has. */
const tooMany = 40;

describe.each(databases)('a change of factors that was cut short on $name', (database) => {
  let test: TestApp;
  let failing: FailingDatabase;
  let ids = 0;

  beforeAll(async () => {
    test = await openApp(database);
    failing = new FailingDatabase(test.db);
  });
  afterAll(() => test.close());

  /** Cuts `change` short at each of its statements. */
  async function atEach<S, R>(
    moment: Moment,
    prepare: () => Promise<S>,
    steps: { change: (scene: S) => Promise<R>; check: (scene: S, answer: R | undefined) => Promise<void> },
  ): Promise<void> {
    let nth = 1;
    for (; nth < tooMany; nth += 1) {
      const scene = await prepare();
      failing.arm(nth, moment);
      const answer = await steps.change(scene).catch(() => undefined);
      const reached = failing.hasFailed;
      failing.arm(0);
      if (!reached) break;
      await steps.check(scene, answer);
    }
    expect(nth).toBeGreaterThan(3);
    expect(nth).toBeLessThan(tooMany);
  }

  const newUser = (): Promise<TestUser> => test.user((ids += 1));
  const isHalted = async (user: TestUser): Promise<boolean> => (await test.login(test.agent(), user)).status === 202;

  async function logsIn(user: TestUser, code: string): Promise<void> {
    await facade.second(await halted(test, user), code).expect(200);
    test.clock.advance('30s');
  }

  async function refusedCode(user: TestUser, code: string): Promise<void> {
    const { status } = await facade.second(await halted(test, user), code, 'backup_code');
    expect([401, 404]).toContain(status);
    await test.service.unlock(String(user.id));
  }

  /** A user with an app, an address and backup codes, and a session that a thief has stolen. */
  async function begin(): Promise<{ user: TestUser; id: string; secret: string; backupCodes: string[]; thief: Agent }> {
    const { user, secret, backupCodes } = await test.withTotp((ids += 1));
    await test.service.setup.email(String(user.id));
    return { user, id: String(user.id), secret, backupCodes, thief: await loggedIn(test, user, secret) };
  }

  describe.each<Moment>(['before', 'after'])('%s a statement took effect', (moment) => {
    it('48a: leaves no app enabled whose secret nobody was told', async () => {
      await atEach(moment, newUser, {
        change: ({ id }) => test.service.setup.totp(String(id), false, { qr: 'svg' }),
        check: async (user, answer) => {
          expect(await isHalted(user)).toBe(answer !== undefined);
          const again = answer ?? (await test.service.setup.totp(String(user.id), false, { qr: 'svg' }));
          expect(again.backupCodes).toHaveLength(2);
          await logsIn(user, test.totp(again.secret));
          await facade.second(await halted(test, user), again.backupCodes![0], 'backup_code').expect(200);
        },
      });
    });

    it('48b: leaves an app that was being confirmed either enabled, and its owner logs in by it, or to be set up again', async () => {
      const prepare = async () => {
        const user = await newUser();
        const { secret } = await test.service.setup.totp(String(user.id), true, { qr: 'svg' });
        return { user, id: String(user.id), secret };
      };
      await atEach(moment, prepare, {
        change: ({ id, secret }) => test.service.complete.totp(id, test.totp(secret)),
        check: async ({ user, id, secret }, answer) => {
          const enabled = await test.service.isEnabled(id);
          expect(await isHalted(user)).toBe(enabled);
          if (answer) expect(enabled).toBe(true);
          test.clock.advance('30s');
          const usable = enabled ? secret : (await test.service.setup.totp(id, false, { qr: 'svg' })).secret;
          await logsIn(user, test.totp(usable));
          expect(await test.service.generateNewBackupCodes(id)).toHaveLength(2);
        },
      });
    });

    it.each([
      ['disable', (id: string) => test.service.disable(id, TOTP)],
      ['remove', removeFirst],
    ] as const)(
      '48c: leaves a factor that was being removed by %s either whole, or without a mark that it has earned',
      async (_verb, remove) => {
        await atEach(moment, begin, {
          change: async ({ id }) => {
            await remove(id);
            return true;
          },
          check: async ({ user, id, secret, thief }, answer) => {
            const enabled = await test.service.totpEnabled(id);
            if (answer) expect(enabled).toBe(false);
            expect((await thief.get('/admin')).status).toBe(enabled ? 200 : 403);
            if (enabled) await logsIn(user, test.totp(secret));
            else await facade.second(await halted(test, user), test.totp(secret)).expect(404);
          },
        });
      },
    );

    it('48d: leaves no backup code that answers for the factor after it, once the last one was removed', async () => {
      const prepare = async () => {
        const { user, secret, backupCodes } = await test.withTotp((ids += 1));
        return { user, id: String(user.id), secret, backupCodes };
      };
      await atEach(moment, prepare, {
        change: ({ id }) => test.service.disable(id, TOTP),
        check: async ({ user, id, backupCodes }) => {
          if (await test.service.isEnabled(id)) {
            expect(await test.service.remainingBackupCodes(id)).toBe(2);
            await test.service.disable(id, TOTP);
          }
          expect(await test.service.remainingBackupCodes(id)).toBe(0);
          await test.service.importTotp(id, 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP');
          expect(await test.service.remainingBackupCodes(id)).toBe(0);
          await refusedCode(user, backupCodes[0]!);
        },
      });
    });

    it('48e: leaves either the old set of backup codes or the new one, and of the old one nothing once the new one is told', async () => {
      await atEach(moment, begin, {
        change: ({ id }) => test.service.generateNewBackupCodes(id),
        check: async ({ user, id, backupCodes }, answer) => {
          if (answer) await refusedCode(user, backupCodes[0]!);
          const [code] = answer ?? (await test.service.generateNewBackupCodes(id));
          await facade.second(await halted(test, user), code, 'backup_code').expect(200);
          await refusedCode(user, backupCodes[1]!);
        },
      });
    });
  });

  async function removeFirst(id: string): Promise<void> {
    const [first] = await test.service.list(id);
    await test.service.remove(id, first!.id);
  }
});
