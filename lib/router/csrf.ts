import { csrfSync } from 'csrf-sync';
import type { Request, RequestHandler } from 'express';
import { isBearer, isWithoutCookies, only, sessionOf } from './request.js';

/** Tokens of a guard that the app has before all of its routes, and so before the router. */
export interface AppCsrf {
  /** The token that the app's guard will accept from this session, such as `(req) => req.csrfToken()`. */
  readonly token: (req: Request) => string;
  /** The form field that the guard reads it from. Default `'_csrf'`. */
  readonly field?: string;
}

/** How the pages' forms and the client of the JSON API prove that they are not another site's. */
export interface Csrf {
  /** The hidden field of the forms. */
  readonly field: string;
  /** The token of this session; undefined for a request without one. */
  readonly token: (req: Request) => string | undefined;
  /** Refuses a POST without it. */
  readonly check: RequestHandler;
}

/** JSON clients send the router's own token as `x-csrf-token`. */
const ownField = '_csrf';

const sessionKey = 'twoFactorCsrf';

/**
 * No other site can make a browser send a bearer token. It exempts a request only where nothing else could have logged
 * it in: with a cookie beside it, the cookie's session may be whom the request acts for.
 */
function isBearerOnly(req: Request): boolean {
  if (isWithoutCookies(req)) return true;
  const alone = sessionOf(req) === undefined || req.headers.cookie === undefined;
  return alone && isBearer(req);
}

const protection = csrfSync({
  size: 32,
  getTokenFromRequest: (req) => {
    const body = req.body as Record<string, string | undefined> | undefined;
    return req.get('x-csrf-token') ?? body?.[ownField];
  },
  getTokenFromState: (req) => sessionOf(req)?.[sessionKey] as string | undefined,
  storeTokenInState: (req, token) => {
    const session = sessionOf(req);
    if (session) session[sessionKey] = token;
  },
  skipCsrfProtection: isBearerOnly,
});

const own: Csrf = {
  field: ownField,
  token: (req) => (sessionOf(req) ? protection.generateToken(req) : undefined),
  check: protection.csrfSynchronisedProtection,
};

function ofTheApp({ token: read, field = ownField }: AppCsrf): Csrf {
  const token = (req: Request): string => {
    const token: unknown = read(req);
    if (typeof token === 'string' && token !== '') return token;
    throw new TypeError(
      `twoFactorRouter: csrf.token must answer the token of the app's CSRF guard; got ` +
        (token === '' ? 'no text' : typeof token),
    );
  };
  return {
    field,
    token: (req) => (sessionOf(req) ? token(req) : undefined),
    // The app's guard has decided before. Should it be missing, there is no token to be had, or the browser tells.
    check: only((req) => {
      if (isBearerOnly(req)) return;
      token(req);
      if (req.get('sec-fetch-site') === 'cross-site') throw protection.invalidCsrfTokenError;
    }),
  };
}

/** The router's own tokens, or those of the app's guard. */
export const csrfOf = (app: AppCsrf | undefined): Csrf => (app ? ofTheApp(app) : own);

export const isCsrfError = (error: unknown): boolean => error === protection.invalidCsrfTokenError;
