import type { Request } from 'express';
import type { LogInRequest } from '../standing/log-in.js';
import type { Passport } from './passports.js';
import type { SessionManager } from './verdict.js';

/** What this request's Passport would keep of the user in the session; undefined where it cannot tell. */
export function serialize(req: LogInRequest, user: unknown): Promise<unknown> {
  const manager = req._sessionManager as SessionManager | undefined;
  return new Promise((resolve) => {
    if (typeof manager?._serializeUser !== 'function') {
      resolve(undefined);
      return;
    }
    try {
      // Apps that log in by token have no serializer: that is no reason to fail.
      manager._serializeUser(user, req, (error, serialized) => {
        resolve(isNone(error) ? serialized : undefined);
      });
    } catch {
      resolve(undefined);
    }
  });
}

/** A Passport's own way from what it has kept to the user; undefined where there is none. */
export function deserializer(
  passport: Passport | undefined,
  req: Request,
): ((serialized: unknown) => Promise<unknown>) | undefined {
  if (typeof passport?.deserializeUser !== 'function') return undefined;
  return (serialized) =>
    new Promise((resolve, reject) => {
      passport.deserializeUser?.(serialized, req, (error, user) => {
        if (isNone(error)) resolve(user);
        else reject(error instanceof Error ? error : new Error('deserializeUser failed.', { cause: error }));
      });
    });
}

const isNone = (error: unknown): boolean => error === undefined || error === null || error === false;
