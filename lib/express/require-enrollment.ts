import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { EnrollmentRequiredError, toError } from '../errors.js';
import { checkText } from '../core/options.js';
import { checkService } from '../passport/check-service.js';
import type { TwoFactorService } from '../service/two-factor-service.js';
import { userOf } from '../standing/session.js';
import { readClaimsBy } from '../standing/token-standing.js';
import { checkClaims, presentUser, type ReadRequestClaims } from '../passport/by-token.js';
import type { OfRequest } from '../passport/gate.js';
import { openPaths } from './open-path.js';
import { hintOfPassport } from './hints.js';
import { checkOptions } from '../core/options.js';

/** Options of `requireEnrollment`. */
export interface RequireEnrollmentOptions {
  /** Where second factors are kept. */
  readonly service: TwoFactorService;
  /** Where a browser goes instead of the error: the page to enroll at. It must be one of `except`. */
  readonly redirect?: string;
  /**
   * Paths that stay open, with all below them: the pages to enroll at and to log out. `/` opens the home page alone.
   * They are compared with `req.path`: below a path that the guard itself is mounted at, with what comes after that.
   */
  readonly except?: readonly string[];
  /** For an app with tokens, where no `twoFactorAuth` says so: answers the payload that the app has verified. */
  readonly claims?: ReadRequestClaims;
}

/**
 * Holds users who must have a second factor (`twoFactor.enforce`) and have none to the pages where they enroll:
 * `ENROLLMENT_REQUIRED`, or `redirect`, once their deadline has come. Requests of nobody go on; mount it after
 * `passport.session()`, before the routes.
 *
 * @throws TypeError for an unknown option, and for a `redirect` that is not among `except`: it would redirect for ever
 */
export function requireEnrollment(options: RequireEnrollmentOptions): RequestHandler {
  checkOptions('requireEnrollment', options, ['service', 'redirect', 'except', 'claims']);
  const { service, redirect, except = [], claims } = options;
  checkService(service, 'requireEnrollment');
  checkClaims('requireEnrollment', claims, service);
  checkText('requireEnrollment', 'redirect', { value: redirect, expected: 'a text such as "/2fa/enroll"' });
  const isOpen = openPaths('requireEnrollment', except);
  if (redirect !== undefined && !isOpen(new URL(redirect, 'http://localhost').pathname)) {
    throw new TypeError(
      `requireEnrollment: except must name the page that redirect goes to: { redirect: "${redirect}", except: ` +
        `["${redirect}"] }`,
    );
  }
  return (req: Request, res: Response, next: NextFunction): void => {
    if (claims) readClaimsBy(req, claims);
    const hold = async (): Promise<boolean> => {
      hintOfPassport(req);
      return userOf(req) !== undefined && !isOpen(req.path) && (await isDue({ service, req }));
    };
    // Whatever a function of the app throws denies: `next` takes nothing, and 'route', for "go on".
    hold()
      .then((due) => {
        if (!due) next();
        else if (redirect === undefined) next(new EnrollmentRequiredError());
        else res.redirect(redirect);
      })
      .catch((reason: unknown) => {
        next(toError(reason));
      });
  };
}

async function isDue({ service, req }: OfRequest): Promise<boolean> {
  const { identity, user } = await presentUser({ service, req });
  const deadline = await service.policy.deadline(identity, user);
  return deadline !== undefined && deadline <= service.settings.clock();
}
