import QRCode from 'qrcode';
import type { TotpParameters } from './totp.js';
import { typedCode } from './typed-text.js';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** @internal RFC 4648 §6 base32, without padding, as the key URI format wants it. */
export function encodeBase32(bytes: Uint8Array): string {
  let bits = 0;
  let value = 0;
  let text = '';
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet.charAt((value >>> bits) & 31);
    }
    value &= (1 << bits) - 1;
  }
  return bits > 0 ? text + alphabet.charAt((value << (5 - bits)) & 31) : text;
}

/**
 * As authenticator apps read a secret: in any case, with spaces and dashes in it, with padding or none, and without
 * the bits at its end that fill no byte. Undefined for what is not base32.
 * @internal
 */
export function decodeBase32(text: string): Buffer | undefined {
  const letters = typedCode(text).replace(/\s/g, '').replace(/=+$/, '');
  if (!/^[A-Za-z2-7]*$/.test(letters)) return undefined;
  const bytes: number[] = [];
  let bits = 0;
  let value = 0;
  for (const character of letters.toUpperCase()) {
    value = (value << 5) | alphabet.indexOf(character);
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((value >>> bits) & 255);
      value &= (1 << bits) - 1;
    }
  }
  return Buffer.from(bytes);
}

/** @internal */
export interface ProvisioningDetails extends TotpParameters {
  readonly issuer: string;
  /** Names the account in the authenticator app. */
  readonly label: string;
  readonly secret: Buffer;
}

/** Half of a surrogate pair, where a name was cut inside an emoji, becomes U+FFFD; alone it would throw. */
const percentEncode = (text: string): string => encodeURIComponent(Buffer.from(text).toString());

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const ellipsis = percentEncode('…');

/**
 * Percent-encoded, and cut between two characters as people see them where that is longer than a telephone's camera
 * can read.
 */
function fitting(text: string, longest: number): string {
  const whole = percentEncode(text);
  if (whole.length <= longest) return whole;
  // No character is shorter than itself when it is encoded.
  const head = text.slice(0, longest);
  const cut = (characters: readonly string[]): string => {
    let kept = '';
    for (const character of characters) {
      const encoded = percentEncode(character);
      if (kept.length + encoded.length + ellipsis.length > longest) break;
      kept += encoded;
    }
    return kept;
  };
  // One letter with a hundred accents on it is cut as well.
  return (cut(Array.from(graphemes.segment(head), ({ segment }) => segment)) || cut(Array.from(head))) + ellipsis;
}

/** Percent-encoded. The issuer stands in the URI twice; an address of 254 letters and an issuer of 64 are whole. */
const longestIssuer = 288;
const longestLabel = 320;

/**
 * The key URI that authenticator apps read. Issuer and label are percent-encoded, so a label cannot add parameters,
 * and the issuer stands in the path and the query as the format asks. With a secret of ours it has 1000 characters at
 * most, however long the names are: a QR code of it can be made, and scanned.
 * @internal
 */
export function totpUri({ issuer, label, secret, algorithm, digits, period }: ProvisioningDetails): string {
  const encoded = fitting(issuer, longestIssuer);
  return (
    `otpauth://totp/${encoded}:${fitting(label, longestLabel)}?secret=${encodeBase32(secret)}&issuer=${encoded}` +
    `&algorithm=${algorithm.toUpperCase()}&digits=${String(digits)}&period=${String(period)}`
  );
}

/** `'png'` is a data URL for `<img src>`, `'svg'` the text of an SVG. */
export type QrFormat = 'png' | 'svg';

/** @internal A PNG as a data URL (4–6 ms of the event loop) or SVG text (0.6 ms). */
export function qrCode(uri: string, format: QrFormat): Promise<string> {
  return format === 'svg' ? QRCode.toString(uri, { type: 'svg' }) : QRCode.toDataURL(uri);
}
