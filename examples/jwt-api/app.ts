import express, { type ErrorRequestHandler, type Express, type Request } from 'express';
import passportModule from 'passport';
import { Strategy as LocalStrategy } from 'passport-local';
import type { DataSource } from 'typeorm';
import {
  requireSecondFactor,
  secondFactorErrorHandler,
  SecondFactorStrategy,
  claimsOf,
  twoFactorAuth,
  TwoFactorMechanism,
  TwoFactorService,
  TwoFactorStrategy,
  UserNotLoggedInError,
  type TwoFactorClaims,
} from 'passport-two-factor';
import { Accounts } from '../quickstart/accounts.js';
import type { Account } from '../quickstart/database.js';
import { RefreshTokens } from './refresh-tokens.js';
import { AccessTokens } from './tokens.js';

export interface Config {
  /** Opened, with the tables of `demoTables()` and that of the refresh tokens. */
  readonly db: DataSource;
  readonly keys: string;
}

/** A body as a client claims it to be: what is in it may be of any type, and whoever takes it looks. */
const given = (req: Request): { readonly code: string; readonly refreshToken: unknown } =>
  (req.body ?? {}) as { code: string; refreshToken: unknown };

/** An API without sessions and cookies: whoever has logged in has a token, and the token tells how. */
export function createApp({ db, keys }: Config): Express {
  const accounts = new Accounts(db);
  const accessTokens = new AccessTokens();
  const service = new TwoFactorService({
    db,
    keys,
    users: {
      // Of an account, and of the user that a token names.
      id: (user: Pick<Account, 'id'>) => String(user.id),
      email: (user: Partial<Account>) => user.email,
      find: (id) => accounts.find(Number(id)),
    },
    twoFactor: { issuer: 'MyApp' },
  });
  const refreshTokens = new RefreshTokens(db, service);
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

  const userId = (req: Request): string => String((req.user as Account).id);
  /** A new login: two tokens that hold the same claims. */
  const begin = async (req: Request, claims: TwoFactorClaims) => ({
    token: accessTokens.issue(userId(req), claims),
    refreshToken: await refreshTokens.begin(userId(req), claims),
  });

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
  app.post('/login', passport.authenticate('local', { session: false, failWithError: true }), async (req, res) => {
    res.json(await begin(req, claimsOf(req)));
  });
  app.post('/login/second-factor', passport.authenticate('two-factor', { session: false }), async (req, res) => {
    res.json(await begin(req, claimsOf(req)));
  });
  app.post('/refresh', async (req, res) => {
    const { userId: id, claims, refreshToken } = await refreshTokens.use(given(req).refreshToken);
    // One who was removed gets no other token.
    if (!(await accounts.find(Number(id)))) throw new UserNotLoggedInError();
    res.json({ token: accessTokens.issue(id, claims), refreshToken });
  });
  app.post('/logout', async (req, res) => {
    await refreshTokens.end(given(req).refreshToken);
    res.status(204).end();
  });

  // From here on a token says who is asking, and `req.auth` what its login stands for.
  app.use(accessTokens.bearer);
  app.use(twoFactorAuth({ service, passport, claims: (req) => req.authInfo }));
  app.get('/me', async (req, res) => {
    const account = await accounts.find(Number(userId(req)));
    const { amr } = req.auth.claims;
    res.json({ email: account?.email, amr, secondFactor: await service.isEnabled(userId(req)) });
  });
  app.get('/vault', requireSecondFactor({ service }), (_req, res) => {
    res.json({ secret: 'The key is under the mat.' });
  });
  app.post('/step-up', async (req, res) => {
    await req.auth.twoFactor.verify.totp(given(req).code);
    res.json(await begin(req, req.auth.claims));
  });
  app.post('/2fa/totp', async (req, res) => {
    res.json(await req.auth.twoFactor.setup.totp());
  });
  // A change ends what older tokens stand for: this client goes on with new ones.
  app.post('/2fa/totp/confirm', async (req, res) => {
    const backupCodes = await req.auth.twoFactor.complete.totp(given(req).code);
    res.json({ backupCodes, ...(await begin(req, req.auth.claims)) });
  });
  app.delete('/2fa/totp', async (req, res) => {
    await req.auth.twoFactor.disable(TwoFactorMechanism.TOTP);
    res.json(await begin(req, req.auth.claims));
  });
  /** No refresh token is good any more, and no access token that is out stands for a second factor. */
  app.post('/logout/everywhere', async (req, res) => {
    await refreshTokens.endAll(userId(req));
    await service.endStandings(userId(req));
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
