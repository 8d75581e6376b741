import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Authenticator as Passport } from 'passport';
import type { InnerStrategy } from '../passport/first-factor.js';
import { detectKind } from '../passport/strategy-kind.js';
import { checkService, TwoFactorStrategy } from '../passport/two-factor-strategy.js';
import type { TwoFactorService } from '../service/two-factor-service.js';
import { hasSession } from '../session/session.js';
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
    if (registered instanceof TwoFactorStrategy) return registered;
    const inner = (registered as { inner?: InnerStrategy }).inner ?? registered;
    return { name: login, kind: detectKind(inner), inner };
  };
  return (req: Request, _res: Response, next: NextFunction): void => {
    try {
      // Tells of cookie-session at the first request, not at the first login.
      hasSession(req);
      Object.defineProperty(req, property, { configurable: true, enumerable: false, value: new RequestAuth(service, req, findStrategy) });
      next();
    } catch (error) {
      next(error);
    }
  };
}
