// The other side of the benchmark: better-auth's two-factor plugin behind Express, on a database that the parent made.
// As on our side, the password check is a bare SHA-256, so that what is measured is the second factor, not scrypt.
import { createHash } from 'node:crypto';
import { betterAuth } from 'better-auth';
import { symmetricEncrypt } from 'better-auth/crypto';
import { getMigrations } from 'better-auth/db/migration';
import { toNodeHandler } from 'better-auth/node';
import { twoFactor } from 'better-auth/plugins/two-factor';
import express from 'express';
import { Kysely, MysqlDialect } from 'kysely';
import mysql from 'mysql2';
import { createClient } from 'redis';

const { DATABASE_URL, SESSIONS, PENDING, REDIS_URL } = process.env;

let statements = 0;
for (const method of ['query', 'execute']) {
  const original = mysql.Connection.prototype[method];
  mysql.Connection.prototype[method] = function counted(...args) {
    statements += 1;
    return original.apply(this, args);
  };
}

async function redisStorage() {
  const redis = await createClient({ url: REDIS_URL }).connect();
  return {
    get: (key) => redis.get(`ba:${key}`),
    set: (key, value, ttl) =>
      ttl ? redis.set(`ba:${key}`, value, { EX: Math.ceil(ttl) }) : redis.set(`ba:${key}`, value),
    delete: (key) => redis.del(`ba:${key}`),
    getAndDelete: (key) => redis.getDel(`ba:${key}`),
  };
}

const hash = (password) => createHash('sha256').update(password).digest('hex');
const db = new Kysely({
  dialect: new MysqlDialect({ pool: mysql.createPool({ uri: DATABASE_URL, connectionLimit: 10 }) }),
});
const secret = 'a secret of thirty-two characters';
const options = {
  baseURL: 'http://127.0.0.1',
  trustedOrigins: ['http://127.0.0.1'],
  secret,
  database: { db, type: 'mysql' },
  emailAndPassword: {
    enabled: true,
    password: {
      hash: async (password) => hash(password),
      verify: async (given) => given.hash === hash(given.password),
    },
  },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { level: 'error' },
  plugins: [twoFactor({ issuer: 'MyApp' })],
  // PENDING=database keeps pending logins durable, as ours are, where sessions are in Redis.
  ...(SESSIONS === 'redis' && {
    secondaryStorage: await redisStorage(),
    verification: { storeInDatabase: PENDING === 'database' },
  }),
};

const { runMigrations } = await getMigrations(options);
await runMigrations();
const auth = betterAuth(options);

async function enroll(users) {
  const now = new Date();
  const backupCodes = await symmetricEncrypt({
    key: secret,
    data: JSON.stringify(Array.from({ length: 10 }, (_, i) => `abcde-fgh${i}0`)),
  });
  const rows = await Promise.all(
    users.map(async (user) => ({ ...user, sealed: await symmetricEncrypt({ key: secret, data: user.secret }) })),
  );
  const base = (id) => ({ id, createdAt: now, updatedAt: now });
  for (let from = 0; from < rows.length; from += 500) {
    const part = rows.slice(from, from + 500);
    await db
      .insertInto('user')
      .values(part.map(({ id, email }) => ({ ...base(id), name: id, email, emailVerified: 1, twoFactorEnabled: 1 })))
      .execute();
    await db
      .insertInto('account')
      .values(
        part.map(({ id, password }) => ({
          ...base(id),
          accountId: id,
          providerId: 'credential',
          userId: id,
          password: hash(password),
        })),
      )
      .execute();
    await db
      .insertInto('twoFactor')
      .values(
        part.map(({ id, sealed }) => ({
          id,
          userId: id,
          secret: sealed,
          backupCodes,
          verified: 1,
          failedVerificationCount: 0,
        })),
      )
      .execute();
  }
}

const app = express();
app.all('/api/auth/*splat', toNodeHandler(auth));
const server = app.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));

const cpu = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const commands = { enroll, cpu, statements: () => statements, stop: () => process.exit(0) };
process.on('message', async ({ command, argument }) => {
  try {
    process.send({ result: (await commands[command](argument)) ?? null });
  } catch (error) {
    process.send({ error: String(error?.stack ?? error) });
  }
});
