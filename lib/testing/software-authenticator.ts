import { createHash, randomBytes, sign, type KeyObject } from 'node:crypto';
import { encode, type Cbor } from './cbor.js';
import type { Forgery } from './forgery.js';
import { coseAlgorithms, coseOf, keyPairOf, type AuthenticatorAlgorithm } from './credential-keys.js';

export type { AuthenticatorAlgorithm } from './credential-keys.js';
export type { Forgery } from './forgery.js';

/** What a `SoftwareAuthenticator` is like. All of it may be changed between two ceremonies. */
export interface AuthenticatorSettings {
  /** The page that asks, such as `'http://localhost:3000'`. */
  origin: string;
  /** Default `'ES256'`. */
  algorithm: AuthenticatorAlgorithm;
  /** UP: somebody touched it. Default true. */
  userPresent: boolean;
  /** UV: it has verified its user. Default true. */
  userVerified: boolean;
  /** BE: it may be synced. Default false. */
  backupEligible: boolean;
  /** BS: it is synced. Default false. */
  backedUp: boolean;
  /** Whether its counter grows by one each time, or stays 0 as that of synced passkeys. Default `'grows'`. */
  counter: 'grows' | 'zero';
  /** The kind of authenticator. Default: none is told. */
  aaguid: string;
  /** What a new passkey is vouched for by: nothing, or a signature of its own key (§6.5.4). Default `'none'`. */
  attestation: 'none' | 'self';
}

interface Credential {
  readonly id: Buffer;
  readonly rpId: string;
  readonly userHandle: string;
  readonly privateKey: KeyObject;
  readonly algorithm: AuthenticatorAlgorithm;
  count: number;
}

interface CreationOptions {
  readonly challenge: string;
  readonly rp: { readonly id?: string };
  readonly user: { readonly id: string };
  readonly pubKeyCredParams: readonly { readonly alg: number }[];
  readonly excludeCredentials?: readonly { readonly id: string }[];
}

interface RequestOptions {
  readonly challenge: string;
  readonly rpId?: string;
  readonly allowCredentials?: readonly { readonly id: string }[];
}

const base64url = (bytes: Buffer): string => bytes.toString('base64url');
const sha256 = (data: string | Buffer): Buffer => createHash('sha256').update(data).digest();

/**
 * An authenticator without a device, for tests of an app's own: it answers the options that `setup.passkey`,
 * `challenge.passkey` and `PasskeyStrategy` give, as a browser would.
 *
 * ```ts
 * const device = new SoftwareAuthenticator({ origin: 'http://localhost:3000' });
 * await complete.passkey(device.create(await setup.passkey()));
 * await verify.passkey(device.get(await challenge.passkey()));
 * ```
 */
export class SoftwareAuthenticator implements AuthenticatorSettings {
  origin: string;
  algorithm: AuthenticatorAlgorithm;
  userPresent: boolean;
  userVerified: boolean;
  backupEligible: boolean;
  backedUp: boolean;
  counter: 'grows' | 'zero';
  aaguid: string;
  attestation: 'none' | 'self';
  private readonly credentials: Credential[] = [];

  constructor(settings: Pick<AuthenticatorSettings, 'origin'> & Partial<AuthenticatorSettings>) {
    this.origin = settings.origin;
    this.algorithm = settings.algorithm ?? 'ES256';
    this.userPresent = settings.userPresent ?? true;
    this.userVerified = settings.userVerified ?? true;
    this.backupEligible = settings.backupEligible ?? false;
    this.backedUp = settings.backedUp ?? false;
    this.counter = settings.counter ?? 'grows';
    this.aaguid = settings.aaguid ?? '00000000-0000-0000-0000-000000000000';
    this.attestation = settings.attestation ?? 'none';
  }

