import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { generateKey } from 'passport-two-factor';

/**
 * TWO_FACTOR_KEYS, or else a key that is made once and kept in a file, so that what is stored can still be read after
 * a restart. In production the key comes from a secret store: a copy of the database must not bring its key along.
 */
export function readKeys(file: string): string {
  const { TWO_FACTOR_KEYS: given } = process.env;
  if (given !== undefined && given !== '') return given;
  if (!existsSync(file)) writeFileSync(file, generateKey('k1'), { mode: 0o600, flag: 'wx' });
  return readFileSync(file, 'utf8');
}
