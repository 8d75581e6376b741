import { RedisStore } from 'connect-redis';
import express, { type ErrorRequestHandler, type Express } from 'express';
import session from 'express-session';
import passportModule from 'passport';
import { Strategy as LocalStrategy } from 'passport-local';
import type { DataSource } from 'typeorm';
import {
  SecondFactorStrategy,
  secondFactorErrorHandler,
  twoFactorAuth,
  TwoFactorService,
  TwoFactorStrategy,
} from 'passport-two-factor';
import { Accounts } from '../quickstart/accounts.js';
import type { Account } from '../quickstart/database.js';
import { refuseOtherSites, safeHeaders } from '../quickstart/page.js';
import { SharedOutbox } from './outbox.js';
import { redisPrefix, type Redis } from './redis.js';
import { routes } from './routes.js';

export interface Config {
  readonly db: DataSource;
  readonly redis: Redis;
  readonly keys: string;
  readonly sessionSecret: string;
}

/** The app of one worker. Whatever outlives a request is in the database or in Redis; a worker keeps nothing. */
export function createApp({ db, redis, keys, sessionSecret }: Config): Express {
  const accounts = new Accounts(db);
  const outbox = new SharedOutbox(redis);
  const service = new TwoFactorService({
    db,
    keys,
    users: {
      id: (user: Account) => String(user.id),
      email: (user: Account) => user.email,
      find: (id) => accounts.find(Number(id)),
    },
    twoFactor: { issuer: 'MyApp' },
    deliver: { email: (message) => outbox.send(message) },
  });
  const passport = new passportModule.Passport();
  passport.serializeUser((user, done) => {
    done(null, (user as Account).id);
  });
  passport.deserializeUser((id: number, done) => {
    accounts.find(id).then((user) => {
      done(null, user ?? false);
    }, done);
  });
  passport.use(
    new TwoFactorStrategy(
      { service },
      new LocalStrategy({ usernameField: 'email' }, (email, password, done) => {
        accounts.authenticate(email, password).then((user) => {
          done(null, user ?? false);
        }, done);
      }),
    ),
  );
  passport.use(new SecondFactorStrategy({ service }));

  const app = express();
  app.disable('x-powered-by');
  app.use((_req, res, next) => {
    // For the reader of this example: which process has answered.
    res.set('X-Worker', String(process.pid));
    next();
  });
  app.use(safeHeaders, refuseOtherSites);
  app.use(express.json());
  app.use(
    session({
      // A pending login is pointed to by the session, so its second step may come to another worker than its first.
      store: new RedisStore({ client: redis, prefix: `${redisPrefix}session:` }),
      secret: sessionSecret,
      name: 'myapp.sid',
      resave: false,
      saveUninitialized: false,
      cookie: { httpOnly: true, sameSite: 'lax' },
    }),
  );
  app.use(passport.session());
  app.use(twoFactorAuth({ service, passport }));
  app.use(routes({ accounts, outbox, passport, service }));

  app.use((_req, res) => {
    res.status(404).json({ error: { code: 'NOT_FOUND', message: 'There is nothing here.' } });
  });
  app.use(secondFactorErrorHandler({ status: 202 }));
  const lastResort: ErrorRequestHandler = (error: Error & { status?: number }, _req, res, next) => {
    if (res.headersSent) {
      next(error);
      return;
    }
    const status = error.status !== undefined && error.status < 500 ? error.status : 500;
    if (status === 500) console.error(error);
    const refused =
      status === 401
        ? { code: 'INVALID_CREDENTIALS', message: 'Wrong e-mail address or password.' }
        : { code: 'INVALID_INPUT', message: 'The request could not be read.' };
    res.status(status).json({ error: status === 500 ? { code: 'INTERNAL', message: 'The server failed.' } : refused });
  };
  app.use(lastResort);
  return app;
}
