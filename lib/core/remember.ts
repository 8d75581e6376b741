import { InvalidInputError } from '../errors.js';

/** What forms of the usual frameworks send for a box that is ticked, and for one that is not. */
const ticked: readonly unknown[] = [
  true,
  1,
  '1',
  'on',
  'true',
  't',
  'yes',
  'y',
  'checked',
  'selected',
  'remember',
  'remember-me',
  'remember_me',
  'rememberme',
  'forever',
];
const empty: readonly unknown[] = [undefined, null, false, 0, '', '0', 'off', 'false', 'f', 'no', 'n', 'unchecked'];

/**
 * Whether a login is to be remembered, from a JSON body or a form's checkbox. A list is that of a form with a hidden
 * field beside the box (`remember=0&remember=1`): one ticked is enough.
 * @throws InvalidInputError naming `remember`
 * @internal
 */
export function readRemember(remember: unknown): boolean {
  const given = Array.isArray(remember) && remember.length > 0 ? (remember as unknown[]) : [remember];
  const values = given.map((value) => (typeof value === 'string' ? value.trim().toLowerCase() : value));
  if (!values.every((value) => ticked.includes(value) || empty.includes(value)))
    throw new InvalidInputError('remember', 'true or false');
  return values.some((value) => ticked.includes(value));
}
