import type { NextFunction, Request, RequestHandler, Response } from 'express';
import {
  EnrollmentRequiredError,
  StepUpRequiredError,
  toError,
  UserNotLoggedInError,
  type TwoFactorError,
} from '../errors.js';
import { everyMethod, type MethodName } from '../core/methods.js';
import type { Duration } from '../options.js';
import { milliseconds } from '../core/option-fields.js';
import { checkOptions, checkText } from '../core/options.js';
import { checkService } from '../passport/check-service.js';
import type { TwoFactorService } from '../service/two-factor-service.js';
import { standingOf } from '../standing/request-standing.js';
import { keepReturnTo, sessionOf, userOf } from '../standing/session.js';
import { isPhishingResistant, isRecent, secondFactorAt, type ProvedFactor } from '../core/standing.js';
import { isByToken, readClaimsBy } from '../standing/token-standing.js';
import { checkClaims, presentUser, type ReadRequestClaims } from '../passport/by-token.js';
import { hintOfPassport } from './hints.js';

/** Options of `requireSecondFactor`. */
export interface RequireSecondFactorOptions {
  /** Where second factors are kept. */
  readonly service: TwoFactorService;
  /** How long ago the second factor may have been verified. Default: any time in this session. */
  readonly maxAge?: Duration;
  /** Whether it has to be one that another site cannot use: a passkey. Default `false`. */
  readonly phishingResistant?: boolean;
  /** For an app with tokens, where no `twoFactorAuth` says so: answers the payload that the app has verified. */
  readonly claims?: ReadRequestClaims;
  /** The methods that count. Default: all. */
  readonly methods?: readonly MethodName[];
  /** Where a browser goes instead of the error; the page it came for is kept as `req.session.returnTo`. */
  readonly redirect?: string | ((error: TwoFactorError, req: Request) => string);
}

function readMaxAge(maxAge: Duration | undefined): number | undefined {
  if (maxAge === undefined) return undefined;
  const parsed: unknown = typeof maxAge === 'string' ? milliseconds(maxAge) : maxAge;
  if (typeof parsed === 'number' && parsed > 0) return parsed;
  throw new TypeError(
    `requireSecondFactor: maxAge must be a duration such as "5m"; got ${typeof maxAge} ${JSON.stringify(maxAge)}`,
  );
}

/**
 * Guards routes: only a session whose user has verified a second factor in it passes. Errors: `NOT_LOGGED_IN`,
 * `ENROLLMENT_REQUIRED` (the user has none), `STEP_UP_REQUIRED` (an exempt OAuth login, a session older than the
 * enrollment or than a change of factors, or `maxAge`). While the second factor is not enabled, logged-in users pass.
 *
 * @throws TypeError for an unknown option
 */
export function requireSecondFactor(options: RequireSecondFactorOptions): RequestHandler {
  checkOptions('requireSecondFactor', options, [
    'service',
    'maxAge',
    'redirect',
    'phishingResistant',
    'methods',
    'claims',
  ]);
  const { service, redirect, claims } = options;
  checkService(service, 'requireSecondFactor');
  checkClaims('requireSecondFactor', claims, service);
  if (typeof redirect !== 'function')
    checkText('requireSecondFactor', 'redirect', { value: redirect, expected: 'a text such as "/2fa/continue"' });
  const wanted = readWanted(options);
  return (req: Request, res: Response, next: NextFunction): void => {
    if (claims) readClaimsBy(req, claims);
    // Whatever a function of the app throws denies: `next` takes nothing, and 'route', for "go on".
    check(service, req, wanted)
      .then((refusal) => {
        if (!refusal) next();
        else if (redirect === undefined) next(refusal);
        else sendAway({ redirect, refusal }, req, res);
      })
      .catch((reason: unknown) => {
        next(toError(reason));
      });
  };
}

/** What a second factor has to be. */
interface Wanted {
  readonly maxAge: number | undefined;
  readonly counts: (factor: ProvedFactor) => boolean;
}

function readWanted({ maxAge, phishingResistant = false, methods }: RequireSecondFactorOptions): Wanted {
  if (typeof phishingResistant !== 'boolean')
    throw new TypeError(
      `requireSecondFactor: phishingResistant must be true or false; got ${typeof phishingResistant}`,
    );
  const isList = methods === undefined || (Array.isArray(methods) && methods.length > 0);
  const given: readonly unknown[] = methods ?? [];
  if (!isList || given.some((name) => !everyMethod.some((known) => known === name)))
    throw new TypeError(`requireSecondFactor: methods must be a list of ${everyMethod.join(', ')}`);
  return {
    maxAge: readMaxAge(maxAge),
    counts: (factor) =>
      (!phishingResistant || isPhishingResistant(factor)) &&
      (methods === undefined || methods.some((name) => name === factor.method)),
  };
}

interface Away {
  readonly redirect: NonNullable<RequireSecondFactorOptions['redirect']>;
  readonly refusal: TwoFactorError;
}

function sendAway({ redirect, refusal }: Away, req: Request, res: Response): void {
  // Without a session no step-up and no login can be kept: the browser would be sent there for ever.
  sessionOf(req);
  const target: unknown = typeof redirect === 'string' ? redirect : redirect(refusal, req);
  if (typeof target !== 'string' || target === '')
    throw new TypeError(`requireSecondFactor: redirect must answer the address of a page; got ${typeof target}`);
  // "//evil.example" is a path to us and another site to a browser.
  const local = /^\/(?![/\\])/.test(req.originalUrl);
  if (req.method === 'GET' && local) keepReturnTo(req, req.originalUrl);
  res.redirect(target);
}

async function check(
  service: TwoFactorService,
  req: Request,
  { maxAge, counts }: Wanted,
): Promise<TwoFactorError | undefined> {
  hintOfPassport(req);
  if (userOf(req) === undefined) return new UserNotLoggedInError();
  if (!service.settings.enabled && !isByToken(req)) return undefined;
  const { identity } = await presentUser({ service, req });
  if (!service.settings.enabled) return undefined;
  const { authenticators, securityEpoch } = await service.snapshot(identity);
  if (authenticators.length === 0) return new EnrollmentRequiredError();
  const standing = standingOf(req, identity.key, securityEpoch);
  const at = standing ? secondFactorAt({ factors: standing.factors.filter(counts) }) : 0;
  const isEnough = at > 0 && (maxAge === undefined || isRecent(at, service.settings.clock(), maxAge));
  return isEnough ? undefined : new StepUpRequiredError();
}
