import { TwoFactorExpiredError } from '../errors.js';
import type { Settings } from '../settings.js';
import type { Context } from './context.js';
import type { PendingChallenge } from './pending-token.js';

const longestInfo = 2048;
const longestSerialized = 16_384;

/** Bytes that a token holds itself; what is longer lies in a row of the database. */
export const longestInToken = 1024;

interface Kept {
  /** The strategy's `info`. */
  readonly info?: unknown;
  /** What Passport would have kept of the user. */
  readonly serialized?: unknown;
}

/**
 * What must outlive the halt, as JSON; '' for nothing.
 * @throws Error where it is no JSON, or too long: a login could not be finished as it was begun
 */
export function textOfKept({ users }: Pick<Settings, 'users'>, { info, serialized }: Kept): string {
  const kept = {
    ...readable('The info that the strategy gave with the user', { info }, longestInfo),
    // An app that finds its users by their id needs none of it.
    ...(isReadable(serialized) || !users.find
      ? readable('What serializeUser answered', { serialized }, longestSerialized)
      : {}),
  };
  return Object.keys(kept).length === 0 ? '' : JSON.stringify(kept);
}

/** Seals for its row what is too long for the token. */
export const sealKept = (
  { keyring }: Pick<Context, 'keyring'>,
  { userId, id }: PendingChallenge,
  kept: string,
): string => keyring.seal('auth-info', { userId, rowId: id }, kept);

/** @throws TwoFactorExpiredError where the row that it lies in is gone */
export function openKept({ keyring }: Pick<Context, 'keyring'>, challenge: PendingChallenge): Kept {
  const { content, info, userId, id } = challenge;
  if (content.kept === '') return {};
  if (content.kept !== true) return JSON.parse(content.kept) as Kept;
  if (info === '') throw new TwoFactorExpiredError();
  return JSON.parse(keyring.open('auth-info', { userId, rowId: id }, info).toString()) as Kept;
}

function textOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

function isReadable(value: unknown): boolean {
  const text = textOf(value);
  return text !== undefined && Buffer.byteLength(text) <= longestSerialized;
}

function readable(what: string, kept: Kept, longest: number): Kept {
  const [value] = Object.values(kept) as unknown[];
  if (value === undefined || value === null) return {};
  const text = textOf(value);
  if (text === undefined || Buffer.byteLength(text) > longest) {
    throw new Error(`${what} must be JSON of at most ${longest} bytes to be kept until the second factor.`);
  }
  return kept;
}
