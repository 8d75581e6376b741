import { checkStillThere, renew } from './renewal.js';
import { save, sessionOf, setState, stateOf, type SessionRequest, type SessionState } from './session.js';
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

export const stepUpToken = (req: SessionRequest): string | undefined => text(stateOf(req).stepUp);

/**
 * Before its code is sent: saved afterwards, it would bring back a session that was ended while the sender was slow.
 */
export const storeStepUp = (req: SessionRequest, token: string): Promise<void> => keep(req, { stepUp: token });

/** What stands for a login by a passkey that this session has begun. */
export const passkeyToken = (req: SessionRequest): string | undefined => text(stateOf(req).passkey);

/** A store may bring back anything. */
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** In place of an earlier one. */
export const storePasskeyToken = (req: SessionRequest, token: string): Promise<void> => keep(req, { passkey: token });

/** @throws UserNotLoggedInError where the session was ended meanwhile: saved, it would come back with its login */
async function keep(req: SessionRequest, more: Pick<SessionState, 'stepUp' | 'passkey'>): Promise<void> {
  await checkStillThere(req);
  const session = sessionOf(req);
  setState(session, { ...stateOf(req), ...more });
  await save(session);
}
