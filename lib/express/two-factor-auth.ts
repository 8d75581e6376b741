import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Authenticator as Passport } from 'passport';
import { watchingDoor } from '../passport/door.js';
import { refuseOtherCopies, refuseOtherService } from '../passport/other-copy.js';
import { introduce, type Passport as RunningPassport } from '../passport/passports.js';
import type { InnerStrategy } from '../passport/run-strategy.js';
import { detectKind } from '../passport/strategy-kind.js';
import { setAccessor, setBrand, setOwn } from '../core/define.js';
import { checkOptions, checkText } from '../core/options.js';
import { checkService } from '../passport/check-service.js';
import { isTwoFactorStrategy } from '../passport/two-factor-strategy.js';
import { doorOf, openDoor } from '../passport/verdict.js';
import type { TwoFactorService } from '../service/two-factor-service.js';
import { hasSession, type SessionRequest } from '../standing/session.js';
import { readClaimsBy } from '../standing/token-standing.js';
import { checkClaims, type ReadRequestClaims } from '../passport/by-token.js';
import { hintOfPassport, hintOfSession } from './hints.js';
import { OtherAuth, taken } from './other-auth.js';
import type { FindStrategy } from './auth-host.js';
import { RequestAuth } from './request-auth.js';

declare global {
  // Express has this namespace for requests to be extended in.
  namespace Express {
    /**
     * For the compiler: an app that gives `twoFactorAuth` another `property` says so here, and `req.auth` is free for
     * another package's types: `declare global { namespace Express { interface TwoFactorProperty { name: 'twoFactor'
     * } } }`.
     */
    interface TwoFactorProperty {
      default: 'auth';
    }
    /** `req.auth`, put there by `twoFactorAuth()`. */
    interface Request extends TwoFactorRequest {}
  }
}

/** Marks our getters, also those of another copy of this package: mounting it twice is no clash with somebody else. */
const brand = Symbol.for('passport-two-factor.auth');

/** The request's property that `twoFactorAuth()` is on: `auth`, or what `Express.TwoFactorProperty` names. */
type TwoFactorPropertyName = Express.TwoFactorProperty extends { name: infer N extends string } ? N : 'auth';

/** What `twoFactorAuth()` puts on a request. */
type TwoFactorRequest = Record<TwoFactorPropertyName, RequestAuth>;

/** Options of `twoFactorAuth`. */
export interface TwoFactorAuthOptions {
  /** Where second factors are kept. */
  readonly service: TwoFactorService;
  /** The app's Passport, whose strategies `login` runs. */
  readonly passport: Pick<Passport, 'authenticate'>;
  /** The strategy that `req.auth.login` and `reauthenticate` run. Default `'local'`. */
  readonly login?: string;
  /**
   * The request's property. Default `'auth'`, where another middleware of the request's way that keeps its value there
   * (express-jwt) is refused; a name that is given, `'auth'` too, is taken without that look.
   */
  readonly property?: string;
  /** Names this Passport where an app has several: a pending login is finished by the one that began it. */
  readonly name?: string;
  /**
   * For an app with tokens: answers the payload that the app has verified, such as `(req) => req.authInfo`, and
   * undefined for a request without a token. `req.auth` then needs no session. It needs `users.find`.
   */
  readonly claims?: ReadRequestClaims;
}

/**
 * Puts `req.auth` on every request. Mount it after `passport.session()`.
 *
 * A middleware that comes later may put a value of its own there, and has it. One that came before, or that leaves the
 * property out for an anonymous request (express-jwt), is an error of the request: an `if (!req.auth)` that was written
 * for it would let everybody in. `property` gives ours another name.
 * @throws TypeError for a missing service or passport, or an unknown option
 */
export function twoFactorAuth(options: TwoFactorAuthOptions): RequestHandler {
  checkOptions('twoFactorAuth', options, ['service', 'passport', 'login', 'property', 'name', 'claims']);
  const { service, passport, login = 'local', property = 'auth' } = options;
  checkService(service, 'twoFactorAuth');
  const { claims } = options;
  checkClaims('twoFactorAuth', claims, service);
  checkText('twoFactorAuth', 'login', { value: login, expected: 'a text such as "local"' });
  checkText('twoFactorAuth', 'property', { value: property, expected: 'a text such as "auth"' });
  if (typeof (passport as Passport | undefined)?.authenticate !== 'function') {
    throw new TypeError("twoFactorAuth: passport must be the app's passport: twoFactorAuth({ service, passport })");
  }
  const other = options.property === undefined ? new OtherAuth(property) : undefined;
  const findStrategy: FindStrategy = () => {
    const registered = (passport as unknown as { _strategy(name: string): unknown })._strategy(login) as
      InnerStrategy | undefined;
    if (!registered)
      throw new TypeError(
        `twoFactorAuth: no strategy is registered as "${login}": passport.use(new TwoFactorStrategy({ service }, ` +
          `…)) or twoFactorAuth({ login: 'its name' })`,
      );
    // A strategy that the app forgot to wrap is gated here all the same.
    if (isTwoFactorStrategy(registered)) return registered;
    return { name: login, kind: detectKind(registered), inner: registered };
  };
  const running = passport as unknown as RunningPassport;
  introduce(service, running, { where: 'twoFactorAuth', name: options.name });
  // A stand-in that only authenticates, as in a test, has no door.
  const manager = running._sm as typeof running._sm | undefined;
  if (manager && !doorOf(manager)) openDoor(manager, watchingDoor(service));
  return (req: Request, _res: Response, next: NextFunction): void => {
    try {
      if (claims) readClaimsBy(req, claims);
      else {
        // Tells of cookie-session at the first request, not at the first login.
        hasSession(req);
        hintOfSession(req);
      }
      if (manager) refuseOtherService(running, service);
      refuseOtherCopies(running, req as SessionRequest);
      put(req, property, { make: () => new RequestAuth(service, req, { passport: running, findStrategy }), other });
      next();
    } catch (error) {
      next(error);
    }
  };
}

interface Put {
  readonly make: () => RequestAuth;
  /** What is there in place of ours. */
  readonly other: OtherAuth | undefined;
}

/** @throws TypeError where another middleware has put something there, if only a null for "nobody" */
function put(req: Request, property: string, { make, other }: Put): void {
  const own: object = Object.getOwnPropertyDescriptor(req, property) ?? {};
  const isOurs = Object.hasOwn((Reflect.get(own, 'get') as object | undefined) ?? {}, brand);
  if (!isOurs && property in req) throw taken('Another middleware', property);
  let auth: RequestAuth | undefined;
  const get = (): RequestAuth => {
    other?.check(req);
    hintOfPassport(req);
    return (auth ??= make());
  };
  setBrand(get, brand);
  const set = (value: unknown): void => {
    setOwn(req, property, { value, isListed: true });
  };
  setAccessor<unknown>(req, property, { get, set, isListed: false });
}
