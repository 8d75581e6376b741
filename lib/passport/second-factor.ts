import type { Request } from 'express';
import type { FinishedLogin } from '../service/login-finish.js';
import type { PendingToken } from '../service/pending-token.js';
import type { Response } from '../service/verification.js';
import { canHold, elevate, provedBy, stepUpToken } from '../standing/request-standing.js';
import { pendingPassport, pendingToken } from '../standing/pending-login.js';
import { hasSession, userOf } from '../standing/session.js';
import { challengeTokenOf, isByToken } from '../standing/token-standing.js';
import type { Standing } from '../core/standing.js';
import { presentUser } from './by-token.js';
import type { OfRequest } from './gate.js';
import { isSamePassport, passportOf } from './passports.js';
import { deserializer } from './serialized-user.js';

/** Verifies and uses up a pending login in one go. @throws TwoFactorError, before anybody is logged in */
export async function finishLogin(
  { service, req }: OfRequest,
  pending: PendingToken | undefined,
  response: Response,
): Promise<FinishedLogin> {
  const verified = await service.verification.verifyLogin(pending, response);
  return service.finishing.finish(verified, deserializer(passportOf(service, req), req));
}

/** Verifies a code of the user who is logged in. */
export async function verifyStepUp({ service, req }: OfRequest, response: Response): Promise<Standing> {
  const { identity } = await presentUser({ service, req });
  const { subject, proved } = await service.verification.verifyUser(identity, response, stepUpToken(req) ?? '');
  const whose = { userKey: identity.key, epoch: subject.snapshot.securityEpoch };
  return provedBy(req, whose, { ...proved, at: service.settings.clock() });
}

/** The same, stamped on the session, whose data is kept, or told by the claims. */
export async function stepUp(given: OfRequest, response: Response): Promise<void> {
  const standing = await verifyStepUp(given, response);
  if (canHold(given.req)) await elevate(given.req, standing);
}

/**
 * The pending login of this request: the session's, or the one whose token a client without a session sends back. Who
 * is logged in by a token has none: what is sent back then stands for a step-up.
 */
export function pendingOf(req: Request, passport: string): PendingToken | undefined {
  if (!isByToken(req)) return sessionPending(req, passport);
  const token = userOf(req) === undefined ? challengeTokenOf(req) : undefined;
  return token === undefined ? undefined : { token, carrier: 'token', passport };
}

/** The session's pending login, for the Passport that began it: to another one there is none. */
export function sessionPending(req: Request, passport: string): PendingToken | undefined {
  const token = hasSession(req) && isSamePassport(pendingPassport(req), passport) ? pendingToken(req) : undefined;
  return token === undefined ? undefined : { token, carrier: 'session', passport };
}
