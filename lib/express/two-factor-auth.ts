import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Authenticator as Passport } from 'passport';
import { watchingDoor } from '../passport/door.js';
import { refuseOtherCopies } from '../passport/other-copy.js';
import { introduce, type Passport as RunningPassport } from '../passport/passports.js';
import type { InnerStrategy } from '../passport/run-strategy.js';
import { detectKind } from '../passport/strategy-kind.js';
import { checkService, isTwoFactorStrategy } from '../passport/two-factor-strategy.js';
import { doorOf, openDoor } from '../passport/verdict.js';
import type { TwoFactorService } from '../service/two-factor-service.js';
import { hasSession, type SessionRequest } from '../session/session.js';
import { RequestAuth, type FindStrategy } from './request-auth.js';

declare global {
  // Express has this namespace for requests to be extended in.
  namespace Express {
    interface Request {
      /** Put there by `twoFactorAuth()`. */
      auth: RequestAuth;
    }
  }
}

/** Options of `twoFactorAuth`. */
export interface TwoFactorAuthOptions {
  /** Where second factors are kept. */
  readonly service: TwoFactorService;
  /** The app's Passport, whose strategies `login` runs. */
  readonly passport: Pick<Passport, 'authenticate'>;
  /** The strategy that `req.auth.login` and `reauthenticate` run. Default `'local'`. */
  readonly login?: string;
  /** The request's property. Default `'auth'`. */
  readonly property?: string;
  /** Names this Passport where an app has several: a pending login is finished by the one that began it. */
  readonly name?: string;
}

/**
 * Puts `req.auth` on every request. Mount it after `passport.session()`.
 * @throws TypeError for a missing service or passport
 */
export function twoFactorAuth(options: TwoFactorAuthOptions): RequestHandler {
  checkService((options as TwoFactorAuthOptions | undefined)?.service, 'twoFactorAuth');
  const { service, passport, login = 'local', property = 'auth' } = options;
  if (typeof (passport as Passport | undefined)?.authenticate !== 'function') {
    throw new TypeError('twoFactorAuth: passport must be the app\'s passport: twoFactorAuth({ service, passport })');
  }
  const findStrategy: FindStrategy = () => {
    const registered = (passport as unknown as { _strategy(name: string): unknown })._strategy(login) as InnerStrategy | undefined;
    if (!registered) throw new TypeError(`twoFactorAuth: no strategy is registered as "${login}": passport.use(new TwoFactorStrategy({ service }, …)) or twoFactorAuth({ login: 'its name' })`);
    // A strategy that the app forgot to wrap is gated here all the same.
    if (isTwoFactorStrategy(registered)) return registered;
    return { name: login, kind: detectKind(registered), inner: registered };
  };
  const running = passport as unknown as RunningPassport;
  introduce(service, running, 'twoFactorAuth', options.name);
  if (!doorOf(running._sm)) openDoor(running._sm, watchingDoor(service));
  return (req: Request, _res: Response, next: NextFunction): void => {
    try {
      // Tells of cookie-session at the first request, not at the first login.
      hasSession(req);
      refuseOtherCopies(running, req as SessionRequest);
      Object.defineProperty(req, property, { configurable: true, enumerable: false, value: new RequestAuth(service, req, { passport: running, findStrategy }) });
      next();
    } catch (error) {
      next(error);
    }
  };
}
