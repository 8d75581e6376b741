import { scryptSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generateBackupCodes, generateSalt, parseBackupCode, stretchBackupCode } from '../../lib/core/backup-code.js';

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

describe('a set of backup codes', () => {
  it.each([1, 10, 32])('has %i different codes of 13 characters', (count) => {
    const codes = generateBackupCodes(count);
    expect(codes).toHaveLength(count);
    expect(new Set(codes).size).toBe(count);
    for (const code of codes) expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{13}$/);
  });

  it('has no code of another set (ten thousand codes)', () => {
    expect(new Set(Array.from({ length: 1000 }, () => generateBackupCodes(10)).flat()).size).toBe(10_000);
  });

  it('uses each of the 32 characters as often as chance says, so a code has 65 bits', () => {
    const characters = Array.from({ length: 1000 }, () => generateBackupCodes(10))
      .flat()
      .join('');
    const expected = characters.length / 32;
    const counts = Array.from(alphabet, (character) => characters.split(character).length - 1);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(characters.length);
    const chiSquared = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // Exceeded by chance with probability 10^-10 (31 degrees of freedom).
    expect(chiSquared).toBeLessThan(109.7);
  });
});

describe('reading a backup code', () => {
  it('takes every code that was made, in upper and lower case', () => {
    for (const code of generateBackupCodes(32)) {
      expect(parseBackupCode(code)).toBe(code);
      expect(parseBackupCode(code.toLowerCase())).toBe(code);
    }
  });

  it('takes O for 0 and I and L for 1, as they look when written by hand', () => {
    expect(parseBackupCode('OoIiLl0123456')).toBe('0011110123456');
  });

  it.each([
    ['nothing', ''],
    ['12 characters', '0123456789ABC'.slice(1)],
    ['14 characters', '0123456789ABCD'],
    ['the letter U, which Crockford leaves out', '0123456789ABU'],
    ['a space', '0123456789AB '],
    ['a newline at the end', '0123456789AB\n'],
    ['a dash', '012345-789ABC'],
    ['a quote', "0123456789AB'"],
    ['a percent sign', '0123456789AB%'],
    ['an underscore, a wildcard in SQL', '_____________'],
    ['a NUL', '0123456789AB\0'],
    ['full-width digits, which readCode has turned into others by then', '０１２３４５６７８９０１２'],
    ['a letter with an accent', '0123456789ABÉ'],
    ['a dotless i, whose capital is I', '0123456789ABı'],
    ['a long s, whose capital is S', '0123456789ABſ'],
    ['a sharp s, whose capital is two letters', '0123456789ABß'],
    ['a sharp s in front', 'ß0123456789AB'],
    ['a long s in front', 'ſ0123456789AB'],
    ['a U in front, which the alphabet leaves out', 'U0123456789AB'],
    ['a U at the end', '0123456789ABU'],
    ['a ligature, whose capital is two letters', '0123456789ABﬁ'],
    ['a Kelvin sign', '0123456789AB\u212a'],
  ])('refuses %s', (_what, text) => {
    expect(parseBackupCode(text)).toBeUndefined();
  });

  it('gives 13 characters of the alphabet or nothing, for any text', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.string({ minLength: 13, maxLength: 13, unit: 'grapheme' })),
        (text) => {
          const code = parseBackupCode(text);
          if (code !== undefined) expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{13}$/);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('is stable: what was read is read again as the same', () => {
    fc.assert(
      fc.property(
        fc.string({
          minLength: 13,
          maxLength: 13,
          unit: fc.constantFrom(...Array.from(`${alphabet}${alphabet.toLowerCase()}OILoil`)),
        }),
        (text) => {
          const code = parseBackupCode(text);
          expect(code).toBeDefined();
          expect(parseBackupCode(code!)).toBe(code);
        },
      ),
    );
  });
});

describe('stretching a backup code', () => {
  const [code, other] = generateBackupCodes(2) as [string, string];
  const salt = generateSalt();

  it('is scrypt with N = 2^14, r = 8, p = 1 under the salt of its set', async () => {
    expect(await stretchBackupCode(code, salt)).toEqual(scryptSync(code, salt, 32, { N: 16_384, r: 8, p: 1 }));
  });

  it('differs for another code and another set', async () => {
    const stretched = await stretchBackupCode(code, salt);
    expect(await stretchBackupCode(code, salt)).toEqual(stretched);
    expect(await stretchBackupCode(other, salt)).not.toEqual(stretched);
    expect(await stretchBackupCode(code, generateSalt())).not.toEqual(stretched);
  });

  it('has a salt of 16 random bytes', () => {
    const salts = Array.from({ length: 1000 }, generateSalt);
    expect(salts.every((bytes) => bytes.length === 16)).toBe(true);
    expect(new Set(salts.map((bytes) => bytes.toString('hex'))).size).toBe(1000);
  });
});
