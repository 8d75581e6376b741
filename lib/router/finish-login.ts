import type { Request, RequestHandler, Response } from 'express';
import { InvalidInputError, SecondFactorStrategy } from 'passport-two-factor';
import type { RouterSettings } from './options.js';
import { authOf, bodyOf, sessionOf, toError } from './request.js';
import { firstLocalPath } from './return-to.js';

export type FinishLogin = (req: Request, res: Response) => Promise<void>;

/** A strategy, as far as it is run here. */
interface Runnable {
  authenticate(req: Request, options?: object): void;
}

interface Actions {
  success: (user: unknown, info?: unknown) => void;
}

/** Knows of which requests the code was right. Passport puts its actions on the strategy anew for every request. */
function watch(strategy: Runnable): WeakSet<Request> {
  const proved = new WeakSet<Request>();
  const authenticate = strategy.authenticate.bind(strategy);
  strategy.authenticate = (req: Request, options?: object): void => {
    const actions = strategy as unknown as Actions;
    const { success } = actions;
    actions.success = (user, info) => {
      proved.add(req);
      success(user, info);
    };
    authenticate(req, options);
  };
  return proved;
}

/**
 * Verifies the request's code, of any method, and logs in the Passport way, or stamps the session of a user who is
 * logged in. The strategy is the router's own, so that it needs not be registered.
 */
export function finishLogin({ service, passport }: RouterSettings): FinishLogin {
  return throughStrategy(passport, new SecondFactorStrategy({ service }));
}

/** Runs a strategy of the router's own by Passport, which logs in or stamps the session, and answers after that. */
export function throughStrategy(passport: RouterSettings['passport'], strategy: Runnable): FinishLogin {
  const proved = watch(strategy);
  const bySession = passport.authenticate(strategy) as RequestHandler;
  const byToken = passport.authenticate(strategy, { session: false }) as RequestHandler;
  return async (req, res) => {
    const isByToken = authOf(req).token.counts;
    if (!isByToken && !sessionOf(req))
      throw new InvalidInputError('session', 'there: what a code proves is kept in it');
    const middleware = isByToken ? byToken : bySession;
    await new Promise<void>((resolve, reject) => {
      void middleware(req, res, (error?: unknown) => {
        if (error === undefined || error === null) resolve();
        else reject(toError(error));
      });
    });
    // Passport goes on also where something failed with nothing (`reject()`): what counts is what was done.
    if (!proved.has(req) || !authOf(req).isLoggedIn()) throw new Error('The login could not be finished.');
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
