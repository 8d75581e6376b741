import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { BackupCodeStore } from '../../lib/store/backup-code-store.js';
import type { Agent, TestApp, TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';
import { open } from '../service/support.js';

/** What stays in the tables: it does not grow with what a user begins and leaves. */
describe.each(databases)('the rows of a user, on $name', (database) => {
  let test: TestApp;
  let ids = 0;

  beforeAll(async () => {
    test = await open(database, { service: { limits: { pendingLogins: 3 } } });
  });
  afterAll(() => test.close());

  const count = (entity: string, id: number, purpose?: string): Promise<number> => {
    const query = test.db.createQueryBuilder().select('row').from(entity, 'row');
    return entity === 'TwoFactorBackupCode'
      ? query
          .innerJoin('TwoFactorAccount', 'account', 'account.user_key = row.user_key')
          .where('account.user_id = :id', { id: String(id) })
          .getCount()
      : query.where('row.user_id = :id AND row.purpose = :purpose', { id: String(id), purpose }).getCount();
  };
  const logins = ({ id }: TestUser) => count('TwoFactorChallenge', id, 'login');
  const enrollments = ({ id }: TestUser) => count('TwoFactorChallenge', id, 'enrollment');
  const backupCodes = ({ id }: TestUser) => count('TwoFactorBackupCode', id);

  async function halted(user: TestUser): Promise<Agent> {
    const agent = test.agent();
    await test.login(agent, user).expect(202);
    return agent;
  }

  describe('are pending logins', () => {
    it('none of a user who has no codes sent, however many are begun', async () => {
      const { user, secret } = await test.withTotp((ids += 1));
      const first = await halted(user);
      for (let login = 0; login < 30; login += 1) await halted(user);
      expect(await logins(user)).toBe(0);
      await first
        .post('/2fa')
        .send({ code: test.totp(secret) })
        .expect(200);
    });

    it('up to the limit of those that are older than a minute; a login whose row went lives, and is sent another code', async () => {
      const user = await test.withEmail((ids += 1));
      const agents: Agent[] = [];
      const counts: number[] = [];
      for (let login = 0; login < 5; login += 1) {
        agents.push(await halted(user));
        counts.push(await logins(user));
        test.clock.advance('1m');
      }
      expect(counts).toEqual([1, 2, 3, 3, 3]);
      test.clock.advance('3m');
      await test.service.unlock(String(user.id));
      await test.call(agents[0]!, 'challenge.email').expect(200);
      expect(await logins(user)).toBe(3);
      await agents[0]!.post('/2fa').send({ code: test.lastCode() }).expect(200);
      expect(await logins(user)).toBe(2);
    });

    it('whose row went are not sent codes any faster', async () => {
      const user = await test.withEmail((ids += 1));
      const agent = await halted(user);
      const drop = () => test.db.getRepository('TwoFactorChallenge').delete({ userId: String(user.id) });
      for (const wait of [30, 60, 120]) {
        await drop();
        await test.call(agent, 'challenge.email').expect(429);
        test.clock.advance(`${wait - 1}s`);
        await test.call(agent, 'challenge.email').expect(429);
        test.clock.advance('1s');
        await test.call(agent, 'challenge.email').expect(200);
      }
      await drop();
      test.clock.advance('3m');
      await test.call(agent, 'challenge.email').expect(429);
    });

    it('until they expire and another one is begun', async () => {
      const user = await test.withEmail((ids += 1));
      await halted(user);
      test.clock.advance('1m');
      await halted(user);
      test.clock.advance('9m');
      await halted(user);
      expect(await logins(user)).toBe(2);
    });

    it('until wrong codes end them and another one is begun; one that is verified is completed all the same', async () => {
      const { user, secret } = await test.withTotp((ids += 1));
      await test.service.setup.email(String(user.id));
      const verified = await halted(user);
      await verified
        .post('/verify')
        .send({ code: test.totp(secret) })
        .expect(200);
      const guessing = await halted(user);
      for (let guess = 0; guess < 5; guess += 1)
        await guessing
          .post('/2fa')
          .send({ code: test.wrongTotp(secret) })
          .expect(401);
      expect(await logins(user)).toBe(1);
      test.clock.advance('30s');
      await halted(user);
      expect(await logins(user)).toBe(1);
      await verified.post('/complete').expect(200);
      expect(await logins(user)).toBe(1);
    });
  });

  describe('are step-ups', () => {
    it('one of each session, whose code serves that session alone', async () => {
      const { user, secret } = await test.withTotp((ids += 1));
      const sessions: { agent: Agent; code: string }[] = [];
      for (let session = 0; session < 3; session += 1) {
        const agent = await halted(user);
        await agent
          .post('/2fa')
          .send({ code: test.totp(secret) })
          .expect(200);
        sessions.push({ agent, code: '' });
        test.clock.advance('30s');
      }
      await test.service.setup.email(String(user.id));
      for (const session of sessions) {
        await test.call(session.agent, 'challenge.email').expect(200);
        session.code = test.lastCode();
      }
      expect(await count('TwoFactorChallenge', user.id, 'step-up')).toBe(3);
      const [first, second, third] = sessions as [(typeof sessions)[0], (typeof sessions)[0], (typeof sessions)[0]];
      if (first.code !== second.code) await test.call(second.agent, 'verify.email', first.code).expect(401);
      for (const { agent, code } of [second, first, third]) await test.call(agent, 'verify.email', code).expect(200);
      expect(await count('TwoFactorChallenge', user.id, 'step-up')).toBe(0);
    });

    it('none where the code could not be sent', async () => {
      const failing = await open(database, {
        service: {
          deliver: {
            email: () => {
              throw new Error('smtp is down');
            },
          },
        },
      });
      const user = await failing.withEmail(1);
      await expect(failing.service.challenge.email(String(user.id))).rejects.toMatchObject({ code: 'DELIVERY_FAILED' });
      expect(await failing.db.createQueryBuilder().select('row').from('TwoFactorChallenge', 'row').getCount()).toBe(0);
      await failing.close();
    });
  });

  describe('are enrollments', () => {
    it('up to the limit of those that are older than a minute, and those are the newest', async () => {
      const user = await test.user((ids += 1));
      const counts: number[] = [];
      let newest = '';
      for (const label of ['a', 'b', 'c', 'd', 'e']) {
        newest = (await test.service.setup.totp(String(user.id), true, { label, qr: 'svg' })).secret;
        counts.push(await enrollments(user));
      }
      expect(counts).toEqual([1, 2, 3, 3, 3]);
      await test.service.complete.totp(String(user.id), test.totp(newest));
      expect((await test.service.list(String(user.id))).map(({ label }) => label)).toEqual(['e']);
    });

    it('one of each label, the newest', async () => {
      const user = await test.user((ids += 1));
      await test.service.setup.totp(String(user.id), true, { label: 'other', qr: 'svg' });
      await test.service.setup.totp(String(user.id), true, { qr: 'svg' });
      const { secret } = await test.service.setup.totp(String(user.id), true, { qr: 'svg' });
      expect(await enrollments(user)).toBe(2);
      await test.service.complete.totp(String(user.id), test.totp(secret));
    });

    it('until they expire and another one is begun', async () => {
      const user = await test.user((ids += 1));
      await test.service.setup.totp(String(user.id), true, { label: 'a', qr: 'svg' });
      test.clock.advance('15m');
      await test.service.setup.totp(String(user.id), true, { label: 'b', qr: 'svg' });
      expect(await enrollments(user)).toBe(1);
    });
  });

  describe('are backup codes', () => {
    it('of one set, however often it is made anew', async () => {
      const { user } = await test.withTotp((ids += 1));
      await test.service.generateNewBackupCodes(String(user.id));
      await test.service.generateNewBackupCodes(String(user.id));
      expect(await backupCodes(user)).toBe(2);
    });

    it('of one set where two first factors are enabled at once: one of them gives the codes', async () => {
      const user = await test.user((ids += 1));
      const made = await Promise.all(
        ['a', 'b'].map((label) => test.service.setup.totp(String(user.id), false, { label, qr: 'svg' })),
      );
      expect(made.map(({ backupCodes: codes }) => codes!.length).sort()).toEqual([0, 2]);
      expect(await backupCodes(user)).toBe(2);
    });

    it('of the old set where another session changes the factors while a new one is made', async () => {
      const { user, secret, backupCodes: old } = await test.withTotp((ids += 1));
      const agent = await halted(user);
      await agent
        .post('/2fa')
        .send({ code: test.totp(secret) })
        .expect(200);
      const write = vi.spyOn(BackupCodeStore.prototype, 'add').mockImplementationOnce(async function overtaken(
        this: BackupCodeStore,
        ...set
      ) {
        await test.service.setup.email(String(user.id));
        await this.add(...set);
      });
      try {
        await test.call(agent, 'generateNewBackupCodes').expect(403, /STEP_UP_REQUIRED/);
      } finally {
        write.mockRestore();
      }
      expect(await backupCodes(user)).toBe(2);
      await test.service.verify.backupCode(String(user.id), old[0]!);
    });

    it('of the new set alone where the removal of the last factor was cut short before', async () => {
      const { user, backupCodes: old } = await test.withTotp((ids += 1));
      await test.db
        .createQueryBuilder()
        .delete()
        .from('TwoFactorAuthenticator')
        .where('user_id = :id', { id: String(user.id) })
        .execute();
      await test.service.setup.totp(String(user.id), false, { qr: 'svg' });
      expect(await backupCodes(user)).toBe(2);
      await expect(test.service.verify.backupCode(String(user.id), old[0]!)).rejects.toMatchObject({
        code: 'INVALID_BACKUP_CODE',
      });
    });

    it('of one set where the same factor is enabled twice at once', async () => {
      const user = await test.user((ids += 1));
      const made = await Promise.allSettled(
        [1, 2].map(() => test.service.setup.totp(String(user.id), false, { qr: 'svg' })),
      );
      expect(made.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(await backupCodes(user)).toBe(2);
    });
  });
});
