import { domainToASCII } from 'node:url';
import { parsePhoneNumberFromString } from 'libphonenumber-js/min';
import { z } from 'zod';
import { InvalidInputError } from '../errors.js';
import { TwoFactorMechanism, type DeliveredMechanism } from './mechanism.js';

const email = z.email().max(254); // RFC 5321 §4.5.3.1.3, less the angle brackets

/**
 * The address with its domain in lower-case ASCII. The local part is kept: its case is the receiver's business.
 * @throws InvalidInputError naming `address`
 */
export function normalizeEmail(address: unknown): string {
  if (typeof address !== 'string' || address.length > 320) throw new InvalidInputError('address', 'an e-mail address');
  const trimmed = address.trim();
  const at = trimmed.lastIndexOf('@');
  const normalized = `${trimmed.slice(0, at)}@${domainToASCII(trimmed.slice(at + 1))}`;
  if (at < 1 || !email.safeParse(normalized).success) throw new InvalidInputError('address', 'an e-mail address');
  return normalized;
}

/**
 * The number in E.164 (`+15551234567`).
 * @throws InvalidInputError naming `phone`
 */
export function normalizePhone(phone: unknown): string {
  const number = typeof phone === 'string' && phone.length <= 40 ? parsePhoneNumberFromString(phone) : undefined;
  if (!number?.isPossible() || number.ext !== undefined) {
    throw new InvalidInputError('phone', 'a phone number with its country code, such as +15551234567');
  }
  return number.number;
}

export const normalizeContact = (mechanism: DeliveredMechanism, contact: unknown): string =>
  mechanism === TwoFactorMechanism.EMAIL ? normalizeEmail(contact) : normalizePhone(contact);

/** Two spellings that reach the same mailbox nearly everywhere are one contact. */
export const sameContact = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** Enough for its owner to recognise it; the number of stars and bullets is fixed, so it does not tell the length. */
export function maskContact(mechanism: DeliveredMechanism, contact: string): string {
  return mechanism === TwoFactorMechanism.EMAIL ? maskEmail(contact) : maskPhone(contact);
}

export function maskEmail(address: string): string {
  const at = address.lastIndexOf('@');
  const local = Array.from(address.slice(0, Math.max(at, 0)));
  // One character is the whole of a one-character name.
  return `${local.length > 1 ? (local[0] ?? '') : ''}***@${address.slice(at + 1)}`;
}

export function maskPhone(phone: string): string {
  const number = parsePhoneNumberFromString(phone);
  if (!number) return '•••••••';
  const tail = number.nationalNumber.length >= 6 ? number.nationalNumber.slice(-2) : '';
  return `+${number.countryCallingCode}•••••••${tail}`;
}
