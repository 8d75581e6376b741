import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import session from 'express-session';
import { Passport } from 'passport';
import { Strategy as LocalStrategy } from 'passport-local';
import request from 'supertest';
import {
  protect,
  secondFactorErrorHandler,
  twoFactorAuth,
  type Protected,
  type ProtectOptions,
} from 'passport-two-factor';
import { UserSchema, type Agent, type TestApp, type TestUser } from '../support/app.js';

export type AppPassport = InstanceType<typeof Passport>;

/** The bare strategy of an app: whoever knows the password. */
export const passwordOf = (test: TestApp): LocalStrategy =>
  new LocalStrategy({ usernameField: 'email' }, (email, password, done) => {
    test.db
      .getRepository(UserSchema)
      .findOneBy({ email })
      .then((user) => {
        done(null, user?.password === password ? user : false);
      }, done);
  });

export interface Guarded {
  readonly app: Express;
  readonly passport: AppPassport;
  readonly answer: Protected;
  readonly agent: () => Agent;
}

export interface GuardedOptions {
  readonly protect?: Partial<ProtectOptions>;
  /** Before `protect`. */
  readonly strategies?: (passport: AppPassport) => void;
  readonly routes?: (app: Express, passport: AppPassport) => void;
  /** Whether Passport is protected at all. Default: it is. */
  readonly isProtected?: boolean;
}

/** An app that had its logins before it knew of a second factor, some of them by `req.logIn`, and `protect`. */
export function guardedApp(test: TestApp, options: GuardedOptions = {}): Guarded {
  const passport = new Passport();
  const users = test.db.getRepository(UserSchema);
  passport.serializeUser((user, done) => {
    done(null, (user as TestUser).id);
  });
  passport.deserializeUser((id: number, done) => {
    users.findOneBy({ id }).then((user) => {
      done(null, user ?? false);
    }, done);
  });
  passport.use(passwordOf(test));
  options.strategies?.(passport);
  const answer =
    options.isProtected === false
      ? { wrapped: [], left: [] }
      : protect(passport, { service: test.service, ...options.protect });

  const app = express();
  app.use(express.json(), session({ secret: 'test', resave: false, saveUninitialized: false }), passport.session());
  app.use(twoFactorAuth({ service: test.service, passport }));
  const answerUser = (req: Request, res: Response): void => {
    res.json({ user: (req.user as TestUser | undefined)?.id ?? null });
  };
  app.post('/local', passport.authenticate('local'), answerUser);
  app.post('/instance', passport.authenticate(passwordOf(test)), answerUser);
  app.post('/2fa', passport.authenticate('two-factor'), answerUser);
  app.post('/reset', (req, res, next) => {
    users.findOneBy({ email: (req.body as TestUser).email }).then((user) => {
      const { options: given } = req.body as { options?: { session: boolean } };
      const done = (error: unknown): void => {
        if (error) next(error);
        else answerUser(req, res);
      };
      if (given) req.logIn(user!, given, done);
      else req.login(user!, done);
    }, next);
  });
  app.get('/me', (req, res) => {
    if (req.isAuthenticated()) answerUser(req, res);
    else res.status(401).end();
  });
  app.post('/set-up', (req, res, next) => {
    req.auth.twoFactor.setup.totp().then(() => res.end(), next);
  });
  app.post('/codes', (req, res, next) => {
    req.auth.twoFactor.generateNewBackupCodes().then((codes) => res.json({ codes }), next);
  });
  options.routes?.(app, passport);
  app.use((error: unknown, req: Request, res: Response, next: NextFunction) => {
    res.set('x-user', String((req.user as TestUser | undefined)?.id ?? 'nobody'));
    next(error);
  });
  app.use(secondFactorErrorHandler({ status: 202 }));
  app.use((error: Error, _req: Request, res: Response, _next: NextFunction) => {
    res.status(500).json({ internal: error.message });
  });
  return { app, passport, answer, agent: () => request.agent(app) };
}
