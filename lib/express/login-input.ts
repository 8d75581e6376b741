import { InvalidInputError } from '../errors.js';
import type { LoginChannel } from '../options.js';
import type { TwoFactorService } from '../service/two-factor-service.js';

/** How an app's own login was made. */
export interface LoginAsOptions {
  /** Names the way, for the record: `'sign-up'`, `'magic-link'`. 1 to 191 characters; it exempts from nothing. */
  readonly via: string;
  /**
   * Where a message went that has proved the login, as of a password reset: a code that goes there, too, does not
   * finish it.
   */
  readonly channel?: LoginChannel;
  /** Keeps the session for `rememberFor`. */
  readonly remember?: unknown;
  /** Where `secondFactorErrorHandler` sends a browser whose login is halted. Default: that of `protect`. */
  readonly secondFactorRedirect?: string;
}

/**
 * @internal The names that a user may log in by: one or two different ones, none for a user without a password.
 * @throws TypeError for an answer of `users.hasPassword` that is neither true nor false
 */
export async function namesOf({ settings: { users } }: TwoFactorService, user: Express.User): Promise<string[]> {
  const hasPassword = users.hasPassword ? await users.hasPassword(user) : true;
  if (typeof hasPassword !== 'boolean')
    throw new TypeError(`users.hasPassword must answer true or false; got ${typeof hasPassword}`);
  const names = hasPassword ? [users.email?.(user), users.label?.(user)] : [];
  return [...new Set(names.filter((name): name is string => typeof name === 'string' && name !== ''))];
}

/** @internal An empty text is for the strategy to refuse; any other type never reaches it. */
export function readText(field: string, value: unknown): string {
  if (typeof value !== 'string') throw new InvalidInputError(field, 'a string');
  return value;
}
