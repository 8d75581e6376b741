import { sha256 } from '../core/keyring.js';
import type { Settings } from '../settings.js';

/** A user as the tables know one: `key` for every lookup, `id` to be read and as what secrets are bound to. */
export interface Identity {
  readonly id: string;
  readonly key: string;
  /**
   * The security epoch at which the caller was found to have authenticated recently; absent for a caller that is
   * trusted.
   */
  readonly judgedAt?: number;
  /** The user of this very request, for an app that has no `users.find`. */
  readonly user?: Express.User;
}

// What String() makes of a missing id: one account shared by everybody without one.
const notAnId = new Set(['', 'undefined', 'null', 'NaN', '[object Object]']);

/** @throws TypeError for anything that cannot be a user's id, so that a missing one never finds somebody's row */
export function identityOf(id: unknown): Identity {
  // Half of a surrogate pair becomes U+FFFD in the digest, so that two ids would be one; PostgreSQL refuses U+0000.
  if (typeof id !== 'string' || notAnId.has(id) || Array.from(id).length > 191 || /[\0\p{Surrogate}]/u.test(id)) {
    throw new TypeError(
      'The id of a user must be a string of 1 to 191 characters: write users: { id: (user) => String(user.id), … ' +
        `}; got ${typeof id === 'string' ? JSON.stringify(id.slice(0, 40)) : typeof id}`,
    );
  }
  return { id, key: sha256(id) };
}

const isUser = (user: unknown): user is Express.User => user !== undefined && user !== null && user !== false;

/** The identity of the app's user. @throws TypeError where there is no user or `users.id` answers no id */
export function identify(settings: Settings, user: unknown): Identity {
  if (!isUser(user)) throw new TypeError('There is no user to tell the id of.');
  const identity = identityOf(settings.users.id(user));
  return settings.users.find ? identity : { ...identity, user };
}

/** Passport's way from what it keeps of a user to the user. */
export type Deserialize = (serialized: unknown) => Promise<unknown>;

/** What is known of a user beside the id, where a login was halted. */
export interface KeptOfUser {
  readonly serialized?: unknown;
  readonly info?: unknown;
  readonly deserialize?: Deserialize | undefined;
}

/** The app's user of that id as the app knows it now; undefined for one that is removed or disabled. */
export async function findUser(
  { users }: Pick<Settings, 'users'>,
  identity: Identity,
  { serialized, info, deserialize }: KeptOfUser = {},
): Promise<Express.User | undefined> {
  const user: unknown = users.find
    ? await users.find(identity.id, { serialized, info })
    : (identity.user ?? (await deserialized(serialized, deserialize)));
  if (!isUser(user)) return undefined;
  // A look-up that answers somebody else (the first row, a case-insensitive match) must not log that one in.
  if (identityOf(users.id(user)).key !== identity.key) {
    throw new Error(
      `${users.find ? 'users.find' : 'deserializeUser'} answered a user with another id than the one it was asked for.`,
    );
  }
  return user;
}

async function deserialized(serialized: unknown, deserialize: Deserialize | undefined): Promise<unknown> {
  if (serialized !== undefined && deserialize) return deserialize(serialized);
  throw new TypeError(noFind);
}

export const noFind =
  'users.find is missing, and this user cannot be found without it: give the service users: { find: (id) => user ' +
  '}, or let ' +
  'Passport find the users of its logins: passport.serializeUser and deserializeUser, and protect or ' +
  'twoFactorAuth({ passport }).';
