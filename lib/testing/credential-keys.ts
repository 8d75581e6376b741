import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { Cbor } from './cbor.js';

/** The algorithms that it signs by. */
export type AuthenticatorAlgorithm = 'ES256' | 'EdDSA' | 'RS256';

/** Their numbers in COSE. */
export const coseAlgorithms: Readonly<Record<AuthenticatorAlgorithm, number>> = { ES256: -7, EdDSA: -8, RS256: -257 };

export function keyPairOf(algorithm: AuthenticatorAlgorithm): { publicKey: KeyObject; privateKey: KeyObject } {
  if (algorithm === 'EdDSA') return generateKeyPairSync('ed25519');
  if (algorithm === 'RS256') return generateKeyPairSync('rsa', { modulusLength: 2048 });
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

/** RFC 9053: key type, algorithm and the numbers of the key. */
export function coseOf(publicKey: KeyObject): ReadonlyMap<number, Cbor> {
  const jwk = publicKey.export({ format: 'jwk' });
  const number = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64url');
  if (jwk.kty === 'OKP') return cose([1, 1], [3, -8], [-1, 6], [-2, number(jwk.x)]);
  if (jwk.kty === 'RSA') return cose([1, 3], [3, -257], [-1, number(jwk.n)], [-2, number(jwk.e)]);
  return cose([1, 2], [3, -7], [-1, 1], [-2, number(jwk.x)], [-3, number(jwk.y)]);
}

const cose = (...members: [number, Cbor][]): ReadonlyMap<number, Cbor> => new Map(members);
