import { checkStillThere, renew } from './renewal.js';
import { save, sessionOf, setState, stateOf, type Authentication, type SessionRequest } from './session.js';

/** What the session stands for, if it stands for this user at the account's present security epoch. */
export function authenticationOf(
  req: SessionRequest,
  userKey: string,
  securityEpoch: number,
): Authentication | undefined {
  const { authentication } = stateOf(req);
  return authentication?.userKey === userKey && authentication.epoch === securityEpoch ? authentication : undefined;
}

/** The security epoch that the session stands for; -1, which is that of no account, where it stands for nothing of this user's. */
export function standingEpoch(req: SessionRequest, userKey: string): number {
  const { authentication } = stateOf(req);
  return authentication?.userKey === userKey ? authentication.epoch : -1;
}

/** `maxAge` milliseconds; a time in the future (clocks of several machines differ) is as old as it is ahead. */
export const isRecent = (at: number, now: number, maxAge: number): boolean => Math.abs(now - at) <= maxAge;

/** What a second factor that was verified just now makes the session stand for. */
export const secondFactorVerified = (userKey: string, epoch: number, now: number): Authentication => ({
  userKey,
  at: now,
  epoch,
  secondFactorAt: now,
});

/**
 * Raises what a session stands for: under a new id, with all of its data (ASVS 5.0, 7.2.4).
 * @throws UserNotLoggedInError where the session was ended meanwhile
 */
export async function elevate(req: SessionRequest, authentication: Authentication): Promise<void> {
  await checkStillThere(req);
  const session = await renew(req);
  setState(session, { authentication });
  await save(session);
}

/**
 * The session that changed the factors keeps its standing, and no more than that, at the new epoch.
 * @throws UserNotLoggedInError where the session was ended meanwhile
 */
export async function carryOver(req: SessionRequest, userKey: string, from: number, to: number): Promise<void> {
  const authentication = authenticationOf(req, userKey, from);
  if (!authentication) return;
  await checkStillThere(req);
  const session = sessionOf(req);
  setState(session, { ...stateOf(req), authentication: { ...authentication, epoch: to } });
  await save(session);
}

export const stepUpToken = (req: SessionRequest): string | undefined => stateOf(req).stepUp;

/** Before its code is sent: saved afterwards, it would bring back a session that was ended while the sender was slow. */
export async function storeStepUp(req: SessionRequest, token: string): Promise<void> {
  await checkStillThere(req);
  const session = sessionOf(req);
  setState(session, { ...stateOf(req), stepUp: token });
  await save(session);
}
