// Our side of the benchmark: an Express app as a user of the library writes it, on a database that the parent made. The
// password check is a bare SHA-256, as on the other side: what is measured is the second factor, not scrypt.
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { RedisStore } from 'connect-redis';
import express, { type Request } from 'express';
import session, { type Store } from 'express-session';
import mysql from 'mysql2';
import passport from 'passport';
import { Strategy as LocalStrategy } from 'passport-local';
import { createClient } from 'redis';
import { DataSource } from 'typeorm';
import {
  requireSecondFactor,
  SecondFactorStrategy,
  secondFactorErrorHandler,
  twoFactorAuth,
  twoFactorEntities,
  TwoFactorService,
  TwoFactorStrategy,
} from 'passport-two-factor';

import { BenchUserSchema, enroll, passwordHash, type BenchUser, type Enrolled } from './enrolled.js';

const sha256hex = (text: string): string => createHash('sha256').update(text).digest('hex');

let statements = 0;

/** Counts what a copy of the driver sends. */
function count(driver: typeof mysql): void {
  const prototype = (
    driver as unknown as { Connection: { prototype: Record<string, (...args: unknown[]) => unknown> } }
  ).Connection.prototype;
  for (const method of ['query', 'execute']) {
    const original = prototype[method]!;
    prototype[method] = function counted(this: unknown, ...args) {
      statements += 1;
      return original.apply(this, args);
    };
  }
}

const cpuMilliseconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

const benchRequire = createRequire(join(__dirname, 'better-auth/package.json'));

async function sessionStore(url: string): Promise<Store> {
  if (process.env.SESSIONS === 'redis') {
    return new RedisStore({ client: await createClient({ url: process.env.REDIS_URL! }).connect(), prefix: 'ptf:' });
  }
  count(benchRequire('mysql2') as typeof mysql);
  const { hostname: host, port, username: user, password, pathname } = new URL(url);
  const MySQLStore = (
    benchRequire('express-mysql-session') as (
      s: typeof session,
    ) => new (options: object) => Store & { onReady(): Promise<void> }
  )(session);
  const store = new MySQLStore({
    host,
    port: Number(port || 3306),
    user,
    password,
    database: pathname.slice(1),
    connectionLimit: 10,
    clearExpired: false,
  });
  await store.onReady();
  return store;
}

async function main(): Promise<void> {
  const { DATABASE_URL: url = '', KEYS: keys } = process.env;
  count(mysql);
  const db = await new DataSource({
    type: 'mysql',
    url,
    poolSize: 10,
    entities: [BenchUserSchema, ...twoFactorEntities()],
    synchronize: process.env.SYNC === '1',
  }).initialize();
  // The app's own look-ups are not what is compared, so they are as thin as the other side's.
  const find = async (column: 'id' | 'email', value: number | string): Promise<BenchUser | undefined> =>
    (await db.query<BenchUser[]>(`SELECT id, email, password FROM app_users WHERE ${column} = ?`, [value]))[0];
  const service = new TwoFactorService({
    db,
    keys,
    users: { id: (user) => String(user.id), email: (user) => user.email, find: (id) => find('id', Number(id)) },
    twoFactor: { issuer: 'MyApp' },
    recentAuthentication: '1h',
  });
  const local = new LocalStrategy({ usernameField: 'email' }, (email, password, done) => {
    find('email', email).then((user) => {
      done(null, user?.password === passwordHash(password) ? user : false);
    }, done);
  });
  passport.serializeUser((user, done) => {
    done(null, (user as BenchUser).id);
  });
  passport.deserializeUser((id: number, done) => {
    find('id', id).then((user) => {
      done(null, user ?? null);
    }, done);
  });
  passport.use('plain', local);
  passport.use(new TwoFactorStrategy({ service }, local));
  passport.use(new SecondFactorStrategy({ service }));

  // The same reads, writes and sessions by hand, with no library and no check: what no library here could be faster than.
  const intoSession = async (req: Request, values: object): Promise<void> => {
    await promisify(req.session.regenerate.bind(req.session))();
    Object.assign(req.session, values);
    await promisify(req.session.save.bind(req.session))();
  };

  const app = express();
  app.use(express.json());
  app.use(
    session({
      secret: createHash('sha256').update('bench').digest('hex'),
      resave: false,
      saveUninitialized: false,
      store: await sessionStore(url),
    }),
  );
  app.use(passport.session());
  app.use(twoFactorAuth({ service, passport }));
  app.post('/plain', passport.authenticate('plain'), (_req, res) => {
    res.json({ success: true });
  });
  app.post('/login', passport.authenticate('local'), (_req, res) => {
    res.json({ success: true });
  });
  app.post('/2fa', passport.authenticate('two-factor'), (_req, res) => {
    res.json({ success: true });
  });
  app.post('/auth-login', async (req, res) => {
    await req.auth.login(req.body.email, req.body.password);
    res.json({ success: true });
  });
  app.post('/verify-2fa', async (req, res) => {
    await req.auth.twoFactor.verify.totp(req.body.code);
    await req.auth.completeTwoFactorLogin();
    res.json({ success: true });
  });
  app.post('/bare-login', async (req, res) => {
    const user = await find('email', req.body.email);
    if (user?.password !== passwordHash(req.body.password)) throw new Error('wrong password');
    await db.query('SELECT * FROM two_factor_accounts WHERE user_key = ?', [sha256hex(String(user.id))]);
    await intoSession(req, { pending: user.id });
    res.status(202).json({ success: true });
  });
  app.post('/bare-verify', async (req, res) => {
    const { pending: id } = req.session as unknown as { pending: number };
    await db.query('SELECT * FROM two_factor_accounts WHERE user_key = ?', [sha256hex(String(id))]);
    await db.query('UPDATE two_factor_accounts SET version = version + 1 WHERE user_key = ?', [sha256hex(String(id))]);
    await intoSession(req, { user: await find('id', id) });
    res.json({ success: true });
  });
  app.get('/admin', requireSecondFactor({ service }), (_req, res) => {
    res.json({ ok: true });
  });
  app.use(secondFactorErrorHandler({ status: 202 }));

  const delay = monitorEventLoopDelay({ resolution: 1 });
  const commands: Record<string, (argument: never) => unknown> = {
    enroll: (rows: Enrolled[]) => enroll(db, service, keys!, rows),
    statements: () => statements,
    cpu: cpuMilliseconds,
    heap: () => {
      for (let i = 0; i < 4; i += 1) globalThis.gc!();
      return process.memoryUsage().heapUsed;
    },
    enrollments: async (ids: number[]) => {
      const qr = process.env.QR === 'svg' ? 'svg' : 'png';
      delay.reset();
      delay.enable();
      const began = performance.now();
      await Promise.all(ids.map((id) => service.setup.totp(String(id), true, { qr, label: `bench ${String(began)}` })));
      delay.disable();
      const milliseconds = (value: number) => value / 1e6;
      return {
        elapsed: performance.now() - began,
        median: milliseconds(delay.percentile(50)),
        p99: milliseconds(delay.percentile(99)),
        max: milliseconds(delay.max),
      };
    },
    stop: () => process.exit(0),
  };
  process.on('message', ({ command, argument }: { command: string; argument: never }) => {
    Promise.resolve(argument)
      .then((given) => commands[command]!(given))
      .then(
        (result) => process.send!({ result: result ?? null }),
        (error: unknown) => process.send!({ error: String((error as Error).stack) }),
      );
  });
  const server = app.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as AddressInfo).port }));
}

void main();
