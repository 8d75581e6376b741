import express, { type Express, type Request, type RequestHandler } from 'express';
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
import { lastResort } from './last-resort.js';
import { RefreshTokens, type Begun } from './refresh-tokens.js';
import { AccessTokens, familyOf } from './tokens.js';

export interface Config {
  /** Opened, with `tables()`. */
  readonly db: DataSource;
  readonly keys: string;
  /** Epoch milliseconds. Tests let time pass by it. */
  readonly clock?: () => number;
}

/** A body as a client claims it to be: what is in it may be of any type, and whoever takes it looks. */
interface Body {
  readonly email: unknown;
  readonly password: string;
  readonly newPassword: unknown;
  readonly code: string;
  readonly refreshToken: unknown;
}
const given = (req: Request): Body => (req.body ?? {}) as Body;

/** An API without sessions and cookies: whoever has logged in has a token, and the token tells how. */
export function createApp({ db, keys, clock = Date.now }: Config): Express {
  const accounts = new Accounts(db);
  const accessTokens = new AccessTokens(clock);
  const service = new TwoFactorService({
    db,
    keys,
    clock,
    users: {
      // Of an account, and of the user that a token names.
      id: (user: Pick<Account, 'id'>) => String(user.id),
      email: (user: Partial<Account>) => user.email,
      find: (id) => accounts.find(Number(id)),
    },
    twoFactor: { issuer: 'MyApp' },
  });
  const refreshTokens = new RefreshTokens(db, service, clock);
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
  /** Two tokens that hold the same claims. */
  const pair = (begun: Begun) => ({ token: accessTokens.issue(begun), refreshToken: begun.refreshToken });
  const begin = async (req: Request, claims: TwoFactorClaims) => pair(await refreshTokens.begin(userId(req), claims));
  /** A change of factors ends what older tokens stand for: this client goes on with a login of its own. */
  const beginAnew = async (req: Request) => {
    await refreshTokens.end(familyOf(req));
    return begin(req, req.auth.claims);
  };
  /** For routes that change something or answer new tokens: an access token whose login was ended does neither. */
  const live: RequestHandler = async (req, _res, next) => {
    next((await refreshTokens.isLive(familyOf(req), userId(req))) ? undefined : new UserNotLoggedInError());
  };

  const app = express();
  app.disable('x-powered-by');
  app.use(express.json());
  app.use((_req, res, next) => {
    res.set('Cache-Control', 'no-store');
    next();
  });

  app.post('/signup', async (req, res) => {
    const { email, password } = given(req);
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
    const begun = await refreshTokens.use(given(req).refreshToken);
    // One who was removed gets no other token.
    if (!(await accounts.find(Number(begun.userId)))) throw new UserNotLoggedInError();
    res.json(pair(begun));
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

  app.use(live);
  app.post('/step-up', async (req, res) => {
    await req.auth.twoFactor.verify.totp(given(req).code);
    res.json(pair(await refreshTokens.renew(familyOf(req), userId(req), req.auth.claims)));
  });
  app.post('/2fa/totp', async (req, res) => {
    res.json(await req.auth.twoFactor.setup.totp());
  });
  app.post('/2fa/totp/confirm', async (req, res) => {
    const backupCodes = await req.auth.twoFactor.complete.totp(given(req).code);
    res.json({ backupCodes, ...(await beginAnew(req)) });
  });
  app.delete('/2fa/totp', async (req, res) => {
    await req.auth.twoFactor.disable(TwoFactorMechanism.TOTP);
    res.json(await beginAnew(req));
  });
  /** No refresh token is good any more, and no access token that is out stands for a second factor. */
  const endEverything = async (id: string): Promise<void> => {
    await refreshTokens.endAll(id);
    await service.endStandings(id);
  };
  app.post('/logout/everywhere', async (req, res) => {
    await endEverything(userId(req));
    res.status(204).end();
  });
  app.post('/password', async (req, res) => {
    // Of a user with a second factor it also asks that this login has verified one.
    await req.auth.reauthenticate(given(req).password);
    const problem = await accounts.changePassword(Number(userId(req)), given(req).newPassword);
    if (problem !== undefined) {
      res.status(400).json({ error: { code: 'INVALID_INPUT', message: problem } });
      return;
    }
    await endEverything(userId(req));
    res.status(204).end();
  });

  app.use((_req, res) => {
    res.status(404).json({ error: { code: 'NOT_FOUND', message: 'There is nothing here.' } });
  });
  app.use(secondFactorErrorHandler({ status: 202 }));
  app.use(lastResort);
  return app;
}
