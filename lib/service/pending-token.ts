import { randomUUID } from 'node:crypto';
import { methodOf, twoFactorMethods } from '../core/methods.js';
import type { PublicMethods } from '../errors.js';
import type { FirstFactorKind, LoginChannel } from '../options.js';
import { newChallenge, type TwoFactorChallenge } from '../store/rows.js';
import type { Snapshot } from '../store/snapshot-store.js';
import type { Challenge } from './challenge.js';
import type { Context } from './context.js';
import type { Identity } from './identity.js';

/** Who holds a pending login: a session on the server, or a client that was given its token. */
export type Carrier = 'session' | 'token';

/** A pending login as a request brings it. */
export interface PendingToken {
  readonly token: string;
  readonly carrier: Carrier;
  /** Names the Passport that is to finish it; '' for any. */
  readonly passport: string;
}

/** All that there is of a pending login. It is sealed into its token; no row of the database is needed for it. */
export interface PendingContent {
  /** Names this token in the account's verdicts. */
  readonly id: string;
  /** Names the row of its codes, which stays when the token is replaced by another one. */
  readonly row: string;
  readonly userId: string;
  readonly challengeEpoch: number;
  readonly securityEpoch: number;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly kind: FirstFactorKind;
  readonly remember: boolean;
  /** Where the message went that proved the first factor; absent where none did. */
  readonly channel?: LoginChannel;
  /** What a page may show of it, for a client without a session. */
  readonly methods?: PublicMethods;
  /** Names the Passport that began it, '' for any: another one does not finish it. */
  readonly passport: string;
  /** Whether there may be such a row: the user has contacts that codes go to, or `kept` lies in it. */
  readonly hasRow: boolean;
  /** What the first factor left for the app, as JSON; true where it is too long and lies in the row. */
  readonly kept: string | true;
}

/** A pending login that was opened. */
export interface PendingChallenge extends Challenge {
  readonly purpose: 'login';
  readonly content: PendingContent;
  readonly carrier: Carrier;
  /** Sealed: what was too long for the token, '' for nothing. */
  readonly info: string;
  /** Whether there is a row of codes. */
  readonly isStored: boolean;
}

/** 128 random bits, in letters that no collation confuses. */
export const newId = (): string => randomUUID().replaceAll('-', '');

/** Seals a pending login for whoever is to hold it. */
export function sealPending({ keyring }: Pick<Context, 'keyring'>, content: PendingContent, carrier: Carrier): string {
  return keyring.sealToken('pending-login', carrier, JSON.stringify(content));
}

/** Undefined for what is no token of a pending login, or one of another carrier or Passport. */
export function openPending(
  { keyring }: Pick<Context, 'keyring'>,
  { token, carrier, passport }: PendingToken,
): PendingContent | undefined {
  const text = keyring.openToken('pending-login', carrier, token);
  if (text === undefined) return undefined;
  const content = JSON.parse(text) as PendingContent;
  // Begun by another Passport of the app: its users are others, and so is what they may do.
  const isOther = passport !== '' && content.passport !== '' && content.passport !== passport;
  return isOther ? undefined : content;
}

/** The pending login with the codes that were sent for it. */
export function withCodes(
  content: PendingContent,
  carrier: Carrier,
  { identity, snapshot }: { readonly identity: Identity; readonly snapshot: Snapshot },
): PendingChallenge {
  const { userId, challengeEpoch, securityEpoch, createdAt, expiresAt } = content;
  const row = snapshot.challenges.find(({ id }) => id === content.row);
  return {
    id: content.row,
    verdictId: content.id,
    purpose: 'login',
    userId,
    userKey: identity.key,
    challengeEpoch,
    securityEpoch,
    createdAt,
    expiresAt,
    codes: row?.codes ?? '{}',
    codeVersion: row?.codeVersion ?? 0,
    content,
    carrier,
    info: row?.info ?? '',
    isStored: row !== undefined,
  };
}

/** The user without the factors that are reached where the first one was: two messages to one mailbox are one. */
export function withoutChannel<S extends Pick<Snapshot, 'authenticators'>>(snapshot: S, channel?: LoginChannel): S {
  if (channel === undefined) return snapshot;
  const isOther = ({ mechanism }: { readonly mechanism: number }): boolean =>
    twoFactorMethods[methodOf(mechanism)].channel !== channel;
  return { ...snapshot, authenticators: snapshot.authenticators.filter(isOther) };
}

/** The row that a pending login gets with its first code. @param info sealed: what is too long for the token */
export function rowOf(challenge: PendingChallenge, info: string): TwoFactorChallenge {
  const { id, userKey, userId, purpose, challengeEpoch, securityEpoch, createdAt, expiresAt, codes } = challenge;
  return newChallenge({
    id,
    userKey,
    userId,
    purpose,
    challengeEpoch,
    securityEpoch,
    createdAt,
    expiresAt,
    codes,
    info,
  });
}
