import type { EnrollableMethod, MethodName } from '../core/methods.js';
import { mechanismOf } from '../core/methods.js';
import { TwoFactorNotSetupError, TwoFactorSetupIncompleteError } from '../errors.js';
import type { Proof } from '../factors/factor.js';
import type { TwoFactorAccount, TwoFactorAuthenticator } from '../store/rows.js';
import type { Snapshot } from '../store/snapshot-store.js';
import { ofRow, type Challenge } from './challenge.js';
import type { Context } from './context.js';
import type { Identity } from './identity.js';
import type { PendingChallenge } from './pending-token.js';
import type { Proved } from './proved.js';
import { isLive, type Verdict } from './verdicts.js';

/**
 * What a verdict is about: a user, as one SELECT saw it, and the challenge that the code answers, where there is one.
 */
export interface Subject {
  readonly identity: Identity;
  readonly account: TwoFactorAccount;
  readonly snapshot: Snapshot;
  readonly challenge: Challenge | undefined;
}

/** A right code. */
export interface Match extends Proved, Pick<Proof, 'draft' | 'use' | 'wentBack'> {
  readonly authenticator?: TwoFactorAuthenticator;
  /** The time step that it spends. */
  readonly step?: number;
  /** The same of a code that confirms an enrollment: it is spent for the new factor alone. */
  readonly confirmedStep?: number;
}

/** How a code is judged. */
export interface Judging<S extends Subject> {
  readonly load: () => Promise<S>;
  /** Answers the right code's match or undefined for a wrong one; what it throws is not charged. */
  readonly decide: (subject: S) => Promise<Match | undefined>;
  /** A text that may be a backup code: it is spent in place of being compared. */
  readonly backupCode?: string | undefined;
  /** With how many codes a wrong one was compared. */
  readonly compared: (subject: S) => number;
  /** The one method asked for, to be told with a wrong code. */
  readonly failed: MethodName | undefined;
  /** What the right code makes of the challenge. It is written by the UPDATE that counts the code. */
  readonly verdicts: (subject: S, proved: Proved) => readonly Verdict[];
}

export interface Verified<S extends Subject = Subject> {
  readonly subject: S;
  readonly proved: Proved;
}

/** A user's pending login, with what was read to judge it. */
export type LoginSubject = Subject & { readonly challenge: PendingChallenge };

/** Why there is nothing to use: it was begun and never confirmed, or never begun. */
export async function whyMissing(
  context: Context,
  identity: Identity,
  ...asked: readonly EnrollableMethod[]
): Promise<Error> {
  for (const method of asked) {
    const mechanism = mechanismOf(method);
    const snapshot = await context.snapshots.ofUser(identity, { purpose: 'enrollment', mechanism });
    const begun = snapshot.challenges.some((row) => isLive(ofRow(row), snapshot, context.settings.clock()));
    if (begun) return new TwoFactorSetupIncompleteError();
  }
  return new TwoFactorNotSetupError();
}
