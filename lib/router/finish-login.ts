import type { Request, RequestHandler, Response } from 'express';
import { InvalidInputError, SecondFactorStrategy } from 'passport-two-factor';
import type { RouterSettings } from './options.js';
import { authOf, bodyOf, sessionOf, toError } from './request.js';
import { firstLocalPath } from './return-to.js';

export type FinishLogin = (req: Request, res: Response) => Promise<void>;

interface Actions {
  success: (user: unknown, info?: unknown) => void;
}

/** Knows of which requests the code was right. */
class WatchedStrategy extends SecondFactorStrategy {
  readonly proved = new WeakSet<Request>();

  override authenticate(...given: Parameters<SecondFactorStrategy['authenticate']>): void {
    const [req] = given;
    // Passport puts its actions on the strategy anew for every request.
    const actions = this as unknown as Actions;
    const { success } = actions;
    actions.success = (user, info) => {
      this.proved.add(req);
      success(user, info);
    };
    super.authenticate(...given);
  }
}

/**
 * Verifies the request's code, of any method, and logs in the Passport way, or stamps the session of a user who is
 * logged in. The strategy is the router's own, so that it needs not be registered.
 */
export function finishLogin({ service, passport }: RouterSettings): FinishLogin {
  const strategy = new WatchedStrategy({ service });
  const middleware = passport.authenticate(strategy) as RequestHandler;
  return async (req, res) => {
    if (!sessionOf(req)) throw new InvalidInputError('session', 'there: what a code proves is kept in it');
    await new Promise<void>((resolve, reject) => {
      void middleware(req, res, (error?: unknown) => {
        if (error === undefined || error === null) resolve();
        else reject(toError(error));
      });
    });
    // Passport goes on also where something failed with nothing (`reject()`): what counts is what was done.
    if (!strategy.proved.has(req) || !authOf(req).isLoggedIn()) throw new Error('The login could not be finished.');
  };
}

/**
 * Where the user was going, once: said by the request, or kept in the session by the guard that turned the user away.
 */
export function takeReturnTo(req: Request, fallback: string): string {
  const session = sessionOf(req);
  const kept = session?.returnTo;
  if (session) delete session.returnTo;
  return firstLocalPath([bodyOf(req).returnTo, kept], fallback);
}
