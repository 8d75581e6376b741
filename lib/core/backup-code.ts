import { randomBytes, randomInt, scrypt } from 'node:crypto';

/** Crockford's base32: no I, L, O or U, so a written code is read back right. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const codeLength = 13;

/** 13 characters of 5 bits: 65 bits each (NIST SP 800-63B §3.1.2 asks for 20 at least, salted and hashed below 112). */
export function generateBackupCodes(count: number): string[] {
  const codes = new Set<string>();
  while (codes.size < count) {
    codes.add(Array.from({ length: codeLength }, () => alphabet.charAt(randomInt(32))).join(''));
  }
  return [...codes];
}

/**
 * The code in the form it was made in, or undefined where the text cannot be one. Crockford reads O as 0, I and L as
 * 1.
 */
export function parseBackupCode(text: string): string | undefined {
  // ASCII first: "ß" has two capitals, and those of "ı" and "ſ" are in the alphabet.
  if (text.length !== codeLength || !/^[0-9A-Za-z]+$/.test(text)) return undefined;
  const code = text.toUpperCase().replaceAll('O', '0').replace(/[IL]/g, '1');
  return /^[0-9A-HJKMNP-TV-Z]+$/.test(code) ? code : undefined;
}

export const generateSalt = (): Buffer => randomBytes(16);

/** scrypt of a code under its set's salt. One salt a set, so one scrypt checks an attempt against every code of it. */
export function stretchBackupCode(code: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(code, salt, 32, { N: 2 ** 14, r: 8, p: 1 }, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}
