import type { EnrollableMethod } from '../core/methods.js';
import type { PasskeyState } from '../core/last-used.js';
import type { QuestionPurpose } from '../core/one-time-code.js';
import type { TwoFactorAuthenticator } from '../store/rows.js';

/** What an enrollment holds until it is confirmed. */
export interface Draft {
  /** What its owner sees. */
  readonly label: string;
  /** What the factor keeps, as text: a secret, an address. */
  readonly value: string;
}

/** Whose factor it is, and the row that it is sealed for. */
export interface Owner {
  readonly userId: string;
  readonly rowId: string;
}

/** What a response answers. */
export interface Question {
  readonly id: string;
  readonly purpose: QuestionPurpose;
  readonly userId: string;
  /** JSON: the live codes that were sent for it. */
  readonly codes: string;
}

/** What a response is compared with. */
export interface Comparison {
  /** Undefined where nothing was asked for, as for the code of an app. */
  readonly question: Question | undefined;
  /** Time steps up to this one are spent. */
  readonly spentStep: number;
  /** JSON of the account: the last uses of each factor. */
  readonly lastUsed: string;
}

/** A right response. */
export interface Proof {
  /** The time step that it spends (RFC 6238 §5.2). */
  readonly step?: number;
  /** What the enrollment has become, where only the response tells. */
  readonly draft?: Draft;
  /** Whether the authenticator has verified its user (WebAuthn's UV). */
  readonly uv?: boolean;
  /** Whether copies of it may lie on several devices. */
  readonly synced?: boolean;
  /** What is kept of this use. */
  readonly use?: PasskeyState;
  /** Its counter did not grow: there may be a copy of it. */
  readonly wentBack?: true;
}

/**
 * A factor that a user enrolls. It knows how it is kept, asked for and recognized. Throttling, the commit of a verdict,
 * epochs and sending stay outside of it.
 */
export interface Factor {
  readonly method: EnrollableMethod;
  /** What a response must be, for an error: "6 digits". */
  readonly shape: string;
  /** Whether it could be a response of this factor: nothing else is compared, or charged as a wrong one. */
  accepts(response: unknown): boolean;
  /** Names what a user can have once: the label of an app, a contact. */
  handleOf(userId: string, draft: Draft): string;
  /** The id of its row, where no two users may have the same one. Default: random. */
  idOf?(draft: Draft): string;
  /** Whether a response answers a challenge that was made for it. */
  readonly needsChallenge: boolean;
  /** Whether renaming it gives it another handle. */
  readonly isNamedByLabel: boolean;
  seal(owner: Owner, draft: Draft): string;
  /** What changes in a row that was sealed with an older key; undefined where none was. */
  resealed(row: TwoFactorAuthenticator): { readonly sealed: string; readonly handle?: string } | undefined;
  /** Whether the response confirms an enrollment. */
  confirm(draft: Draft, question: Question, response: unknown): Promise<Proof | undefined>;
  /** Whether it is right. @throws SealedDataError where the factor cannot be read */
  match(row: TwoFactorAuthenticator, comparison: Comparison, response: unknown): Promise<Proof | undefined>;
  /** With how many right responses a wrong one was compared: what the guess had as chances. */
  chances(row: Pick<TwoFactorAuthenticator, 'id'>, comparison: Comparison, response: unknown): number;
  /** The same for an enrollment. */
  readonly confirmChances: number;
}
