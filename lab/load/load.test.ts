// Many logins over several processes that are killed in the middle: what clients saw and what the database holds must agree.
// A few here; by hand, with MariaDB or PostgreSQL by -t:
//
//   LOGINS=100000 PROCESSES=3 USERS=500 npx vitest run lab/load -t mariadb
//
// Real: the processes, their SIGKILL, HTTP, the database, Redis. Simulated: the clock, which all processes get from here
// and which moves by 61 seconds between rounds of one login a user, since a TOTP code is good once.
import { randomBytes, randomInt } from 'node:crypto';
import { createClient } from 'redis';
import { DataSource } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { generateKey, twoFactorEntities, TwoFactorService } from 'passport-two-factor';
import { databases, type TestDatabase } from '../../test/support/databases.js';
import { Cluster } from './cluster.js';
import { attack, halt, Log, logIn, type LoadUser } from './logins.js';

const logins = Number(process.env.LOGINS ?? 150);
const people = Number(process.env.USERS ?? 50);
const processes = Number(process.env.PROCESSES ?? 2);
/** A process is killed each time so many logins have begun. */
const killEvery = Number(process.env.KILL_EVERY ?? 70);
const workers = 8;
const guesses = 16;
const redisUrl = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
const limit = 300_000 + logins * 500;

async function enroll(service: TwoFactorService, ids: string[]): Promise<LoadUser[]> {
  return Promise.all(
    ids.map(async (id) => {
      const { secret } = await service.setup.totp(id, false, { qr: 'svg' });
      return { id, secret, accepted: [], unknown: [] };
    }),
  );
}

async function run(database: TestDatabase): Promise<void> {
  const made = await database.create();
  const db = await new DataSource({ ...made.options, entities: twoFactorEntities(), synchronize: true }).initialize();
  const redis = await createClient({ url: redisUrl }).connect();
  const prefix = `load:${randomBytes(6).toString('hex')}:`;
  const keys = generateKey('k1');
  let now = Date.UTC(2026, 0, 1, 12);
  const service = new TwoFactorService({
    db,
    keys,
    clock: () => now,
    twoFactor: { issuer: 'Load', backupCodesCount: 1 },
    users: { id: (user) => user.id, find: (id) => ({ id }) },
  });
  const users = await enroll(
    service,
    Array.from({ length: people }, (_, index) => `user${index}`),
  );
  const attacked = await enroll(service, ['attacked1', 'attacked2']);
  const cluster = await Cluster.start(
    processes,
    { DATABASE: JSON.stringify(made.options), KEYS: keys, REDIS_URL: redisUrl, PREFIX: prefix },
    now,
  );
  const log = new Log();
  const judged = new Map<LoadUser, [number, number]>(attacked.map((user) => [user, [0, 0]]));
  const began = Date.now();
  try {
    for (let done = 0; done < logins; done += people) {
      await cluster.setClock((now += 61_000));
      const queue = users
        .slice(0, logins - done)
        .sort(() => randomInt(3) - 1)
        .values();
      const work = Array.from({ length: workers }, async () => {
        for (const user of queue) {
          if (log.logins % killEvery === killEvery - 1) cluster.kill();
          await logIn(cluster, log, user, now);
        }
      });
      const attacks = attacked.map(async (user) => {
        const [least, most] = await attack(cluster, log, user, now, guesses);
        const before = judged.get(user)!;
        judged.set(user, [before[0] + least, before[1] + most]);
        // Five together, and one more after each backoff: never sixteen because there are two processes.
        if (least > (done === 0 ? 5 : 1)) log.violation(user, `${least} guesses of one burst were judged`);
      });
      await Promise.all([...work, ...attacks]);
    }
    const seconds = (Date.now() - began) / 1000;
    const kills = cluster.kills;
    const lost = cluster.lost;

    // Afterwards everybody gets in, without another try: nobody was locked out by somebody else's crash.
    await cluster.setClock((now += 3_600_000));
    const finishedBefore = log.finished;
    for (const user of [...users, ...attacked]) await logIn(cluster, log, user, now, true);
    expect(log.finished - finishedBefore).toBe(users.length + attacked.length);
    expect(log.violations).toEqual([]);

    for (const user of users) {
      const steps = [...user.accepted].sort((a, b) => a - b);
      expect(new Set(steps).size).toBe(steps.length);
      const account = await db.getRepository('TwoFactorAccount').findOneByOrFail({ userId: user.id });
      expect(account).toMatchObject({ failures: 0, nextAttemptAt: 0, lastStep: steps.at(-1) });
    }
    for (const user of attacked) {
      const [least, most] = judged.get(user)!;
      const account = await db.getRepository('TwoFactorAccount').findOneByOrFail({ userId: user.id });
      expect(account.windowFailures).toBeGreaterThanOrEqual(least);
      expect(account.windowFailures).toBeLessThanOrEqual(most + 2);
    }
    // A pending login that was left behind is still only half a login, and there are no more of them than allowed.
    const left = await db.getRepository('TwoFactorChallenge').count();
    expect(left).toBeLessThanOrEqual((users.length + attacked.length) * 6);
    const half = await halt(cluster, log, users[0]!);
    expect((await cluster.me(half))?.status).toBe(401);
    expect((await cluster.post('/complete', {}, half))?.code).toBe('NOT_VERIFIED');
    console.log(
      `${database.name}: ${log.logins} logins by ${users.length} users over ${processes} processes in ${seconds.toFixed(1)} s, ${kills} killed, ` +
        `${lost} answers lost, ${log.again} tried again, ${log.finished} finished, ${log.wrong} wrong codes, ${log.duplicates} sent twice at once, ` +
        `${[...judged.values()].map(([least, most]) => `${least}–${most}`).join(' and ')} guesses judged of ${guesses * Math.ceil(logins / people)} each, ${log.violations.length} violations`,
    );
  } finally {
    await cluster.stop();
    const sessions = await redis.keys(`${prefix}*`);
    if (sessions.length > 0) await redis.del(sessions);
    redis.destroy();
    await db.destroy();
    await made.drop();
  }
}

describe.each(databases.filter(({ name }) => name !== 'sqlite'))(
  'several processes on one $name that are killed at any time',
  (database) => {
    it('take each code once, hold one budget, lose no finished login and lock nobody out', () => run(database), limit);
  },
);
