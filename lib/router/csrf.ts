import { csrfSync } from 'csrf-sync';
import type { Request } from 'express';
import { sessionOf } from './request.js';

/** The form field that carries the token; JSON clients send it as `x-csrf-token`. */
export const csrfField = '_csrf';

const sessionKey = 'twoFactorCsrf';

/**
 * No other site can make a browser send a bearer token. It exempts a request only where nothing else could have logged
 * it in: with a cookie beside it, the cookie's session may be whom the request acts for.
 */
function isBearerOnly(req: Request): boolean {
  return /^bearer ./i.test(req.headers.authorization ?? '') && (sessionOf(req) === undefined || req.headers.cookie === undefined);
}

const protection = csrfSync({
  size: 32,
  getTokenFromRequest: (req) => req.get('x-csrf-token') ?? (req.body as Record<string, string | undefined> | undefined)?.[csrfField],
  getTokenFromState: (req) => sessionOf(req)?.[sessionKey] as string | undefined,
  storeTokenInState: (req, token) => {
    const session = sessionOf(req);
    if (session) session[sessionKey] = token;
  },
  skipCsrfProtection: isBearerOnly,
});

/** Refuses every POST without the token of its session. */
export const csrfProtection = protection.csrfSynchronisedProtection;

export const isCsrfError = (error: unknown): boolean => error === protection.invalidCsrfTokenError;

/** The token of this session; undefined for a request without one. */
export const csrfToken = (req: Request): string | undefined => (sessionOf(req) ? protection.generateToken(req) : undefined);
