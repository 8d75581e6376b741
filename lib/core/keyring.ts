import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
  type KeyObject,
} from 'node:crypto';
import { SealedDataError } from '../errors.js';
import { readKeys } from './keys.js';

/** @internal What a sub-key is for. Each purpose has a key of its own, so no value made for one can serve another. */
export type SealPurpose = 'totp-secret' | 'contact' | 'passkey' | 'enrollment' | 'auth-info';
/** @internal Whose text is sealed, and the row that it is sealed for. */
export interface SealOwner {
  readonly userId: string;
  readonly rowId: string;
}
/** @internal */
export type MacPurpose =
  'one-time-code' | 'backup-code' | 'contact' | 'passkey-challenge' | 'user-handle' | 'quota' | 'verdict';
/** @internal */
export type TokenPurpose = 'pending-login' | 'passkey-login';

/** @internal */
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const saltBytes = 32;
const tagBytes = 16;
/** What a pending login holds at the most is shorter. */
const longestToken = 8192;

/** Length-prefixed, so that ("ab", "c") and ("a", "bc") are not the same message. */
const frame = (parts: readonly string[]): Buffer =>
  Buffer.concat(
    parts.flatMap((part) => {
      const bytes = Buffer.from(part);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );

/**
 * The keys that protect what is stored: the first seals, all open. Rotate by prepending a key; rows are sealed again
 * when they are next used, and the old key may go once no row names it. No logger, serializer or inspection of the
 * service finds a key: they are private, and no bytes that could be printed.
 * @internal
 */
export class Keyring {
  readonly current: string;
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #derived = new Map<string, KeyObject>();

  /** @throws TypeError saying what `keys` must be; the message never holds key material */
  constructor(keys: unknown) {
    const entries = readKeys(keys);
    this.#keys = new Map(entries);
    this.current = entries[0]?.[0] ?? '';
  }

  /** AES-256-GCM under the first key. Bound to user and row: a ciphertext moved to another row does not open. */
  seal(purpose: SealPurpose, { userId, rowId }: SealOwner, plaintext: string | Buffer): string {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#subKey(this.current, `seal ${purpose}`), iv);
    cipher.setAAD(frame([purpose, userId, rowId]));
    const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    const parts = [iv, ciphertext, cipher.getAuthTag()].map((part) => part.toString('base64url'));
    return ['v1', this.current, ...parts].join('.');
  }

  /** @throws SealedDataError for an unknown key, another row's text or an altered one: never "no second factor" */
  open(purpose: SealPurpose, { userId, rowId }: SealOwner, sealed: string): Buffer {
    const [version, id, iv, ciphertext, tag, ...rest] = sealed.split('.');
    if (
      version !== 'v1' ||
      id === undefined ||
      iv === undefined ||
      ciphertext === undefined ||
      tag === undefined ||
      rest.length > 0
    ) {
      throw new SealedDataError('A stored secret does not have the form of one.');
    }
    const key = this.#subKey(id, `seal ${purpose}`);
    try {
      // The length is named since Node would accept a tag cut to four bytes.
      const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64url'), { authTagLength: 16 });
      decipher.setAAD(frame([purpose, userId, rowId]));
      decipher.setAuthTag(Buffer.from(tag, 'base64url'));
      return Buffer.concat([decipher.update(Buffer.from(ciphertext, 'base64url')), decipher.final()]);
    } catch (cause) {
      throw new SealedDataError('A stored secret was altered or belongs to another row.', { cause });
    }
  }

  /**
   * A text for a client to hold, which only this service can read. Each has a key of its own, made from a random salt
   * by HMAC (NIST SP 800-108r1 §4.1, one block): clients may ask for more tokens than one AES-GCM key is safe for (NIST
   * SP 800-38D §8.3).
   * @param holder what the token is for besides its purpose: one that was made for another holder does not open
   */
  sealToken(purpose: TokenPurpose, holder: string, plaintext: string): string {
    const salt = randomBytes(saltBytes);
    const [key, iv] = this.#tokenKey(this.current, purpose, salt);
    const cipher = createCipheriv('aes-256-gcm', key, iv);
    cipher.setAAD(frame([purpose, holder]));
    const bytes = Buffer.concat([salt, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    return ['v1', this.current, bytes.toString('base64url')].join('.');
  }

  /** Undefined for whatever is no such token, an unknown key included: clients send anything. */
  openToken(purpose: TokenPurpose, holder: string, token: string): string | undefined {
    if (token.length > longestToken) return undefined;
    const [version, id = '', text = '', ...rest] = token.split('.');
    const bytes = Buffer.from(text, 'base64url');
    // One token has one spelling: base64url would take others for the same bytes.
    const isCanonical = version === 'v1' && rest.length === 0 && bytes.toString('base64url') === text;
    if (!isCanonical || !this.#keys.has(id) || bytes.length < saltBytes + tagBytes) return undefined;
    try {
      const [key, iv] = this.#tokenKey(id, purpose, bytes.subarray(0, saltBytes));
      const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes });
      decipher.setAAD(frame([purpose, holder]));
      decipher.setAuthTag(bytes.subarray(-tagBytes));
      return Buffer.concat([decipher.update(bytes.subarray(saltBytes, -tagBytes)), decipher.final()]).toString();
    } catch {
      return undefined;
    }
  }

  /** The names of its keys, the newest first. */
  get names(): readonly string[] {
    return [...this.#keys.keys()];
  }

  isCurrent(sealed: string): boolean {
    return sealed.split('.', 2)[1] === this.current;
  }

  /** HMAC-SHA-256 in hex of the framed parts, under the first key or the one that made an older value. */
  mac(purpose: MacPurpose, parts: readonly string[], keyId = this.current): string {
    return createHmac('sha256', this.#subKey(keyId, `mac ${purpose}`))
      .update(frame([purpose, ...parts]))
      .digest('hex');
  }

  /** A MAC that names its key, so that it can still be checked after a rotation. */
  tag(purpose: MacPurpose, parts: readonly string[]): string {
    return `${this.current}.${this.mac(purpose, parts)}`;
  }

  checkTag(purpose: MacPurpose, parts: readonly string[], tag: string): boolean {
    const [keyId = '', digest = ''] = tag.split('.');
    const given = Buffer.from(digest);
    const expected = Buffer.from(this.mac(purpose, parts, keyId));
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  #tokenKey(id: string, purpose: TokenPurpose, salt: Buffer): readonly [key: Buffer, iv: Buffer] {
    const bytes = createHmac('sha512', this.#subKey(id, `token ${purpose}`))
      .update(salt)
      .digest();
    return [bytes.subarray(0, 32), bytes.subarray(32, 44)];
  }

  #key(id: string): KeyObject {
    const key = this.#keys.get(id);
    if (!key) throw new SealedDataError(`A stored secret names the key "${id}", which is not in the keys option.`);
    return key;
  }

  #subKey(id: string, info: string): KeyObject {
    const cached = this.#derived.get(`${id} ${info}`);
    if (cached) return cached;
    const key = this.#key(id);
    const derived = createSecretKey(Buffer.from(hkdfSync('sha256', key, '', `passport-two-factor ${info}`, 32)));
    this.#derived.set(`${id} ${info}`, derived);
    return derived;
  }
}
