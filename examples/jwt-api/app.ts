import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler } from 'express';
import passportModule from 'passport';
import { Strategy as LocalStrategy } from 'passport-local';
import type { DataSource } from 'typeorm';
import {
  EnrollmentRequiredError,
  secondFactorErrorHandler,
  SecondFactorStrategy,
  StepUpRequiredError,
  TwoFactorMechanism,
  TwoFactorService,
  TwoFactorStrategy,
} from 'passport-two-factor';
import { Accounts } from '../quickstart/accounts.js';
import type { Account } from '../quickstart/database.js';
import { claimsOf, Tokens } from './tokens.js';

export interface Config {
  /** Opened, with the tables of `demoTables()`. */
  readonly db: DataSource;
  readonly keys: string;
}

/** Seconds after a login in which factors can be changed. */
const recent = 5 * 60;

/** An API without sessions and cookies: whoever has logged in has a token, and the token tells how. */
export function createApp({ db, keys }: Config): Express {
  const accounts = new Accounts(db);
  const tokens = new Tokens();
  const service = new TwoFactorService({
    db,
    keys,
    users: {
      id: (user: Account) => String(user.id),
      email: (user: Account) => user.email,
      find: (id) => accounts.find(Number(id)),
    },
    twoFactor: { issuer: 'MyApp' },
  });
  const passport = new passportModule.Passport();
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

  /** For what is worth a second factor. The token says whether there was one; who has none is told to get one. */
  const secondFactor: RequestHandler = async (req, _res, next) => {
    const { userId, amr } = claimsOf(req);
    if (amr.includes('otp')) next();
    else next((await service.isEnabled(userId)) ? new StepUpRequiredError() : new EnrollmentRequiredError());
  };
  /** For changes of factors: a login just now that skipped no factor. `req.auth` asks this of sessions by itself. */
  const justNow: RequestHandler = async (req, _res, next) => {
    const { userId, amr, authTime } = claimsOf(req);
    const stale = Math.abs(Date.now() / 1000 - authTime) > recent;
    next(stale || (!amr.includes('otp') && (await service.isEnabled(userId))) ? new StepUpRequiredError() : undefined);
  };
  const userId = (req: Request): string => String((req.user as Account).id);

  const app = express();
  app.disable('x-powered-by');
  app.use(express.json());
  app.use((_req, res, next) => {
    res.set('Cache-Control', 'no-store');
    next();
  });

  app.post('/signup', async (req, res) => {
    const { email, password } = (req.body ?? {}) as { email?: unknown; password?: unknown };
    const account = await accounts.create(email, password);
    if (typeof account === 'string') res.status(400).json({ error: { code: 'INVALID_INPUT', message: account } });
    else res.status(201).json({ email: account.email });
  });
  // The routes after `passport.authenticate` run for a finished login only: no token is issued before.
  app.post('/login', passport.authenticate('local', { session: false, failWithError: true }), (req, res) => {
    res.json({ token: tokens.issue(userId(req), ['pwd']) });
  });
  app.post('/login/second-factor', passport.authenticate('two-factor', { session: false }), (req, res) => {
    res.json({ token: tokens.issue(userId(req), ['pwd', 'otp']) });
  });

  app.use(tokens.bearer);
  app.get('/me', async (req, res) => {
    const { userId: id, amr } = claimsOf(req);
    const account = await accounts.find(Number(id));
    res.json({ email: account?.email, amr, secondFactor: await service.isEnabled(id) });
  });
  app.get('/vault', secondFactor, (_req, res) => {
    res.json({ secret: 'The key is under the mat.' });
  });
  app.post('/2fa/totp', justNow, async (req, res) => {
    res.json(await service.setup.totp(claimsOf(req).userId));
  });
  app.post('/2fa/totp/confirm', justNow, async (req, res) => {
    const { code } = (req.body ?? {}) as { code: string };
    res.json({ backupCodes: await service.complete.totp(claimsOf(req).userId, code) });
  });
  app.delete('/2fa/totp', justNow, async (req, res) => {
    await service.disable(claimsOf(req).userId, TwoFactorMechanism.TOTP);
    res.status(204).end();
  });

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
    const refused = status === 401 && { code: 'INVALID_CREDENTIALS', message: 'Wrong e-mail address or password.' };
    if (status === 500) console.error(error);
    res.status(status).json({
      error:
        refused ||
        (status === 500
          ? { code: 'INTERNAL', message: 'The server failed.' }
          : { code: 'INVALID_INPUT', message: 'The request could not be read.' }),
    });
  };
  app.use(lastResort);
  return app;
}
