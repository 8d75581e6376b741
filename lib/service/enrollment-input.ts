import { meantOption, unknownOption } from '../core/options.js';
import { decodeBase32, type QrFormat } from '../core/provisioning.js';
import { InvalidInputError } from '../errors.js';
import type { Context } from './context.js';
import type { Identity } from './identity.js';

/** Options of `setup.totp`. */
export interface TotpSetupOptions {
  /** Tells several authenticator apps of one user apart. Default `'default'`. */
  readonly label?: string;
  /** Default `'png'`, a data URL; `'svg'` is SVG text and costs the event loop a tenth. */
  readonly qr?: QrFormat;
}

/** A new authenticator app, to be shown once. */
export interface TotpSetup {
  /** Base32, to be typed where no QR code can be scanned. */
  readonly secret: string;
  /** The same as an `otpauth:` URI. */
  readonly uri: string;
  /** The same to be scanned: a data URL, or SVG text. */
  readonly qrCode: string;
  /** Only where the method was enabled at once (`setup.totp(false)`); `[]` for a user who has a set. */
  readonly backupCodes?: string[];
}

/** A new contact. */
export interface ContactSetup {
  /** For display: `j***@example.com`. */
  readonly maskedContact: string;
  /** `false`: a code was made, and `complete.*` waits for it. */
  readonly verified: boolean;
  /** For the server, which sends the code where the library does not: JSON and logs do not show it. */
  readonly contact?: string;
  /** The code to send; hidden likewise, absent where the library sends. */
  readonly otpValue?: string;
}

/** 128 bits: the least that RFC 4226 §4 R6 allows. */
const shortestImport = 16;

/** @internal */
export function readLabel(label: unknown): string {
  const text = typeof label === 'string' ? label.normalize('NFC').trim() : '';
  if (text.length < 1 || text.length > 64 || /\p{Cc}/u.test(text))
    throw new InvalidInputError('label', 'a text of 1 to 64 characters');
  return text;
}

/** @internal */
export function readBoolean(field: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw new InvalidInputError(field, 'true or false');
  return value;
}

const totpOptions = ['label', 'qr'];

/** @internal */
export function readTotpOptions(given: TotpSetupOptions | null | undefined): { label: string; qr: QrFormat } {
  if (typeof (given ?? {}) !== 'object') throw new InvalidInputError('options', 'an object: { label?, qr? }');
  const options = given ?? {};
  // What is in a body besides is ignored, since apps hand on what a client sends; a slip of the programmer's hand is
  // not.
  const misspelt = Object.keys(options).find(
    (name) => !totpOptions.includes(name) && meantOption(name, totpOptions) !== undefined,
  );
  if (misspelt !== undefined)
    throw new InvalidInputError('options', `an object: { label?, qr? }; ${unknownOption(misspelt, totpOptions)}`);
  const qr: unknown = options.qr ?? 'png';
  if (qr !== 'png' && qr !== 'svg') throw new InvalidInputError('qr', '"png" or "svg"');
  return { label: readLabel(options.label ?? 'default'), qr };
}

/** @internal */
export function readSecret(base32: unknown): Buffer {
  const secret = decodeBase32(typeof base32 === 'string' && base32.length <= 256 ? base32 : '');
  if (!secret || secret.length < shortestImport)
    throw new InvalidInputError('secret', `base32 of at least ${shortestImport} bytes`);
  return secret;
}

/** @internal What the account is called in an authenticator app. */
export function accountLabel({ settings: { users } }: Context, user: Express.User, identity: Identity): string {
  const names = [users.label?.(user), users.email?.(user), identity.id];
  return names.find((name): name is string => typeof name === 'string' && name !== '') ?? identity.id;
}
