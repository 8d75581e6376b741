import type { Request } from 'express';
import { pendingToken } from '../standing/pending-login.js';
import { hasSession } from '../standing/session.js';

/** What Passport, Express and the session keep on a request: an account put in such a place is no link. */
const taken = new Set([
  'user',
  'session',
  'sessionID',
  'sessionStore',
  'auth',
  'authInfo',
  'body',
  'query',
  'params',
  'cookies',
  'signedCookies',
]);

/**
 * Whether an account is only linked to the user who is logged in (`passport.authorize`): it is put on the request under
 * a name of the app's own. Under `user` it would be who is logged in, for the rest of the request.
 */
export function isLinking(req: Request, property: unknown): boolean {
  if (typeof property !== 'string' || property === '' || property.startsWith('_') || taken.has(property)) return false;
  if (property === (req as { _userProperty?: unknown })._userProperty) return false;
  if (
    property in (Object.getPrototypeOf(req) as object) ||
    typeof (req as unknown as Record<string, unknown>)[property] === 'function'
  )
    return false;
  return req.isAuthenticated() && !(hasSession(req) && pendingToken(req) !== undefined);
}
