import { createHash, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';

const keyName = /^[A-Za-z0-9_-]{1,32}$/;

/**
 * A new 32-byte key for `keys`, in base64; with a name, ready to be prepended: `${generateKey('k2')},${oldKeys}`.
 * @throws TypeError for a name of other characters than letters, digits, "-" and "_"
 */
export function generateKey(name?: string): string {
  if (name !== undefined && !keyName.test(name))
    throw new TypeError('The name of a key has 1 to 32 letters, digits, "-" and "_"');
  const key = randomBytes(32).toString('base64');
  return name === undefined ? key : `${name}:${key}`;
}

const expected =
  'keys must be a comma-separated list of "name:BASE64" with 32 random bytes each, newest first: ' +
  "set TWO_FACTOR_KEYS to the output of `node -p \"require('passport-two-factor').generateKey('k1')\"`";

function parseKey(entry: string): [string, KeyObject] {
  const colon = entry.indexOf(':');
  const text = entry.slice(colon + 1);
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) throw new TypeError(`${expected}; an entry is not base64`);
  const key = Buffer.from(text, 'base64');
  if (key.length !== 32) throw new TypeError(`${expected}; an entry has ${key.length} bytes`);
  // A key without a name is named for what it is, so that two nameless keys are still told apart.
  const id = colon < 0 ? createHash('sha256').update(key).digest('hex').slice(0, 8) : entry.slice(0, colon);
  if (!keyName.test(id)) throw new TypeError(`${expected}; a name has letters, digits, "-" and "_" only`);
  return [id, createSecretKey(key)];
}

/**
 * The `keys` option, newest first.
 * @throws TypeError saying what it must be; the message never holds key material
 * @internal
 */
export function readKeys(keys: unknown): [string, KeyObject][] {
  if (typeof keys !== 'string' || keys.trim() === '')
    throw new TypeError(`${expected}; got ${keys === '' ? 'an empty string' : typeof keys}`);
  const entries = keys.split(',').map((entry) => parseKey(entry.trim()));
  if (new Set(entries.map(([name]) => name)).size !== entries.length)
    throw new TypeError(`${expected}; two entries have the same name`);
  return entries;
}
