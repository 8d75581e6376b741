import type { Request, RequestHandler } from 'express';
import { authOf, only, sessionOf } from './request.js';

/** Nothing but a bearer token says who is asking: there need be no session. */
const hasToken = (req: Request): boolean => req.headers.authorization !== undefined;

/**
 * Where sessions or users come after the router, it would take everybody for nobody and send them to log in for ever.
 * @throws Error that says what has to come first
 */
function checkOrder(req: Request): void {
  const auth = authOf(req);
  if (auth.token.counts || auth.isLoggedIn() || auth.pending) return;
  const session = sessionOf(req);
  if (!session) {
    if (hasToken(req)) return;
    throw new Error(
      'twoFactorRouter: there is no req.session: mount the router after express-session and passport.session(). ' +
        'If its store is down, nobody is logged in.',
    );
  }
  const { isAuthenticated, _sessionManager: manager } = req as {
    isAuthenticated?: unknown;
    _sessionManager?: { _key?: string };
  };
  const stored = session[manager?._key ?? 'passport'] as { user?: unknown } | undefined;
  // passport.session() takes the stored user away where the app's deserializeUser knows nobody by it.
  if (typeof isAuthenticated !== 'function' || stored?.user !== undefined) {
    throw new Error(
      'twoFactorRouter: nothing has read the user from the session yet: mount the router after passport.session().',
    );
  }
}

/** Before each route of the router, and no other: the app's own may be behind a router that is mounted at "/". */
export const mountedInOrder: RequestHandler = only(checkOrder);
