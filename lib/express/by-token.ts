import type { Request } from 'express';
import { UserNotLoggedInError } from '../errors.js';
import { findUser, type Identity } from '../service/identity.js';
import type { TwoFactorService } from '../service/two-factor-service.js';
import { isByToken } from '../standing/token-standing.js';

/** Answers the payload of the request's token, which the app has verified; undefined for a request without one. */
export type ReadRequestClaims = (req: Request) => unknown;

/**
 * @internal What a token says of a user is as old as the token: the app is asked for the user again.
 * @throws TypeError for anything but a function, and for a service without `users.find`
 */
export function checkClaims(where: string, claims: unknown, service: TwoFactorService): void {
  if (claims === undefined) return;
  if (typeof claims !== 'function')
    throw new TypeError(
      `${where}: claims must be a function that answers the verified payload: { claims: (req) => req.authInfo }; ` +
        `got ${typeof claims}`,
    );
  if (service.settings.users.find) return;
  throw new TypeError(
    `${where}: claims needs users.find of the service: a user who was removed must not go on by a token that is out`,
  );
}

/**
 * @internal A session's user is read by Passport for every request; that of a token is as old as the token.
 * @throws UserNotLoggedInError where the app has removed or disabled the user
 */
export async function checkThere(service: TwoFactorService, req: Request, identity: Identity): Promise<void> {
  if (!isByToken(req)) return;
  if ((await findUser(service.settings, identity)) === undefined) throw new UserNotLoggedInError();
}
