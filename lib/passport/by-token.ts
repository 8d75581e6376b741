import type { Request } from 'express';
import { UserNotLoggedInError } from '../errors.js';
import { findUser, type Identity } from '../service/identity.js';
import type { TwoFactorService } from '../service/two-factor-service.js';
import { userOf } from '../standing/session.js';
import { isByToken } from '../standing/token-standing.js';
import type { OfRequest } from './gate.js';

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
 * @internal The user of this request. Passport reads a session's for every request; that of a token is as old as the
 * token, and is looked up.
 * @throws UserNotLoggedInError where there is none, or the app has removed or disabled the user
 */
export async function presentUser({ service, req }: OfRequest): Promise<Present> {
  const given = userOf(req) as Express.User | undefined;
  if (given === undefined) throw new UserNotLoggedInError();
  const identity = service.identify(given);
  const user = isByToken(req) ? await findUser(service.settings, identity) : given;
  if (user === undefined) throw new UserNotLoggedInError();
  return { identity, user };
}

/** @internal Who is logged in. */
export interface Present {
  readonly identity: Identity;
  readonly user: Express.User;
}
