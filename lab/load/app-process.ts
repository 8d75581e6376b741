// One of several app processes behind one database and one Redis. Its clock is the parent's: it stands still between the
// parent's messages, so that all processes are in the same time step, as machines with NTP nearly always are.
import type { AddressInfo } from 'node:net';
import { RedisStore } from 'connect-redis';
import express from 'express';
import session from 'express-session';
import passport from 'passport';
import { Strategy as LocalStrategy } from 'passport-local';
import { createClient } from 'redis';
import { DataSource, type DataSourceOptions } from 'typeorm';
import {
  SecondFactorStrategy,
  secondFactorErrorHandler,
  twoFactorAuth,
  twoFactorEntities,
  TwoFactorService,
  TwoFactorStrategy,
} from 'passport-two-factor';

interface User {
  id: string;
}

async function main(): Promise<void> {
  const { DATABASE = '', KEYS: keys, REDIS_URL: url = '', PREFIX: prefix = '' } = process.env;
  let now = Number(process.env.NOW);
  const db = await new DataSource({
    ...(JSON.parse(DATABASE) as DataSourceOptions),
    entities: twoFactorEntities(),
  }).initialize();
  const redis = await createClient({ url }).connect();
  const service = new TwoFactorService({
    db,
    keys,
    clock: () => now,
    twoFactor: { issuer: 'Load' },
    users: { id: (user) => user.id, find: (id) => ({ id }) },
  });
  passport.serializeUser((user, done) => {
    done(null, (user as User).id);
  });
  passport.deserializeUser((id: string, done) => {
    done(null, { id });
  });
  // The first factor is not what is tried here: everybody's password is their name.
  const local = new LocalStrategy((username, password, done) => {
    done(null, username === password ? { id: username } : false);
  });
  passport.use(new TwoFactorStrategy({ service }, local));
  passport.use(new SecondFactorStrategy({ service }));

  const app = express();
  app.use(express.json());
  app.use(
    session({
      secret: 'load',
      resave: false,
      saveUninitialized: false,
      store: new RedisStore({ client: redis, prefix }),
    }),
  );
  app.use(passport.session());
  app.use(twoFactorAuth({ service, passport }));
  app.post('/login', passport.authenticate('local'), (_req, res) => {
    res.json({});
  });
  app.post('/2fa', passport.authenticate('two-factor'), (_req, res) => {
    res.json({});
  });
  app.post('/verify', async (req, res) => {
    await req.auth.twoFactor.verify.totp(req.body.code);
    res.json({});
  });
  app.post('/complete', async (req, res) => {
    await req.auth.completeTwoFactorLogin();
    res.json({});
  });
  app.get('/me', (req, res) => {
    res.status(req.auth.isLoggedIn() ? 200 : 401).json({ id: (req.user as User | undefined)?.id });
  });
  app.use(secondFactorErrorHandler({ status: 202 }));
  process.on('message', (message: { now: number }) => {
    ({ now } = message);
    process.send!({ now });
  });
  const server = app.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as AddressInfo).port }));
}

void main();
