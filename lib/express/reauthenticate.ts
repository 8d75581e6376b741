import { InvalidCredentialsError, StepUpRequiredError } from '../errors.js';
import { secondFactorAt } from '../core/standing.js';
import type { Present } from '../passport/by-token.js';
import type { ProvenUser } from '../passport/first-factor.js';
import type { OfRequest } from '../passport/gate.js';
import type { TwoFactorService } from '../service/two-factor-service.js';
import { elevate, standingOf } from '../standing/request-standing.js';
import { namesOf } from './login-input.js';

/** Proves the current user's password by a name that the user logs in by. */
type Prove = (name: string) => Promise<ProvenUser>;

/** @internal Asks the current user for the password again. */
export async function reauthenticate(
  { service, req }: OfRequest,
  { identity, user: current }: Present,
  prove: Prove,
): Promise<void> {
  const names = await readNames(service, current);
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

/** @throws StepUpRequiredError for a user without a password: another login, by the provider, is what helps */
async function readNames(service: TwoFactorService, user: Express.User): Promise<readonly [string, ...string[]]> {
  const { users } = service.settings;
  if (!users.email && !users.label)
    throw new TypeError('reauthenticate needs users.email or users.label to tell the name that the user logs in by');
  const [first, ...others] = await namesOf(service, user);
  if (first === undefined) throw new StepUpRequiredError();
  return [first, ...others];
}

/** An app with both may know its users by the other one. */
async function proveOneOf([first, other]: readonly [string, ...string[]], prove: Prove): Promise<ProvenUser> {
  return prove(first).catch((reason: unknown) => {
    if (reason instanceof InvalidCredentialsError && other !== undefined) return prove(other);
    throw reason;
  });
}
