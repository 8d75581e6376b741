/** What nobody sees: joiners, soft hyphens, the marks that set the direction of a text, a byte order mark. */
const invisible = /\p{Default_Ignorable_Code_Point}/gu;

/** The same, but for the two joiners that spell words of Persian and Hindi. */
const invisibleInWords = /(?![\u200c\u200d])\p{Default_Ignorable_Code_Point}/gu;

/** A joiner that does not stand between two letters of such a script joins nothing. */
const looseJoiner = /(?<!(?![\0-\x7f])[\p{L}\p{M}])[\u200c\u200d]|[\u200c\u200d](?!(?![\0-\x7f])[\p{L}\p{M}])/gu;

/** Every kind of space but those that end a line. */
const space = /\p{Zs}/gu;

/** Hyphens, dashes, the minus sign, and the long-vowel mark that a Japanese keyboard has in the place of a dash. */
const dash = /[\p{Pd}\u2212\u30fc\uff70]/gu;

/** ASCII as Chinese and Japanese keyboards type it. No other letters are read: "ſ" and "ı" are not "s" and "i". */
const fullWidth = (text: string): string =>
  text.replace(/[\uff01-\uff5e]/g, (character) => String.fromCharCode(character.charCodeAt(0) - 0xfee0));

const isDigit = (code: number): boolean => /^\p{Nd}$/u.test(String.fromCodePoint(code));

/** Unicode keeps the ten digits of a script beside each other, zero first; where several scripts touch, in tens. */
function asciiDigit(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  let zero = code;
  while (isDigit(zero - 1)) zero -= 1;
  return String((code - zero) % 10);
}

const digits = (text: string): string => text.replace(/\p{Nd}/gu, asciiDigit);

/** @internal A number as people type and paste one: the digits of any script, without what is invisible. */
export const typedNumber = (text: string): string => digits(fullWidth(text.replace(invisible, '')).replace(space, ' '));

/** @internal A code or a secret: the same without the spaces and dashes that screens and people put in. */
export const typedCode = (text: string): string => typedNumber(text).replace(/ /g, '').replace(dash, '');

/** @internal An address: its letters and digits stay what they are, since those of other scripts may be meant. */
export const typedAddress = (text: string): string =>
  fullWidth(text.replace(invisibleInWords, '').replace(looseJoiner, '')).replace(space, ' ').normalize('NFC');
