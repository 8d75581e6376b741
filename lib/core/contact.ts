import { domainToASCII } from 'node:url';
import { parsePhoneNumberFromString } from 'libphonenumber-js/min';
import { InvalidInputError } from '../errors.js';
import { TwoFactorMechanism, type DeliveredMechanism } from './mechanism.js';

const longestAddress = 254; // RFC 5321 §4.5.3.1.3, less the angle brackets

/** RFC 5322's dot-atom at a domain name whose last label is letters or Punycode (`xn--p1ai`), so no IP address. */
const emailShape =
  /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:[a-z]{2,}|xn--[a-z0-9-]+)$/;

/** domainToASCII reads a URL's host: it would drop a newline, decode "%61" and end at "/", "?" or "#". */
const domainCharacters = /^[\p{L}\p{M}\p{N}.-]+$/u;

/**
 * The address with its domain in lower-case ASCII. The local part is kept: its case is the receiver's business.
 * @throws InvalidInputError naming `address`
 */
export function normalizeEmail(address: unknown): string {
  const trimmed = typeof address === 'string' && address.length <= 320 ? address.trim() : '';
  const at = trimmed.lastIndexOf('@');
  const domain = trimmed.slice(at + 1);
  const normalized = `${trimmed.slice(0, Math.max(at, 0))}@${domainToASCII(domain)}`;
  if (!domainCharacters.test(domain) || normalized.length > longestAddress || !emailShape.test(normalized)) {
    throw new InvalidInputError('address', 'an e-mail address');
  }
  return normalized;
}

/** The text is the number: one that is only found somewhere inside it ("call +1… now", another line) is refused. */
const parsePhone = (phone: string) => parsePhoneNumberFromString(phone, { extract: false });

/**
 * The number in E.164 (`+15551234567`).
 * @throws InvalidInputError naming `phone`
 */
export function normalizePhone(phone: unknown): string {
  const number = typeof phone === 'string' && phone.length <= 40 ? parsePhone(phone.trim()) : undefined;
  if (!number?.isPossible() || number.ext !== undefined) {
    throw new InvalidInputError('phone', 'a phone number with its country code, such as +15551234567');
  }
  return number.number;
}

export const normalizeContact = (mechanism: DeliveredMechanism, contact: unknown): string =>
  mechanism === TwoFactorMechanism.EMAIL ? normalizeEmail(contact) : normalizePhone(contact);

/** Two spellings that reach the same mailbox nearly everywhere are one contact. */
export const sameContact = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** Whether what the app has for the account is this contact. One that cannot be a contact, such as `root@localhost`, is none. */
export function isSpellingOf(mechanism: DeliveredMechanism, given: unknown, contact: string): boolean {
  try {
    return sameContact(normalizeContact(mechanism, given), contact);
  } catch (error) {
    if (error instanceof InvalidInputError) return false;
    throw error;
  }
}

/** Enough for its owner to recognise it; the number of stars and bullets is fixed, so it does not tell the length. */
export function maskContact(mechanism: DeliveredMechanism, contact: string): string {
  return mechanism === TwoFactorMechanism.EMAIL ? maskEmail(contact) : maskPhone(contact);
}

export function maskEmail(address: string): string {
  const at = address.lastIndexOf('@');
  if (at < 0) return '***';
  const local = Array.from(address.slice(0, at));
  // One character is the whole of a one-character name.
  return `${local.length > 1 ? (local[0] ?? '') : ''}***@${address.slice(at + 1)}`;
}

export function maskPhone(phone: string): string {
  const number = parsePhoneNumberFromString(phone);
  if (!number) return '•••••••';
  const tail = number.nationalNumber.length >= 6 ? number.nationalNumber.slice(-2) : '';
  return `+${number.countryCallingCode}•••••••${tail}`;
}
