import { InvalidCredentialsError, StepUpRequiredError, UserNotLoggedInError } from '../errors.js';
import { secondFactorAt } from '../core/standing.js';
import type { ProvenUser } from '../passport/first-factor.js';
import type { OfRequest } from '../passport/gate.js';
import { findUser, type Identity } from '../service/identity.js';
import { elevate, standingOf } from '../standing/request-standing.js';
import { userOf } from '../standing/session.js';
import { isByToken } from '../standing/token-standing.js';
import { namesOf } from './login-input.js';

/** Proves the current user's password by a name that the user logs in by. */
type Prove = (name: string) => Promise<ProvenUser>;

/** @internal Asks the current user for the password again. */
export async function reauthenticate({ service, req }: OfRequest, identity: Identity, prove: Prove): Promise<void> {
  // What a token says of the user need not have the name.
  const current = isByToken(req) ? await findUser(service.settings, identity) : (userOf(req) as Express.User);
  if (current === undefined) throw new UserNotLoggedInError();
  const names = namesOf(service, current);
  // Counted before the password is looked at, so that of guesses made at once none goes free.
  await service.passwords.reserve(identity);
  const { user } = await proveOneOf(names, prove);
  if (service.identify(user).key !== identity.key) throw new InvalidCredentialsError();
  await service.passwords.release(identity);
  const { authenticators, securityEpoch: epoch } = await service.snapshot(identity);
  const standing = standingOf(req, identity.key, epoch);
  const at = service.settings.clock();
  const byPassword = { userKey: identity.key, epoch, at, factors: [{ method: 'password', at }] } as const;
  if (authenticators.length === 0) await elevate(req, byPassword);
  else if (standing && secondFactorAt(standing) > 0) await elevate(req, standing);
  else throw new StepUpRequiredError();
}

/** An app with both may know its users by the other one. */
async function proveOneOf([first, other]: readonly [string, ...string[]], prove: Prove): Promise<ProvenUser> {
  return prove(first).catch((reason: unknown) => {
    if (reason instanceof InvalidCredentialsError && other !== undefined) return prove(other);
    throw reason;
  });
}
