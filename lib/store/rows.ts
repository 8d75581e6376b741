import type { TwoFactorMechanism } from '../core/methods.js';
import type { ChallengePurpose } from '../core/one-time-code.js';
import type { TotpParameters } from '../core/totp.js';

/** A user's counters and pointers: what every verdict is committed to, in one conditional UPDATE. */
export interface TwoFactorAccount {
  userKey: string;
  userId: string;
  /** Optimistic lock: every verdict is committed `WHERE version = :read`. */
  version: number;
  failures: number;
  windowFailures: number;
  windowStart: number;
  nextAttemptAt: number;
  /** Highest TOTP time step that was ever accepted. */
  lastStep: number;
  /** Raising it ends every live challenge. */
  challengeEpoch: number;
  /** Raising it ends the second-factor marks of all sessions. */
  securityEpoch: number;
  /** '' while there are no backup codes. */
  backupSetId: string;
  /** `<key id>.<salt>` of the set, '' while there is none. */
  backupSalt: string;
  /** JSON: authenticator id → epoch milliseconds of its last use. Here, so that a login writes one row, not two. */
  lastUsed: string;
  /** The mechanism that the user likes to be asked for first, 0 for none. */
  preferred: TwoFactorMechanism | 0;
  /** Epoch milliseconds by which the user must have enrolled, once it was told; 0 before. It is never put off. */
  enrollBy: number;
  /**
   * Which factors count, as JSON: id → true for a provisional row that counts, id → false for one that was removed. The
   * UPDATE of this column is what adds and what removes a factor; the rows themselves decide nothing.
   */
  factors: string;
  /** Wrong codes by day, for a window that slides by days. '' before the first one. */
  failureDays: string;
  /**
   * JSON: what became of pending logins, enrollments and step-ups that a right code has answered. '' before the first
   * one.
   */
  verdicts: string;
  /**
   * Epoch milliseconds: a challenge that ends at this time or before is dead, since its verdict may have been
   * dropped.
   */
  deadUntil: number;
}

/** A verified method. There is no row for one that is not. */
export interface TwoFactorAuthenticator extends TotpParameters {
  id: string;
  userKey: string;
  userId: string;
  mechanism: TwoFactorMechanism;
  /** What makes it one of its kind: digest of the label (TOTP), keyed digest of the contact (e-mail, SMS). */
  handle: string;
  label: string;
  /** Sealed TOTP secret or contact. */
  sealed: string;
  verifiedAt: number;
  /** Time step of the code that confirmed it: that code does not log in. */
  confirmedStep: number;
  /** The security epoch that it begins: its INSERT alone ends what sessions without it stand for. */
  securityEpoch: number;
  /** 1: it counts only where the account's `factors` says so. 0: a row of version 0.1, which counts unless removed. */
  provisional: number;
}

export interface TwoFactorBackupCode {
  setId: string;
  tag: string;
  userKey: string;
  /** 0 while unused. */
  usedAt: number;
}

/** An enrollment or a step-up, or the codes that were sent for a pending login. */
export interface TwoFactorChallenge {
  /** Random, or the SHA-256 of the token of a step-up. */
  id: string;
  userKey: string;
  userId: string;
  purpose: ChallengePurpose;
  /** The mechanism being enrolled; 0 for a login or step-up. */
  mechanism: number;
  /** The handle of what is being enrolled; '' for a login or step-up. */
  handle: string;
  challengeEpoch: number;
  /** The account's at birth: a login that was verified before a change of factors is not completed after it. */
  securityEpoch: number;
  /** Of version 0.1, as are `kind`, `remember` and `verifiedBy`: a later version drops these columns. */
  strategy: string;
  kind: string;
  remember: number;
  /** Sealed: what the first factor left for the app, where it is too long for the token. '' otherwise. */
  info: string;
  /** Sealed secret or contact of an enrollment, '' otherwise. */
  sealed: string;
  /** JSON: per delivered method the tag, expiry and sends of its one live code. */
  codes: string;
  /** Raised by every change of `codes`, which is committed `WHERE code_version = :read`. */
  codeVersion: number;
  verifiedBy: string;
  createdAt: number;
  expiresAt: number;
}

/** How many messages went out, by keyed digest of user and mechanism or of an unconfirmed destination. */
export interface TwoFactorQuota {
  id: string;
  version: number;
  hourStart: number;
  hourCount: number;
  dayStart: number;
  dayCount: number;
  /** Whose it is, '' for the budget of a destination. */
  userKey: string;
  /** `<challenge>:<messages>:<epoch milliseconds>` of the last message of a challenge, '' for none. */
  lastSent: string;
}

/** A row of a user who is new: nothing counted, nothing enrolled. */
export const newAccount = (userKey: string, userId: string, epoch: number): TwoFactorAccount => ({
  userKey,
  userId,
  version: 0,
  failures: 0,
  windowFailures: 0,
  windowStart: 0,
  nextAttemptAt: 0,
  lastStep: 0,
  challengeEpoch: epoch,
  securityEpoch: epoch,
  backupSetId: '',
  backupSalt: '',
  lastUsed: '{}',
  preferred: 0,
  enrollBy: 0,
  factors: '',
  failureDays: '',
  verdicts: '',
  deadUntil: 0,
});

type Given<T, K extends keyof T> = Pick<T, K> & Partial<T>;

/** A challenge that nothing has answered yet; what is not given is none. */
export const newChallenge = (
  given: Given<
    TwoFactorChallenge,
    'id' | 'userKey' | 'userId' | 'purpose' | 'challengeEpoch' | 'securityEpoch' | 'createdAt' | 'expiresAt'
  >,
): TwoFactorChallenge => ({
  mechanism: 0,
  handle: '',
  strategy: '',
  kind: '',
  remember: 0,
  info: '',
  sealed: '',
  codes: '{}',
  codeVersion: 0,
  verifiedBy: '',
  ...given,
});

/** A factor that waits for the account to say that it counts. */
export const newAuthenticator = (given: Omit<TwoFactorAuthenticator, 'provisional'>): TwoFactorAuthenticator => ({
  ...given,
  provisional: 1,
});

/** The counts of a budget that nothing was taken from yet. */
export const newQuota = (given: Given<TwoFactorQuota, 'id'>): TwoFactorQuota => ({
  version: 0,
  hourStart: 0,
  hourCount: 0,
  dayStart: 0,
  dayCount: 0,
  userKey: '',
  lastSent: '',
  ...given,
});
