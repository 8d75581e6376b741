import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { EnrollmentRequiredError, StepUpRequiredError, UserNotLoggedInError, type TwoFactorError } from '../errors.js';
import type { Duration } from '../options.js';
import { milliseconds } from '../settings.js';
import { checkService } from '../passport/two-factor-strategy.js';
import type { TwoFactorService } from '../service/two-factor-service.js';
import { authenticationOf, isRecent } from '../session/authentication.js';
import { hasSession, sessionOf, userOf } from '../session/session.js';

/** Options of `requireSecondFactor`. */
export interface RequireSecondFactorOptions {
  /** Where second factors are kept. */
  readonly service: TwoFactorService;
  /** How long ago the second factor may have been verified. Default: any time in this session. */
  readonly maxAge?: Duration;
  /** Where a browser goes instead of the error; the page it came for is kept as `req.session.returnTo`. */
  readonly redirect?: string | ((error: TwoFactorError, req: Request) => string);
}

function readMaxAge(maxAge: Duration | undefined): number | undefined {
  if (maxAge === undefined) return undefined;
  const parsed: unknown = typeof maxAge === 'string' ? milliseconds(maxAge) : maxAge;
  if (typeof parsed === 'number' && parsed > 0) return parsed;
  throw new TypeError(`requireSecondFactor: maxAge must be a duration such as "5m"; got ${typeof maxAge} ${JSON.stringify(maxAge)}`);
}

/**
 * Guards routes: only a session whose user has verified a second factor in it passes. Errors: `NOT_LOGGED_IN`,
 * `ENROLLMENT_REQUIRED` (the user has none), `STEP_UP_REQUIRED` (an exempt OAuth login, a session older than the
 * enrolment or than a change of factors, or `maxAge`). While the second factor is not enabled, logged-in users pass.
 */
export function requireSecondFactor(options: RequireSecondFactorOptions): RequestHandler {
  checkService((options as RequireSecondFactorOptions | undefined)?.service, 'requireSecondFactor');
  const { service, redirect } = options;
  const maxAge = readMaxAge(options.maxAge);
  return (req: Request, res: Response, next: NextFunction): void => {
    check(service, req, maxAge).then(
      (refusal) => {
        if (!refusal) next();
        else if (redirect === undefined) next(refusal);
        else {
          // "//evil.example" is a path to us and another site to a browser.
          const local = /^\/(?![/\\])/.test(req.originalUrl);
          if (req.method === 'GET' && local && hasSession(req)) sessionOf(req).returnTo = req.originalUrl;
          res.redirect(typeof redirect === 'string' ? redirect : redirect(refusal, req));
        }
      },
    ).catch(next);
  };
}

async function check(service: TwoFactorService, req: Request, maxAge: number | undefined): Promise<TwoFactorError | undefined> {
  const user = userOf(req);
  if (user === undefined) return new UserNotLoggedInError();
  if (!service.settings.enabled) return undefined;
  const identity = service.identify(user);
  const { authenticators, securityEpoch } = await service.snapshot(identity);
  if (authenticators.length === 0) return new EnrollmentRequiredError();
  const authentication = authenticationOf(req, identity.key, securityEpoch);
  if (!authentication || authentication.secondFactorAt === 0) return new StepUpRequiredError();
  if (maxAge !== undefined && !isRecent(authentication.secondFactorAt, service.settings.clock(), maxAge)) return new StepUpRequiredError();
  return undefined;
}
