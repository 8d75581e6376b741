import { describe, expect, it } from 'vitest';
import { generateOneTimeCode, isDigits, readCode } from '../../lib/core/one-time-code.js';
import { InvalidInputError } from '../../lib/errors.js';

describe('a delivered code', () => {
  it.each([6, 7, 8, 9, 10])('of length %i has that many digits, whatever it begins with', (length) => {
    for (let n = 0; n < 2000; n += 1) expect(generateOneTimeCode(length)).toMatch(new RegExp(`^[0-9]{${length}}$`));
  });

  it('is uniform: a million of them have every digit at every place as often as chance says', () => {
    const total = 1_000_000;
    const places = Array.from({ length: 6 }, () => new Array<number>(10).fill(0));
    const heads = new Array<number>(1000).fill(0);
    for (let n = 0; n < total; n += 1) {
      const code = generateOneTimeCode(6);
      for (let place = 0; place < 6; place += 1) places[place]![code.charCodeAt(place) - 48]! += 1;
      heads[Number(code.slice(0, 3))]! += 1;
    }
    // Exceeded by chance with probability 10^-10 (9 degrees of freedom) and 10^-10 (999): a false alarm of any of the
    // seven once in more than 10^9 runs.
    for (const counts of places) expect(chiSquared(counts, total)).toBeLessThan(65.82);
    expect(chiSquared(heads, total)).toBeLessThan(1310.2);
  });

  it('begins with zeros as often as with anything else', () => {
    const codes = Array.from({ length: 20_000 }, () => generateOneTimeCode(6));
    // 2000 are expected; the chance of fewer than 1700 is below 10^-12.
    expect(codes.filter((code) => code.startsWith('0')).length).toBeGreaterThan(1700);
  });
});

function chiSquared(counts: readonly number[], total: number): number {
  const expected = total / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

describe('reading a code as the user typed it', () => {
  it.each([
    ['123456', '123456'],
    ['123 456', '123456'],
    ['123-456', '123456'],
    [' 123456 ', '123456'],
    ['1 2 3 4 5 6', '123456'],
    ['012345', '012345'],
    ['ABCDE-FGHJK-MNP', 'ABCDEFGHJKMNP'],
    ['', ''],
  ])('"%s" is read as "%s"', (typed, read) => {
    expect(readCode(typed)).toBe(read);
  });

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['the number 0, which some databases equate with any text', 0],
    ['a number', 123456],
    ['a bigint', 123456n],
    ['true', true],
    ['an array with a code (the field twice in a form)', ['123456', '123456']],
    ['an array with one code', ['123456']],
    ['an object', { $ne: '' }],
    ['an object that reads as a code', { toString: () => '123456' }],
    ['a String object', Object('123456') as object],
    ['a function', () => '123456'],
  ])('refuses %s', (_what, code) => {
    expect(() => readCode(code)).toThrow(InvalidInputError);
    expect(() => readCode(code)).toThrow(/^code must be /);
  });

  it('reads 64 characters and no more', () => {
    expect(readCode('123456'.padEnd(64))).toBe('123456');
    expect(() => readCode('123456'.padEnd(65))).toThrow(InvalidInputError);
  });

  it('refuses a megabyte without repeating it', () => {
    expect(() => readCode('1'.repeat(1_000_000))).toThrow(InvalidInputError);
    expect(() => readCode(`${' '.repeat(1_000_000)}123456`)).toThrow(/^code must be .{1,60}$/);
  });

  it.each([
    '123\u00a0456',
    '123\u2009456',
    '\u3000123\u202f456',
    '123–456',
    '123\u2011456',
    '123\u2212456',
    '123ー456',
    '１２３－４５６',
    '\ufeff123456',
    '\u200b123\u200d456\u200c',
    '123\u00ad456',
    '\u200e123456\u200f',
    '\u202a123456\u202c',
    '\u2066123456\u2069',
    '\u061c123456',
    '123\ufe0f456',
    ...[
      '１２３４５６',
      '١٢٣٤٥٦',
      '۱۲۳۴۵۶',
      '१२३४५६',
      '১২৩৪৫৬',
      '๑๒๓๔๕๖',
      '༡༢༣༤༥༦',
      '၁၂၃၄၅၆',
      '១២៣៤៥៦',
      '߁߂߃߄߅߆',
      '𝟏𝟐𝟑𝟒𝟓𝟔',
      '𝟙𝟚𝟛𝟜𝟝𝟞',
      '𝟷𝟸𝟹𝟺𝟻𝟼',
      '1٢۳४５6',
    ],
  ])('reads %j as 123456', (typed) => {
    expect(readCode(typed)).toBe('123456');
  });

  it('reads every decimal digit of Unicode as the digit that it is', () => {
    for (let code = 0; code < 0x110000; code += 1) {
      const character = String.fromCodePoint(code);
      if (!/\p{Nd}/u.test(character)) continue;
      expect(readCode(character)).toMatch(/^[0-9]$/);
    }
    const zeros = [
      0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20,
      0x1040, 0x17e0, 0x1810, 0xff10, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6,
    ];
    for (const zero of zeros)
      expect(readCode(String.fromCodePoint(...Array.from({ length: 10 }, (_, digit) => zero + digit)))).toBe(
        '0123456789',
      );
  });

  it.each([
    ['ＡＢＣＤＥ－ＦＧＨＪＫ－ＭＮＰ', 'ABCDEFGHJKMNP'],
    ['ａｂ１２', 'ab12'],
  ])('reads the full-width letters of %j', (typed, read) => {
    expect(readCode(typed)).toBe(read);
  });

  it.each([
    '\t123456',
    '123456\n',
    '123_456',
    '123.456',
    '123456\0',
    '123456\u2028',
    '①②③④⑤⑥',
    '¹²³⁴⁵⁶',
    '一二三四五六',
    'ⅠⅡⅢⅣⅤⅥ',
    '0123456789ABſ',
    '0123456789ABı',
    '0123456789ABß',
    '𝐀𝐁𝐂',
  ])('keeps %j as it is, so that it is not taken for six digits or for letters', (typed) => {
    expect(readCode(typed)).toBe(typed);
    expect(isDigits(readCode(typed), 6)).toBe(false);
  });
});

describe('the shape of a code', () => {
  it('is so many ASCII digits', () => {
    expect(isDigits('123456', 6)).toBe(true);
    expect(isDigits('000000', 6)).toBe(true);
    expect(isDigits('12345678', 8)).toBe(true);
  });

  it.each([
    '',
    '1',
    '12345',
    '1234567',
    '0x1E24',
    '1e0000',
    '12345e',
    '-12345',
    '+12345',
    '12345 ',
    '12345\n',
    '１２３４５６',
    '١٢٣٤٥٦',
    '१२३४५६',
    'abcdef',
    '12.345',
  ])('is not %j where six are asked for', (text) => {
    expect(isDigits(text, 6)).toBe(false);
  });
});