  /**
   * Answers creation options (`RegistrationResponseJSON`).
   * @throws Error where it has one of the excluded passkeys, or its algorithm is not wanted
   */
  create(options: object, forged: Forgery & { readonly algorithm?: AuthenticatorAlgorithm } = {}): object {
    const { challenge, rp, user, pubKeyCredParams, excludeCredentials = [] } = options as CreationOptions;
    const algorithm = forged.algorithm ?? this.algorithm;
    if (!forged.algorithm && !pubKeyCredParams.some(({ alg }) => alg === coseAlgorithms[algorithm]))
      throw new Error(`The options do not offer ${algorithm}.`);
    if (excludeCredentials.some(({ id }) => this.credentials.some((own) => base64url(own.id) === id)))
      throw new Error('The options exclude a passkey that this authenticator has.');
    const { publicKey, privateKey } = keyPairOf(algorithm);
    const id = forged.credentialId === undefined ? randomBytes(32) : Buffer.from(forged.credentialId, 'base64url');
    const rpId = forged.rpId ?? rp.id ?? new URL(this.origin).hostname;
    const credential: Credential = { id, rpId, userHandle: user.id, privateKey, algorithm, count: 0 };
    this.credentials.push(credential);
    const length = Buffer.from([id.length >> 8, id.length & 0xff]);
    const attested = [Buffer.from(this.aaguid.replaceAll('-', ''), 'hex'), length, id, encode(coseOf(publicKey))];
    const data = this.dataOf(credential, forged, Buffer.concat(attested));
    const client = this.clientData('webauthn.create', challenge, forged);
    const statement: [string, Cbor][] = [
      ['alg', coseAlgorithms[algorithm]],
      ['sig', signedBy(credential, Buffer.concat([data, sha256(client)]))],
    ];
    const members: [string, Cbor][] = [
      ['fmt', this.attestation === 'self' ? 'packed' : 'none'],
      ['attStmt', new Map(this.attestation === 'self' ? statement : [])],
      ['authData', data],
    ];
    const attestation = encode(new Map(members));
    return {
      ...named(id),
      response: {
        clientDataJSON: base64url(client),
        attestationObject: base64url(forged.attestationObject?.(attestation) ?? attestation),
        transports: ['internal'],
      },
    };
  }

  /**
   * Answers request options (`AuthenticationResponseJSON`): by the first allowed passkey that it has, or by its newest.
   * @throws Error where it has none
   */
  get(options: object, forged: Forgery = {}): object {
    const { challenge, rpId, allowCredentials = [] } = options as RequestOptions;
    const usable = this.credentials.filter((own) => rpId === undefined || own.rpId === rpId);
    const allowed = allowCredentials.flatMap(({ id }) => usable.filter((own) => base64url(own.id) === id));
    const credential = allowCredentials.length > 0 ? allowed[0] : usable.at(-1);
    if (!credential) throw new Error('This authenticator has no passkey for the options.');
    if (this.counter === 'grows') credential.count += 1;
    const data = this.dataOf(credential, forged);
    const client = this.clientData('webauthn.get', challenge, forged);
    const signature = signedBy(credential, Buffer.concat([data, sha256(client)]));
    return {
      ...named(forged.credentialId === undefined ? credential.id : Buffer.from(forged.credentialId, 'base64url')),
      response: {
        clientDataJSON: base64url(client),
        authenticatorData: base64url(data),
        signature: base64url(forged.signature?.(signature) ?? signature),
        userHandle: forged.userHandle ?? credential.userHandle,
      },
    };
  }

  private dataOf({ rpId, count }: Credential, forged: Forgery, attested?: Buffer): Buffer {
    const { userPresent, userVerified, backupEligible, backedUp } = this;
    const bits: [boolean, number][] = [
      [userPresent, 0x01],
      [userVerified, 0x04],
      [backupEligible, 0x08],
      [backedUp, 0x10],
      [attested !== undefined, 0x40],
    ];
    const flags = forged.flags ?? bits.reduce((sum, [isSet, bit]) => sum + (isSet ? bit : 0), 0);
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(forged.counter ?? count);
    const data = Buffer.concat([
      sha256(forged.rpId ?? rpId),
      Buffer.from([flags]),
      counter,
      attested ?? Buffer.alloc(0),
    ]);
    return forged.authenticatorData?.(data) ?? data;
  }

  private clientData(type: string, challenge: string, forged: Forgery): Buffer {
    const { crossOrigin = false } = forged;
    const said = { type: forged.type ?? type, challenge: forged.challenge ?? challenge, crossOrigin };
    return Buffer.from(JSON.stringify({ ...said, origin: forged.origin ?? this.origin }));
  }
}

const signedBy = ({ algorithm, privateKey }: Credential, data: Buffer): Buffer =>
  sign(algorithm === 'EdDSA' ? null : 'sha256', data, privateKey);

const named = (id: Buffer) =>
  ({ id: base64url(id), rawId: base64url(id), type: 'public-key', clientExtensionResults: {} }) as const;
