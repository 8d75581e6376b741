import { regenerate, save, sessionOf, setState, stateOf, type Authentication, type SessionRequest } from './session.js';

/** What the session stands for, if it stands for this user at the account's present security epoch. */
export function authenticationOf(req: SessionRequest, userKey: string, securityEpoch: number): Authentication | undefined {
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
export const secondFactorVerified = (userKey: string, epoch: number, now: number): Authentication =>
  ({ userKey, at: now, epoch, secondFactorAt: now });

/** Raises what a session stands for: under a new id, with all of its data (ASVS 5.0, 7.2.4). */
export async function elevate(req: SessionRequest, authentication: Authentication): Promise<void> {
  const { cookie } = sessionOf(req);
  // What is left of the session's life: that of a remembered one must not begin anew, and one that ends with the browser still does.
  const left = cookie?.maxAge;
  const session = await regenerate(req, () => true);
  if (session.cookie && left !== undefined) session.cookie.maxAge = left;
  setState(session, { authentication });
  await save(session);
}

/** The session that changed the factors keeps its standing, and no more than that, at the new epoch. */
export async function carryOver(req: SessionRequest, userKey: string, from: number, to: number): Promise<void> {
  const authentication = authenticationOf(req, userKey, from);
  if (!authentication) return;
  const session = sessionOf(req);
  setState(session, { ...stateOf(req), authentication: { ...authentication, epoch: to } });
  await save(session);
}

export const stepUpToken = (req: SessionRequest): string | undefined => stateOf(req).stepUp;

export async function storeStepUp(req: SessionRequest, token: string): Promise<void> {
  const session = sessionOf(req);
  setState(session, { ...stateOf(req), stepUp: token });
  await save(session);
}
