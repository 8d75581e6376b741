import type { Keyring } from '../core/keyring.js';
import type { TwoFactorChallenge } from '../store/rows.js';
import type { Context, Identity } from './context.js';

const longestInfo = 2048;
const longestSerialized = 16_384;

/** Tells what is kept now from the bare `info` that version 0.1 has kept. */
const shape = 'passport-two-factor.kept';

interface Kept {
  /** The strategy's `info`. */
  readonly info: unknown;
  /** What Passport would have kept of the user. */
  readonly serialized?: unknown;
}

interface ToKeep extends Kept {
  readonly identity: Identity;
  readonly id: string;
}

/**
 * Seals what must outlive the halt.
 * @throws Error where it is no JSON, or too long: a login could not be finished as it was begun
 */
export function sealKept(
  { keyring, settings }: Pick<Context, 'keyring' | 'settings'>,
  { identity, id, info, serialized }: ToKeep,
): string {
  const kept = {
    ...readable('The info that the strategy gave with the user', 'info', info, longestInfo),
    // An app that finds its users by their id needs none of it.
    ...(isReadable(serialized) || !settings.users.find
      ? readable('What serializeUser answered', 'serialized', serialized, longestSerialized)
      : {}),
  };
  if (Object.keys(kept).length === 0) return '';
  return keyring.seal('auth-info', identity.id, id, JSON.stringify({ [shape]: 1, ...kept }));
}

export function openKept(keyring: Keyring, { info, userId, id }: TwoFactorChallenge): Kept {
  if (info === '') return { info: undefined };
  const kept = JSON.parse(keyring.open('auth-info', userId, id, info).toString()) as Record<string, unknown> | null;
  return kept?.[shape] === 1 ? { info: kept.info, serialized: kept.serialized } : { info: kept };
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

function readable(what: string, name: string, value: unknown, longest: number): object {
  if (value === undefined || value === null) return {};
  const text = textOf(value);
  if (text === undefined || Buffer.byteLength(text) > longest) {
    throw new Error(`${what} must be JSON of at most ${longest} bytes to be kept until the second factor.`);
  }
  return { [name]: value };
}
