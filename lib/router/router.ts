import { Router, type RequestHandler } from 'express';
import { twoFactorAuth } from 'passport-two-factor';
import { apiRoutes } from './api/api.js';
import { readRouterOptions, type RouterSettings, type TwoFactorRouterOptions } from './options.js';
import { pageRoutes } from './pages/routes/page-routes.js';
import { authProperty, sessionOf } from './request.js';
import { isLocalPath } from './return-to.js';

/**
 * Mounted by a pattern, the router is also at `//evil.example/2fa`: a path to us, and to a browser another site, which
 * every form and script of a page would then come from. There is nothing at such an address, and it is nowhere to
 * return to after the login, whoever has kept it: a guard of the app's may have run before.
 */
const onlyOnThisSite =
  ({ returnTo }: RouterSettings): RequestHandler =>
  (req, _res, next) => {
    if (isLocalPath(`${req.baseUrl}/`)) {
      next();
      return;
    }
    const session = sessionOf(req);
    if (session) session.returnTo = returnTo;
    next('router');
  };

/**
 * The whole second factor of an app: a JSON API below `/api` and, with `pages`, the pages for it. Mount it at any path,
 * after `passport.session()`; send halted logins to that path by `secondFactorRedirect`, and users whom
 * `requireSecondFactor` refuses to `/continue` below it by `redirect`.
 *
 * @throws TypeError for an option that is unknown or out of bounds
 */
export function twoFactorRouter(options: TwoFactorRouterOptions): Router {
  const settings = readRouterOptions(options);
  const { service, passport, login, tokens } = settings;
  const router = Router();
  router.use(onlyOnThisSite(settings));
  router.use(
    twoFactorAuth({
      service,
      passport,
      property: authProperty,
      ...(login !== undefined && { login }),
      ...(tokens && { claims: tokens.claims }),
    }),
  );
  router.use(apiRoutes(settings));
  if (settings.pages) router.use(pageRoutes(settings));
  return router;
}
