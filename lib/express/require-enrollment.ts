import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { EnrollmentRequiredError } from '../errors.js';
import { checkService } from '../passport/two-factor-strategy.js';
import type { TwoFactorService } from '../service/two-factor-service.js';
import { userOf } from '../session/session.js';

/** Options of `requireEnrollment`. */
export interface RequireEnrollmentOptions {
  /** Where second factors are kept. */
  readonly service: TwoFactorService;
  /** Where a browser goes instead of the error: the page to enrol at. It must be one of `except`. */
  readonly redirect?: string;
  /** Paths that stay open, with all below them: the pages to enrol at and to log out. */
  readonly except?: readonly string[];
}

/**
 * Holds users who must have a second factor (`twoFactor.enforce`) and have none to the pages where they enrol:
 * `ENROLLMENT_REQUIRED`, or `redirect`, once their deadline has come. Requests of nobody go on; mount it after
 * `passport.session()`, before the routes.
 *
 * @throws TypeError for a `redirect` that is not among `except`: it would redirect for ever
 */
export function requireEnrollment(options: RequireEnrollmentOptions): RequestHandler {
  checkService((options as RequireEnrollmentOptions | undefined)?.service, 'requireEnrollment');
  const { service, redirect, except = [] } = options;
  // Compared as whole segments, so that "/2fa" does not open "/2fabulous".
  const isOpen = (path: string): boolean => except.some((open) => path === open || path.startsWith(`${open.replace(/\/$/, '')}/`));
  if (redirect !== undefined && !isOpen(new URL(redirect, 'http://localhost').pathname)) {
    throw new TypeError(`requireEnrollment: except must name the page that redirect goes to: { redirect: "${redirect}", except: ["${redirect}"] }`);
  }
  return (req: Request, res: Response, next: NextFunction): void => {
    const user = userOf(req) as Express.User | undefined;
    if (user === undefined || isOpen(req.path)) {
      next();
      return;
    }
    isDue(service, user).then(
      (due) => {
        if (!due) next();
        else if (redirect === undefined) next(new EnrollmentRequiredError());
        else res.redirect(redirect);
      },
    ).catch(next);
  };
}

async function isDue(service: TwoFactorService, user: Express.User): Promise<boolean> {
  const deadline = await service.policy.deadline(service.identify(user), user);
  return deadline !== undefined && deadline <= service.settings.clock();
}
