import { InvalidInputError } from '../errors.js';
import { longestStrategyName } from '../passport/first-factor.js';
import type { TwoFactorService } from '../service/two-factor-service.js';

/** How an app's own login was made. */
export interface LoginAsOptions {
  /** Names the way, for the record: `'sign-up'`, `'magic-link'`. 1 to 191 characters; it exempts from nothing. */
  readonly via: string;
  /** Keeps the session for `rememberFor`. */
  readonly remember?: unknown;
  /** Where `secondFactorErrorHandler` sends a browser whose login is halted. Default: that of `protect`. */
  readonly secondFactorRedirect?: string;
}

/** @internal The names that a user may log in by: one or two different ones. */
export function namesOf({ settings: { users } }: TwoFactorService, user: Express.User): [string, ...string[]] {
  const names = [users.email?.(user), users.label?.(user)].filter(
    (name): name is string => typeof name === 'string' && name !== '',
  );
  const [first, ...others] = new Set(names);
  if (first === undefined)
    throw new TypeError('reauthenticate needs users.email or users.label to tell the name that the user logs in by');
  return [first, ...others];
}

/** @internal An empty text is for the strategy to refuse; any other type never reaches it. */
export function readText(field: string, value: unknown): string {
  if (typeof value !== 'string') throw new InvalidInputError(field, 'a string');
  return value;
}

/** @internal The name of a way to log in, which is kept beside the pending login. */
export function readVia(via: unknown): string {
  const text = readText('via', via);
  if (text.length < 1 || text.length > longestStrategyName)
    throw new InvalidInputError('via', `a text of 1 to ${longestStrategyName} characters`);
  return text;
}
