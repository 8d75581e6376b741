import type { Response } from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TwoFactorMechanism } from 'passport-two-factor';
import type { Agent, TestApp, TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';
import { FailingDatabase } from './failing.js';
import { facade, halted, loggedIn, openApp } from './support.js';

/** More statements than any of these requests has. */
const tooMany = 40;

interface Scene {
  readonly user: TestUser;
  readonly owner: Agent;
  readonly thief: Agent;
  readonly authenticator: string;
}

/** A request of a stolen session, and whether it has left something that counts. */
interface Theft {
  /** What it does before the owner is warned. */
  readonly before?: (test: TestApp, scene: Scene) => Promise<unknown>;
  readonly act: (test: TestApp, scene: Scene, prepared: unknown) => PromiseLike<Response>;
  readonly succeeded: (test: TestApp, scene: Scene) => Promise<boolean>;
}

const has =
  (label: string) =>
  async (test: TestApp, { user }: Scene): Promise<boolean> =>
    (await test.service.list(String(user.id))).some((one) => one.label === label);

const thefts: Record<string, Theft> = {
  'enables an authenticator app': {
    act: (test, { thief }) => test.call(thief, 'setup.totp', false, { label: 'thief' }),
    succeeded: has('thief'),
  },
  'enables an address': {
    act: (test, { thief }) => test.call(thief, 'setup.email', 'thief@example.org', false),
    succeeded: has('t***@example.org'),
  },
  'confirms an authenticator app': {
    before: async (test, { thief }) => {
      const { body } = await test.call(thief, 'setup.totp', true, { label: 'thief' }).expect(200);
      return (body as { result: { secret: string } }).result.secret;
    },
    act: (test, { thief }, secret) => test.call(thief, 'complete.totp', test.totp(secret as string)),
    succeeded: has('thief'),
  },
  'renames a factor': {
    act: (test, { thief, authenticator }) => test.call(thief, 'rename', authenticator, 'stolen'),
    succeeded: has('stolen'),
  },
  'prefers a method': {
    act: (test, { thief }) => test.call(thief, 'setPreferredMethod', TwoFactorMechanism.SMS),
    succeeded: async (test, { user }) =>
      (await test.service.getPreferredMethod(String(user.id))) === TwoFactorMechanism.SMS,
  },
};

describe.each(databases)('a session that is ended while its request is under way, on $name', (database) => {
  let test: TestApp;
  let failing: FailingDatabase;
  let ids = 0;

  beforeAll(async () => {
    test = await openApp(database);
    failing = new FailingDatabase(test.db);
  });
  afterAll(() => test.close());

  async function begin(): Promise<Scene> {
    const { user, secret } = await test.withTotp((ids += 1));
    await test.service.setup.sms(String(user.id), '+15551234567', false);
    const [owner, thief] = [await loggedIn(test, user, secret), await loggedIn(test, user, secret)];
    return { user, owner, thief, authenticator: (await test.service.list(String(user.id)))[0]!.id };
  }

  it.each(Object.entries(thefts))(
    "49g: %s before the owner's change or not at all",
    async (_what, { before, act, succeeded }) => {
      let overtaken = 0;
      let nth = 1;
      for (; nth < tooMany; nth += 1) {
        const scene = await begin();
        const prepared = await before?.(test, scene);
        let change: Response | undefined;
        failing.arm(nth, 'before', async () => {
          change = await test.call(scene.owner, 'generateNewBackupCodes');
        });
        const answer = await act(test, scene, prepared);
        const reached = failing.hasFailed;
        failing.arm(0);
        if (!reached) break;
        // Either the owner was first, and the thief has changed nothing; or the thief was, and the owner is told.
        if (change!.status !== 200) {
          expect(change!.status).toBe(403);
          continue;
        }
        if (await succeeded(test, scene)) {
          // Done before the owner's change, or read after it by a request that needs no recent authentication.
          expect(answer.status).toBe(200);
          continue;
        }
        overtaken += 1;
        expect([401, 403, 404]).toContain(answer.status);
      }
      expect(nth).toBeLessThan(tooMany);
      expect(overtaken).toBeGreaterThan(0);
    },
  );

  it('49h: a session that has lost its standing does not confirm what another one has begun', async () => {
    const { user, owner, thief } = await begin();
    await test.call(owner, 'generateNewBackupCodes').expect(200);
    const { body } = await test.call(owner, 'setup.totp', true, { label: 'new phone' }).expect(200);
    const { secret } = (body as { result: { secret: string } }).result;
    const refused = await test.call(thief, 'complete.totp', test.totp(secret)).expect(403);
    expect(refused.body).toMatchObject({ error: { code: 'STEP_UP_REQUIRED' } });
    await thief.get('/admin').expect(403);
    // Fetching the phone may take longer than the recent authentication lasts.
    test.clock.advance('10m');
    await test.call(owner, 'getTotpUri').expect(403);
    await test.call(owner, 'complete.totp', test.totp(secret)).expect(200);
    test.clock.advance('30s');
    await facade.second(await halted(test, user), test.totp(secret)).expect(200);
  });

  it('49i: nobody who has read one row less takes a factor away that was added meanwhile', async () => {
    const user = await test.user((ids += 1));
    const id = String(user.id);
    await test.service.setup.email(id);
    for (let nth = 1; nth < tooMany; nth += 1) {
      const label = `app ${String(nth)}`;
      let secret = '';
      failing.arm(nth, 'before', async () => {
        ({ secret } = await test.service.setup.totp(id, false, { label, qr: 'svg' }));
      });
      await test.service.endStandings(id);
      const reached = failing.hasFailed;
      failing.arm(0);
      if (!reached) return;
      await test.service.verify.totp(id, test.totp(secret));
      test.clock.advance('30s');
      await test.service.disable(id, TwoFactorMechanism.TOTP);
    }
    throw new Error('There were more statements than any change has.');
  });
});
