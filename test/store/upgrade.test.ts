import express from 'express';
import { Passport } from 'passport';
import request from 'supertest';
import { DataSource } from 'typeorm';
import { afterEach, describe, expect, it } from 'vitest';
import {
  SecondFactorStrategy,
  secondFactorErrorHandler,
  TwoFactorMechanism,
  TwoFactorService,
  twoFactorEntities,
  twoFactorMigrations,
} from 'passport-two-factor';
import { currentTotp } from 'passport-two-factor/testing';
import { databases, type CreatedDatabase } from '../support/databases.js';
import { differences } from './fixtures.js';
import { OldProcess } from './version-0.1/process.js';
import { makeVersion01, version01 } from './version-0.1/tables.js';

const { now, secret } = version01;
const users = new Map(['anna', 'bob', 'carol'].map((id) => [id, { id, email: `${id}@example.com` }]));

describe.each(databases)('the tables of version 0.1 on $name', (database) => {
  const opened: DataSource[] = [];
  const created: CreatedDatabase[] = [];
  const processes: OldProcess[] = [];

  /** A database as version 0.1 has left it, and how to open it with today's entities. */
  async function version01Database(migrated: boolean) {
    const place = await database.create();
    created.push(place);
    const open = async (synchronize = false): Promise<DataSource> => {
      const db = new DataSource({
        ...place.options,
        entities: twoFactorEntities(),
        migrations: [...twoFactorMigrations()],
        synchronize,
      });
      opened.push(db);
      return db.initialize();
    };
    const old = await new DataSource({ ...place.options, entities: [] }).initialize();
    opened.push(old);
    await makeVersion01(old, database.name, migrated);
    return { open, old, options: place.options };
  }

  afterEach(async () => {
    for (const old of processes.splice(0)) old.kill();
    for (const db of opened.splice(0)) if (db.isInitialized) await db.destroy();
    await Promise.all(created.splice(0).map((place) => place.drop()));
  });

  /** What its people do afterwards. */
  async function expectEverythingWorks(db: DataSource, begunLives = true): Promise<void> {
    const time = { now };
    const sent: string[] = [];
    const service = new TwoFactorService({
      db,
      keys: version01.keys,
      clock: () => time.now,
      twoFactor: { issuer: 'A', backupCodesCount: 2 },
      users: {
        id: (user: { id: string }) => user.id,
        email: (user: { email: string }) => user.email,
        find: (id) => users.get(id),
      },
      deliver: {
        email: ({ code, to }) => {
          sent.push(to, code);
        },
      },
    });
    const passport = new Passport();
    passport.use(new SecondFactorStrategy({ service }));
    const app = express();
    app.use(express.json());
    app.post('/second-factor', passport.authenticate('two-factor', { session: false }), (req, res) => {
      res.json({ user: req.user, info: req.authInfo });
    });
    app.use(secondFactorErrorHandler());

    // The pending login that was out at the deploy is begun again.
    const { challengeToken } = version01;
    const stale = await request(app)
      .post('/second-factor')
      .send({ challengeToken, code: currentTotp(secret, time.now) });
    expect(stale.body).toMatchObject({ error: { code: 'CHALLENGE_EXPIRED' } });
    await service.verify.totp('anna', currentTotp(secret, time.now));
    time.now += 30_000;
    await service.verify.totp('anna', currentTotp(secret, time.now));

    await expect(service.verify.backupCode('anna', version01.usedBackupCode)).rejects.toMatchObject({
      code: 'INVALID_BACKUP_CODE',
    });
    await service.verify.backupCode('anna', version01.backupCodes[0]!);
    await expect(service.verify.backupCode('anna', version01.backupCodes[0]!)).rejects.toMatchObject({
      code: 'INVALID_BACKUP_CODE',
    });
    expect(await service.remainingBackupCodes('anna')).toBe(8);

    expect(await service.getContact('anna', TwoFactorMechanism.EMAIL)).toBe(version01.email);
    await service.challenge.email('anna');
    expect(sent[0]).toBe(version01.email);
    await service.verify.email('anna', sent[1]!);

    const begun = begunLives ? version01.begunSecret : (await service.setup.totp('bob')).secret;
    expect(await service.complete.totp('bob', currentTotp(begun, time.now))).toHaveLength(2);
    const carol = await service.setup.totp('carol');
    expect(await service.complete.totp('carol', currentTotp(carol.secret, time.now))).toHaveLength(2);
    expect(await service.getEnabledMethods('anna')).toEqual([TwoFactorMechanism.TOTP, TwoFactorMechanism.EMAIL]);
    await service.disable('anna', TwoFactorMechanism.EMAIL);
    expect(await service.getEnabledMethods('anna')).toEqual([TwoFactorMechanism.TOTP]);
  }

  it.each([
    ['made by its migration', true],
    ['made by synchronize', false],
  ])("%s are brought to today's by the migrations", async (_how, migrated) => {
    const { open } = await version01Database(migrated);
    const db = await open();
    expect(await db.runMigrations()).toHaveLength(migrated ? 1 : 2);
    expect(await differences(db)).toEqual([]);
    await expectEverythingWorks(db);
  });

  it("are brought to today's while a process of that version still writes, and none of its writes is lost", async () => {
    const { open, options } = await version01Database(true);
    const old = OldProcess.start(options);
    processes.push(old);
    await old.writes(2);
    const db = await open();
    await db.runMigrations();
    await old.writes(3);
    const written = await old.stop();
    expect(written).toBeGreaterThanOrEqual(5);
    expect(await differences(db)).toEqual([]);
    const count = async (table: string, condition: string): Promise<number> => {
      const [row]: [{ n: string | number }] = await db.query(
        `SELECT COUNT(*) AS n FROM two_factor_${table} WHERE ${condition}`,
      );
      return Number(row.n);
    };
    expect(
      await count('accounts', "user_id LIKE 'writer %' AND version = 3 AND security_epoch = 1 AND factors = ''"),
    ).toBe(written);
    expect(await count('authenticators', "user_id LIKE 'writer %' AND provisional = 0")).toBe(written);
    expect(await count('backup_codes', 'used_at = 1764300240000')).toBe(written);
    expect(await count('quotas', "day_count = 2 AND user_key = ''")).toBe(written);
    expect(await count('challenges', "user_id LIKE 'writer %'")).toBe(0);
    await expectEverythingWorks(db);
  }, 90_000);

  it('keep every row when the migration is undone, and take it again', async () => {
    const { open } = await version01Database(true);
    const db = await open();
    await db.runMigrations();
    await db.undoLastMigration();
    await db.runMigrations();
    expect(await differences(db)).toEqual([]);
    await expectEverythingWorks(db);
  });

  it('are taken over half done: a migration that was cut off runs again', async () => {
    const { open, old } = await version01Database(true);
    await old.query("ALTER TABLE two_factor_accounts ADD failure_days varchar(1024) NOT NULL DEFAULT ''");
    await old.query('DROP TABLE two_factor_quotas');
    const db = await open();
    await db.runMigrations();
    expect(await differences(db)).toEqual([]);
    await expectEverythingWorks(db);
  });

  it("are brought to today's by synchronize as well, and what an epoch has ended stays ended", async () => {
    const { open, old } = await version01Database(false);
    const epochs = async (db: DataSource): Promise<number[]> => {
      const sql = 'SELECT security_epoch AS s, challenge_epoch AS c FROM two_factor_accounts ORDER BY user_id';
      const rows: { s: string; c: string }[] = await db.query(sql);
      return rows.flatMap(({ s, c }) => [Number(s), Number(c)]);
    };
    const before = await epochs(old);
    const db = await open(true);
    expect(await differences(db)).toEqual([]);
    expect(await db.runMigrations()).toHaveLength(2);
    expect(await differences(db)).toEqual([]);
    const after = await epochs(db);
    // TypeORM makes a column anew whose type has changed, but on SQLite. Epochs from 0 would meet those of old sessions.
    const kept = database.name === 'sqlite';
    after.forEach((epoch, place) => {
      expect(epoch).toBeGreaterThanOrEqual(kept ? before[place]! : 1_764_200_000_000);
    });
    await expectEverythingWorks(db, kept);
  });
});
