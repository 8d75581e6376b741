import { domainToASCII } from 'node:url';
import { parsePhoneNumberFromString } from 'libphonenumber-js/min';
import { InvalidInputError } from '../errors.js';
import { typedAddress, typedNumber } from './typed-text.js';

const longestAddress = 254; // RFC 5321 §4.5.3.1.3, less the angle brackets

/** RFC 5322's atom, with the letters and digits of every script (RFC 6531). */
const atom = String.raw`(?:[\w!#$%&'*+/=?^\x60{|}~\-]|(?![\0-\x7f])[\p{L}\p{M}\p{N}\u200c\u200d])+`;
const strictLocal = new RegExp(String.raw`^${atom}(?:\.${atom})*$`, 'u');

/** Whatever mail servers hand out, such as two dots in a row: one word, or a text in quotes. */
const anyLocal = /^(?:[^\p{Cc}\p{Z}<>()[\]\\,;:"@]+|"(?:[^\p{Cc}\p{Zl}\p{Zp}"\\]|\\[\x20-\x7e])*")$/u;

/** A domain name whose last label is letters or Punycode (`xn--p1ai`), so no IP address. */
const strictDomain = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:[a-z]{2,}|xn--[a-z0-9-]+)$/;

/** The same with the underscore that names of hosts have in private networks. */
const anyDomain = /^(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+(?:[a-z]{2,}|xn--[a-z0-9-]+)$/;

/** domainToASCII reads a URL's host: it would drop a newline, decode "%61" and end at "/", "?" or "#". */
const domainCharacters = /^[\u200d\u200c\p{L}\p{M}\p{N}._-]+$/u;

function parseEmail(address: unknown, local: RegExp, domain: RegExp): string | undefined {
  const typed = typeof address === 'string' && address.length <= 320 ? typedAddress(address).trim() : '';
  const at = typed.lastIndexOf('@');
  const name = typed.slice(0, Math.max(at, 0));
  // Chinese and Japanese keyboards type a full stop of their own.
  const host = typed.slice(at + 1).replace(/[\u3002\uff61]/g, '.');
  if (!domainCharacters.test(host) || !local.test(name)) return undefined;
  const ascii = domainToASCII(host);
  const normalized = `${name}@${ascii}`;
  return domain.test(ascii) && Buffer.byteLength(normalized) <= longestAddress ? normalized : undefined;
}

/**
 * The address with its domain in lower-case ASCII. The local part is kept: its case is the receiver's business.
 * @throws InvalidInputError naming `address`
 */
export function normalizeEmail(address: unknown): string {
  const normalized = parseEmail(address, strictLocal, strictDomain);
  if (normalized === undefined) throw new InvalidInputError('address', 'an e-mail address');
  return normalized;
}

/** The text is the number: one that is only found somewhere inside it ("call +1… now", another line) is refused. */
const parsePhone = (phone: string) => parsePhoneNumberFromString(phone, { extract: false });

/**
 * The number in E.164 (`+15551234567`).
 * @throws InvalidInputError naming `phone`
 */
export function normalizePhone(phone: unknown): string {
  const number = typeof phone === 'string' && phone.length <= 40 ? parsePhone(typedNumber(phone).trim()) : undefined;
  // Zeros after the country code are taken for the prefix of another country's dialing, once at each reading.
  const isSettled = number !== undefined && parsePhone(number.number)?.number === number.number;
  if (!isSettled || !number.isPossible() || number.ext !== undefined) {
    throw new InvalidInputError('phone', 'a phone number with its country code, such as +15551234567');
  }
  return number.number;
}

/** Two spellings that reach the same mailbox nearly everywhere are one contact. */
export const sameContact = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/**
 * The address that an app has for an account, with whatever local part its mail server hands out; undefined for none.
 */
export const vouchedEmail = (address: unknown): string | undefined => parseEmail(address, anyLocal, anyDomain);

/** Enough for its owner to recognize it; the number of stars is fixed, so that it does not tell the length. */
export function maskEmail(address: string): string {
  const at = address.lastIndexOf('@');
  if (at < 0) return '***';
  const local = Array.from(address.slice(0, at));
  // One character is the whole of a one-character name.
  return `${local.length > 1 ? (local[0] ?? '') : ''}***@${address.slice(at + 1)}`;
}

/** The same with bullets. */
export function maskPhone(phone: string): string {
  const number = parsePhoneNumberFromString(phone);
  if (!number) return '•••••••';
  const tail = number.nationalNumber.length >= 6 ? number.nationalNumber.slice(-2) : '';
  return `+${number.countryCallingCode}•••••••${tail}`;
}
