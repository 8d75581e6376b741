import { Router } from 'express';
import { twoFactorAuth } from 'passport-two-factor';
import { apiRoutes } from './api/api.js';
import { readRouterOptions, type TwoFactorRouterOptions } from './options.js';
import { pageRoutes } from './pages/routes/page-routes.js';
import { authProperty } from './request.js';

/**
 * The whole second factor of an app: a JSON API below `/api` and, with `pages`, the pages for it. Mount it at any path,
 * after `passport.session()`; send halted logins to that path by `secondFactorRedirect`, and users whom
 * `requireSecondFactor` refuses to `/continue` below it by `redirect`.
 *
 * @throws TypeError for an option that is unknown or out of bounds
 */
export function twoFactorRouter(options: TwoFactorRouterOptions): Router {
  const settings = readRouterOptions(options);
  const { service, passport, login } = settings;
  const router = Router();
  router.use(twoFactorAuth({ service, passport, property: authProperty, ...(login !== undefined && { login }) }));
  router.use(apiRoutes(settings));
  if (settings.pages) router.use(pageRoutes(settings));
  return router;
}
