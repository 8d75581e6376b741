import type { MethodName, TwoFactorMechanism } from '../core/mechanism.js';
import { TwoFactorNotSetupError, TwoFactorSetupIncompleteError } from '../errors.js';
import type { TwoFactorAccount, TwoFactorAuthenticator, TwoFactorChallenge } from '../store/rows.js';
import type { Snapshot } from '../store/snapshot-store.js';
import type { Context, Identity } from './context.js';

/** What a verdict is about: a user, as one SELECT saw it, and the challenge that the code answers, where there is one. */
export interface Subject {
  readonly identity: Identity;
  readonly account: TwoFactorAccount;
  readonly snapshot: Snapshot;
  readonly challenge: TwoFactorChallenge | undefined;
}

/** A right code. */
export interface Match {
  readonly method: MethodName;
  readonly authenticator?: TwoFactorAuthenticator;
  /** The time step that it spends. */
  readonly step?: number;
  /** The time step of a code that confirms an enrolment: spent for the new authenticator, not for the others. */
  readonly confirmedStep?: number;
}

/** How a code is judged. */
export interface Judging<S extends Subject> {
  readonly load: () => Promise<S>;
  /** Answers the right code's match or undefined for a wrong one; what it throws is not charged. */
  readonly decide: (subject: S) => Match | undefined;
  /** With how many codes a wrong one was compared. */
  readonly compared: (subject: S) => number;
  /** The one method asked for, to be told with a wrong code. */
  readonly failed: MethodName | undefined;
}

export interface Verified<S extends Subject = Subject> {
  readonly subject: S;
  readonly method: MethodName;
}

export type VerifiedLogin = Verified<Subject & { readonly challenge: TwoFactorChallenge }>;

/** Whether a code may still answer the challenge: neither its time nor its epochs are over. */
export function isLive(
  challenge: TwoFactorChallenge | undefined,
  { account, securityEpoch }: Snapshot,
  now: number,
): challenge is TwoFactorChallenge {
  return (
    challenge !== undefined &&
    challenge.expiresAt > now &&
    challenge.challengeEpoch === account?.challengeEpoch &&
    challenge.securityEpoch === securityEpoch
  );
}

/** When a challenge that is added now began: after every other one, also within a millisecond, so that "the newest" is one. */
export const createdAfter = ({ challenges }: Snapshot, now: number): number =>
  Math.max(now, (challenges.at(-1)?.createdAt ?? 0) + 1);

/** Why there is nothing to use: it was begun and never confirmed, or never begun. */
export async function missing(
  context: Context,
  identity: Identity,
  ...asked: readonly TwoFactorMechanism[]
): Promise<Error> {
  for (const mechanism of asked) {
    const snapshot = await context.snapshots.ofUser(identity, { purpose: 'enrollment', mechanism });
    const begun = snapshot.challenges.some((challenge) => isLive(challenge, snapshot, context.settings.clock()));
    if (begun) return new TwoFactorSetupIncompleteError();
  }
  return new TwoFactorNotSetupError();
}
