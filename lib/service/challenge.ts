import { sha256 } from '../core/keyring.js';
import type { QuestionPurpose } from '../core/one-time-code.js';
import type { TwoFactorChallenge } from '../store/rows.js';
import type { Snapshot } from '../store/snapshot-store.js';

/** What a code answers: a pending login, which its token holds, or an enrollment or step-up, which a row holds. */
export interface Challenge extends Pick<
  TwoFactorChallenge,
  'id' | 'userKey' | 'userId' | 'challengeEpoch' | 'securityEpoch' | 'createdAt' | 'expiresAt' | 'codes' | 'codeVersion'
> {
  readonly purpose: QuestionPurpose;
  /** Names it in the account's verdicts. */
  readonly verdictId: string;
}

/** An enrollment or step-up. */
export type StoredChallenge = TwoFactorChallenge & Challenge;

/** The row of the step-up that a token stands for: what is stored is not what a request has to bring. */
export const stepUpRow = (token: string): string => sha256(token);

/** 128 bits of the digest tell rows apart. */
export const ofRow = (row: TwoFactorChallenge): StoredChallenge => ({ ...row, verdictId: row.id.slice(0, 32) });

/**
 * When a challenge that is added now began: after every other one, also within a millisecond, so that "the newest" is
 * one.
 */
export const createdAfter = ({ challenges }: Snapshot, now: number): number =>
  Math.max(now, (challenges.at(-1)?.createdAt ?? 0) + 1);
