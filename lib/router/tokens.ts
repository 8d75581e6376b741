import type { Request, RequestHandler } from 'express';
import { UserNotLoggedInError, type TwoFactorAuthOptions, type TwoFactorClaims } from 'passport-two-factor';
import { authOf, bodyOf, ignoreCookies, isBearer, isWithoutCookies, only, toError } from './request.js';

/** How the router serves clients that send `Authorization: Bearer` in place of a cookie. */
export interface RouterTokens {
  /** Answers the payload of the request's token, which has been verified: `(req) => req.authInfo`. */
  readonly claims: NonNullable<TwoFactorAuthOptions['claims']>;
  /**
   * Issues another token after each login, step-up and change of factors. What it answers is the answer's `tokens`.
   * The user is as `users.find` answers; the claims belong into the token.
   */
  readonly issue: (user: Express.User, claims: TwoFactorClaims, req: Request) => unknown;
  /**
   * The strategy that reads and verifies the bearer token, such as `'jwt'`; the router runs it. Without, a middleware
   * of the app's has done so before the router.
   */
  readonly strategy?: string;
}

type Passport = TwoFactorAuthOptions['passport'];

/**
 * Lets nothing but the bearer token of a request say whose it is: no other site can make a browser send one. It comes
 * before whatever asks who is logged in.
 */
export function readBearer(passport: Passport, { strategy }: RouterTokens): RequestHandler {
  const verify =
    strategy === undefined
      ? undefined
      : (passport.authenticate(strategy, { session: false, failWithError: true }) as RequestHandler);
  return (req, res, next) => {
    if (!isBearer(req)) {
      next();
      return;
    }
    if (!verify) {
      only(() => {
        ignoreCookies(req, 'user');
      })(req, res, next);
      return;
    }
    // A strategy that passes has found nobody, whoever the cookie is of.
    ignoreCookies(req, 'nobody');
    void verify(req, res, (error?: unknown) => {
      if (error === undefined || error === null) next();
      else next(isRefusal(error) ? new UserNotLoggedInError() : toError(error));
    });
  };
}

/** Passport's own error, of a strategy that has refused the token. */
const isRefusal = (error: unknown): boolean => (error as { name?: unknown }).name === 'AuthenticationError';

/**
 * A client that has no token yet sends back the `challengeToken` of its halted login: it alone says which login it is.
 * It comes after the body parser.
 */
export const readChallengeToken: RequestHandler = only((req) => {
  const { challengeToken } = bodyOf(req);
  if (typeof challengeToken !== 'string' || challengeToken === '' || isWithoutCookies(req)) return;
  ignoreCookies(req, 'nobody');
});

/** What an answer has beside its own: another token, where this request has proved what the client's does not say. */
export async function issuedTokens(req: Request, tokens: RouterTokens | undefined): Promise<{ tokens?: unknown }> {
  if (!tokens) return {};
  const proved = await authOf(req).token.newClaims();
  return proved ? { tokens: await tokens.issue(proved.user, proved.claims, req) } : {};
}
