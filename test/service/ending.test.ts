import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TwoFactorMechanism, type TwoFactorEvent } from 'passport-two-factor';
import { sha256 } from '../../lib/core/keyring.js';
import { FailingDatabase, type Moment } from '../attacks/failing.js';
import { halted, loggedIn, openApp } from '../attacks/support.js';
import { UserSchema, type TestApp, type TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';

const { TOTP, SMS } = TwoFactorMechanism;
const tables = [
  'TwoFactorAccount',
  'TwoFactorAuthenticator',
  'TwoFactorBackupCode',
  'TwoFactorChallenge',
  'TwoFactorQuota',
];

describe.each(databases)('the end of what there is of a user, on $name', (database) => {
  let test: TestApp;
  let failing: FailingDatabase;
  let ids = 0;
  const told: [string, TwoFactorEvent][] = [];

  beforeAll(async () => {
    test = await openApp(database);
    failing = new FailingDatabase(test.db);
    for (const name of ['forgotten', 'standingsEnded'] as const)
      test.service.on(name, (event) => {
        told.push([name, event]);
      });
  });
  afterAll(() => test.close());

  const settled = (): Promise<void> =>
    new Promise((resolve) => {
      setImmediate(resolve);
    });

  /** How many rows of each table are this user's. */
  const left = (id: number): Promise<number[]> =>
    Promise.all(tables.map((table) => test.db.getRepository(table).countBy({ userKey: sha256(String(id)) })));

  /** A user who has left something in every table. */
  async function withEverything(): Promise<{ user: TestUser; secret: string }> {
    const { user, secret } = await test.withTotp((ids += 1));
    const id = String(user.id);
    await test.service.setup.sms(id, '+15551234567', false);
    await test.service.setup.email(id, `private${id}@example.org`);
    await test.service.challenge.sms(id);
    await halted(test, user);
    for (const count of await left(user.id)) expect(count).toBeGreaterThan(0);
    return { user, secret };
  }

  describe('forget', () => {
    it('leaves no row of the user in any table, and every row of the others', async () => {
      const [{ user }, other] = [await withEverything(), await withEverything()];
      const before = await left(other.user.id);
      await test.service.forget(String(user.id));
      expect(await left(user.id)).toEqual([0, 0, 0, 0, 0]);
      expect(await left(other.user.id)).toEqual(before);
      await settled();
      expect(told.at(-1)).toEqual(['forgotten', { userId: String(user.id), at: test.clock.now }]);
      await test.service.forget(String(user.id));
      await test.service.forget('nobody');
    });

    it("gives the next owner of the id nothing, and the sessions of the former one nothing of the next one's", async () => {
      const { user, secret, backupCodes } = await test.withTotp((ids += 1));
      const id = String(user.id);
      const [former, pending] = [await loggedIn(test, user, secret), await halted(test, user)];
      await test.service.forget(id);
      await test.db.getRepository(UserSchema).update({ id: user.id }, { email: `next${id}@example.com` });
      const next = { ...user, email: `next${id}@example.com` };
      const agent = test.agent();
      await test.login(agent, next).expect(200);
      await pending
        .post('/verify-2fa')
        .send({ code: test.totp(secret) })
        .expect(401);
      // The clock stands still, and the next owner changes factors as often as the former one did.
      for (let changes = 0; changes < 4; changes += 1) {
        const { body } = await test.call(agent, 'setup.totp', true, { label: String(changes) }).expect(200);
        await test
          .call(agent, 'complete.totp', test.totp((body as { result: { secret: string } }).result.secret))
          .expect(200);
        await former.get('/admin').expect(403);
        await test.call(former, 'getTotpUri').expect(403);
      }
      await expect(test.service.verify.totp(id, test.totp(secret))).rejects.toMatchObject({ code: 'INVALID_CODE' });
      await expect(test.service.verify.backupCode(id, backupCodes[0]!)).rejects.toMatchObject({
        code: 'INVALID_BACKUP_CODE',
      });
    });

    it.each<Moment>(['before', 'after'])(
      'that was cut short %s one of its statements lets nobody in, and is done by the next call',
      async (moment) => {
        let nth = 1;
        for (; nth < 20; nth += 1) {
          const { user } = await withEverything();
          failing.arm(nth, moment);
          const cut = await test.service.forget(String(user.id)).then(
            () => false,
            () => true,
          );
          failing.arm(0);
          if (!cut) break;
          const rest = await left(user.id);
          const { status } = await test.login(test.agent(), user);
          // Only once every factor is gone is the user one without a factor.
          if (rest[1]! > 0) expect([202, 500]).toContain(status);
          await test.service.forget(String(user.id));
          expect(await left(user.id)).toEqual([0, 0, 0, 0, 0]);
        }
        expect(nth).toBeGreaterThan(5);
        expect(nth).toBeLessThan(20);
      },
    );
  });

  describe('endStandings', () => {
    it('ends second factors and recent authentications of every session, and leaves factors, codes and logins', async () => {
      const { user, secret } = await withEverything();
      const [one, two] = [await loggedIn(test, user, secret), await loggedIn(test, user, secret)];
      const pending = await halted(test, user);
      const before = await test.service.list(String(user.id));
      await test.service.endStandings(String(user.id));
      for (const agent of [one, two]) {
        await agent.get('/me').expect(200);
        await agent.get('/admin').expect(403);
        await test.call(agent, 'disable', SMS).expect(403);
      }
      await pending
        .post('/verify-2fa')
        .send({ code: test.totp(secret) })
        .expect(401);
      expect(await test.service.list(String(user.id))).toEqual(before);
      expect(await test.service.remainingBackupCodes(String(user.id))).toBe(2);
      await settled();
      expect(told.at(-1)).toEqual(['standingsEnded', { userId: String(user.id), at: test.clock.now }]);
      await test.call(one, 'verify.totp', test.totp(secret)).expect(200);
      await one.get('/admin').expect(200);
      await test.call(one, 'disable', TOTP).expect(200);
    });

    it('ends those of a user who has never had a factor, too', async () => {
      const user = await test.user((ids += 1));
      const agent = test.agent();
      await test.login(agent, user).expect(200);
      await test.service.endStandings(String(user.id));
      await test.call(agent, 'setup.totp', false).expect(403);
      await test.call(agent, '.reauthenticate', user.password).expect(200);
      await test.call(agent, 'setup.totp', false).expect(200);
    });
  });
});
