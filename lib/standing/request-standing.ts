import { claimsFrom, withFactor, type ProvedFactor, type Standing, type TwoFactorClaims } from '../core/standing.js';
import type { StepUpSession } from '../service/step-up.js';
import { checkStillThere, renew } from './renewal.js';
import {
  hasSession,
  save,
  sessionId,
  sessionOf,
  setState,
  stateOf,
  unfitSession,
  type SessionRequest,
  type SessionState,
} from './session.js';
import { challengeTokenOf, hasProved, holdProved, isByToken, tokenStanding } from './token-standing.js';

/** What the session, or the token, stands for: of whichever user and epoch. */
const held = (req: SessionRequest): Standing | undefined =>
  isByToken(req) ? tokenStanding(req) : stateOf(req).standing;

/** False for a request that nothing can be kept for: of a client whose token is read by the app alone. */
export const canHold = (req: SessionRequest): boolean => isByToken(req) || hasSession(req);

/** @throws Error for a session that can hold nothing: a step-up would not help it */
export function checkFit(req: SessionRequest): void {
  if (!isByToken(req) && hasSession(req) && sessionId(sessionOf(req)) === undefined) throw unfitSession();
}

/** What the request stands for, if it stands for this user at the account's present security epoch. */
export function standingOf(req: SessionRequest, userKey: string, securityEpoch: number): Standing | undefined {
  const standing = held(req);
  return standing?.userKey === userKey && standing.epoch === securityEpoch ? standing : undefined;
}

/** The claims of this user: of what this request has proved with `session: false`, or else of what it stands for. */
export const claimsOfUser = (req: SessionRequest, userKey: string): TwoFactorClaims => {
  const standing = hasProved(req) ? tokenStanding(req) : held(req);
  return claimsFrom(standing?.userKey === userKey ? standing : undefined);
};

/**
 * The security epoch that the request stands for; -1, which is that of no account, where it stands for nothing of
 * this user's.
 */
export function standingEpoch(req: SessionRequest, userKey: string): number {
  const standing = held(req);
  return standing?.userKey === userKey ? standing.epoch : -1;
}

/** What the request stands for once this user has proved a second factor in it. */
export function provedBy(
  req: SessionRequest,
  { userKey, epoch }: Pick<Standing, 'userKey' | 'epoch'>,
  factor: ProvedFactor,
): Standing {
  const before = standingOf(req, userKey, epoch) ?? { userKey, epoch, at: factor.at, factors: [] };
  return withFactor(before, factor);
}

/**
 * Raises what a request stands for: a session under a new id, with all of its data (ASVS 5.0, 7.2.4). With a token, the
 * client is told by another one, which the app issues.
 * @throws UserNotLoggedInError where the session was ended meanwhile
 */
export async function elevate(req: SessionRequest, standing: Standing): Promise<void> {
  if (isByToken(req)) {
    holdProved(req, standing);
    return;
  }
  await checkStillThere(req);
  const session = await renew(req);
  setState(session, { standing });
  await save(session);
}

/**
 * The session, or the token, that changed the factors keeps its standing, and no more than that, at the new epoch.
 * @throws UserNotLoggedInError where the session was ended meanwhile
 */
export async function carryOver(
  req: SessionRequest,
  userKey: string,
  epochs: { readonly from: number; readonly to: number },
): Promise<void> {
  const standing = standingOf(req, userKey, epochs.from);
  if (!standing) return;
  if (isByToken(req)) {
    holdProved(req, { ...standing, epoch: epochs.to });
    return;
  }
  await checkStillThere(req);
  const session = sessionOf(req);
  setState(session, { ...stateOf(req), standing: { ...standing, epoch: epochs.to } });
  await save(session);
}

/** What stands for the step-up that this session, or the client with the token, has begun. */
export const stepUpToken = (req: SessionRequest): string | undefined =>
  isByToken(req) ? challengeTokenOf(req) : text(stateOf(req).stepUp);

/**
 * Before its code is sent: saved afterwards, it would bring back a session that was ended while the sender was slow.
 * A client with a token is given this one, too, and sends it back.
 */
export async function storeStepUp(req: SessionRequest, token: string): Promise<void> {
  if (!isByToken(req) && hasSession(req)) await keep(req, { stepUp: token });
}

/**
 * The step-up of this request, for codes and passkeys to go on with.
 * @param told gets the token of a new one
 */
export function stepUpSession(req: SessionRequest, told?: (token: string) => void): StepUpSession {
  const kept = stepUpToken(req);
  return {
    ...(kept !== undefined && { token: kept }),
    keep: async (fresh) => {
      told?.(fresh);
      await storeStepUp(req, fresh);
    },
  };
}

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
