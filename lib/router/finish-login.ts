import type { Request, RequestHandler, Response } from 'express';
import { InvalidInputError, SecondFactorStrategy } from 'passport-two-factor';
import type { RouterSettings } from './options.js';
import { bodyOf, sessionOf } from './request.js';
import { firstLocalPath } from './return-to.js';

export type FinishLogin = (req: Request, res: Response) => Promise<void>;

/**
 * Verifies the request's code, of any method, and logs in the Passport way, or stamps the session of a user who is
 * logged in. The strategy is the router's own, so that it needs not be registered.
 */
export function finishLogin({ service, passport }: RouterSettings): FinishLogin {
  const middleware = passport.authenticate(new SecondFactorStrategy({ service })) as RequestHandler;
  return (req, res) => new Promise((resolve, reject) => {
    if (!sessionOf(req)) throw new InvalidInputError('session', 'there: what a code proves is kept in it');
    void middleware(req, res, (error?: unknown) => {
      if (error === undefined || error === null) resolve();
      else reject(error instanceof Error ? error : new Error('The login could not be finished.', { cause: error }));
    });
  });
}

/** Where the user was going, once: said by the request, or kept in the session by the guard that turned the user away. */
export function takeReturnTo(req: Request, fallback: string): string {
  const session = sessionOf(req);
  const kept = session?.returnTo;
  if (session) delete session.returnTo;
  return firstLocalPath([bodyOf(req).returnTo, kept], fallback);
}
