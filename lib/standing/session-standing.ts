import { checkStillThere, renew } from './renewal.js';
import { save, sessionOf, setState, stateOf, type SessionRequest } from './session.js';
import { withFactor, type ProvedFactor, type Standing } from './standing.js';

/** What the session stands for, if it stands for this user at the account's present security epoch. */
export function standingOf(req: SessionRequest, userKey: string, securityEpoch: number): Standing | undefined {
  const { standing } = stateOf(req);
  return standing?.userKey === userKey && standing.epoch === securityEpoch ? standing : undefined;
}

/**
 * The security epoch that the session stands for; -1, which is that of no account, where it stands for nothing of
 * this user's.
 */
export function standingEpoch(req: SessionRequest, userKey: string): number {
  const { standing } = stateOf(req);
  return standing?.userKey === userKey ? standing.epoch : -1;
}

/** What the session stands for once this user has proved a second factor in it. */
export function provedBy(
  req: SessionRequest,
  { userKey, epoch }: Pick<Standing, 'userKey' | 'epoch'>,
  factor: ProvedFactor,
): Standing {
  const before = standingOf(req, userKey, epoch) ?? { userKey, epoch, at: factor.at, factors: [] };
  return withFactor(before, factor);
}

/**
 * Raises what a session stands for: under a new id, with all of its data (ASVS 5.0, 7.2.4).
 * @throws UserNotLoggedInError where the session was ended meanwhile
 */
export async function elevate(req: SessionRequest, standing: Standing): Promise<void> {
  await checkStillThere(req);
  const session = await renew(req);
  setState(session, { standing });
  await save(session);
}

/**
 * The session that changed the factors keeps its standing, and no more than that, at the new epoch.
 * @throws UserNotLoggedInError where the session was ended meanwhile
 */
export async function carryOver(
  req: SessionRequest,
  userKey: string,
  epochs: { readonly from: number; readonly to: number },
): Promise<void> {
  const standing = standingOf(req, userKey, epochs.from);
  if (!standing) return;
  await checkStillThere(req);
  const session = sessionOf(req);
  setState(session, { ...stateOf(req), standing: { ...standing, epoch: epochs.to } });
  await save(session);
}

export const stepUpToken = (req: SessionRequest): string | undefined => stateOf(req).stepUp;

/**
 * Before its code is sent: saved afterwards, it would bring back a session that was ended while the sender was slow.
 */
export async function storeStepUp(req: SessionRequest, token: string): Promise<void> {
  await checkStillThere(req);
  const session = sessionOf(req);
  setState(session, { ...stateOf(req), stepUp: token });
  await save(session);
}
