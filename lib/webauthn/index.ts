/**
 * Passkeys for `new TwoFactorService({ passkeys })`: the ceremonies of WebAuthn by `@simplewebauthn/server`, which the
 * app installs. Nothing else of the package needs it.
 */
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  SettingsService,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
  type AuthenticationResponseJSON,
  type RegistrationResponseJSON,
} from '@simplewebauthn/server';
import { decodeAttestationObject } from '@simplewebauthn/server/helpers';
import type { Passkeys } from 'passport-two-factor';
import { nameOf } from './aaguids.js';
import { isWhole } from './strict-cbor.js';
import { readPasskeyOptions, type PasskeyOptions, type PasskeySettings } from './options.js';

export type { PasskeyOptions } from './options.js';

/** Some minutes: people fetch a security key, or a phone. */
const timeout = 300_000;

const bytes = (base64url: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(base64url, 'base64url'));

/**
 * The option `passkeys` of `TwoFactorService`.
 *
 * ```ts
 * new TwoFactorService({
 *   …,
 *   passkeys: passkeys({ rpId: 'example.com', rpName: 'Example', origins: 'https://example.com' }),
 * });
 * ```
 *
 * @throws TypeError for an option that is missing or wrong
 */
export function passkeys(options: PasskeyOptions): Passkeys {
  const settings = readPasskeyOptions(options);
  const { rpId, rpName, userVerification, counter, mustKeepOne, attestation } = settings;
  for (const [identifier, certificates] of Object.entries(attestation?.roots ?? {}))
    SettingsService.setRootCertificates({ identifier: identifier as 'packed', certificates: [...certificates] });
  return {
    rpId,
    counter,
    mustKeepOne,
    creationOptions: async ({ challenge, user, exclude }) => ({
      ...(await generateRegistrationOptions({
        rpID: rpId,
        rpName,
        userID: bytes(user.handle),
        userName: user.name,
        userDisplayName: user.name,
        challenge: bytes(challenge),
        timeout,
        attestationType: attestation ? 'direct' : 'none',
        excludeCredentials: exclude.map(({ id, transports }) => ({ id, transports: [...transports] })),
        authenticatorSelection: { residentKey: 'preferred', userVerification },
        supportedAlgorithmIDs: [...settings.algorithms],
      })),
    }),
    readCreation: (response, challenges) => readCreation(settings, response as RegistrationResponseJSON, challenges),
    requestOptions: async ({ challenge, allow, userVerification: wanted = userVerification }) => ({
      ...(await generateAuthenticationOptions({
        rpID: rpId,
        challenge: bytes(challenge),
        timeout,
        allowCredentials: allow.map(({ id, transports }) => ({ id, transports: [...transports] })),
        userVerification: wanted,
      })),
    }),
    readAssertion: (response, given) => readAssertion(settings, response as AuthenticationResponseJSON, given),
  };
}

/** What is malformed and what is wrong are answered alike, by undefined: neither is the fault of this server. */
async function orUndefined<T>(verify: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await verify();
  } catch {
    return undefined;
  }
}

/** A page of another site around ours: the user may not have seen whom the passkey is for (WebAuthn L3 §13.4.9). */
function isCrossOrigin({ clientDataJSON }: { readonly clientDataJSON: string }): boolean {
  const { crossOrigin, topOrigin } = JSON.parse(Buffer.from(clientDataJSON, 'base64url').toString()) as {
    crossOrigin?: unknown;
    topOrigin?: unknown;
  };
  return (crossOrigin !== undefined && crossOrigin !== false) || topOrigin !== undefined;
}

function readCreation(
  { origins, rpId, userVerification, algorithms, attestation, allowAaguids, denyAaguids }: PasskeySettings,
  response: RegistrationResponseJSON,
  challenges: readonly string[],
): ReturnType<Passkeys['readCreation']> {
  return orUndefined(async () => {
    const attested = Buffer.from(response.response.attestationObject, 'base64url');
    const authData = Buffer.from(decodeAttestationObject(new Uint8Array(attested)).get('authData'));
    if (isCrossOrigin(response.response) || !isWhole(attested, authData)) return undefined;
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response,
      expectedChallenge: (challenge) => challenges.includes(challenge),
      expectedOrigin: [...origins],
      expectedRPID: rpId,
      requireUserVerification: userVerification === 'required',
      supportedAlgorithmIDs: [...algorithms],
    });
    if (!verified) return undefined;
    const { aaguid, credential, credentialDeviceType, credentialBackedUp, fmt, userVerified } = registrationInfo;
    if ((fmt !== 'none') !== (attestation !== undefined)) return undefined;
    if (denyAaguids.includes(aaguid) || (allowAaguids && !allowAaguids.includes(aaguid))) return undefined;
    const name = nameOf(aaguid);
    return {
      id: credential.id,
      publicKey: Buffer.from(credential.publicKey).toString('base64url'),
      counter: credential.counter,
      uv: userVerified,
      backupEligible: credentialDeviceType === 'multiDevice',
      backedUp: credentialBackedUp,
      // A client says what it likes: a few short words are kept.
      transports: transportsOf(credential.transports),
      aaguid,
      ...(name !== undefined && { name }),
    };
  });
}

const transportsOf = (given: unknown): string[] =>
  Array.isArray(given)
    ? given.filter((one): one is string => typeof one === 'string' && /^[a-z-]{1,16}$/.test(one)).slice(0, 8)
    : [];

function readAssertion(
  { origins, rpId, userVerification }: PasskeySettings,
  response: AuthenticationResponseJSON,
  { challenges, credential }: Parameters<Passkeys['readAssertion']>[1],
): ReturnType<Passkeys['readAssertion']> {
  return orUndefined(async () => {
    if (response.id !== credential.id || isCrossOrigin(response.response)) return undefined;
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: (challenge) => challenges.includes(challenge),
      expectedOrigin: [...origins],
      expectedRPID: rpId,
      // The counter is judged where it is kept: one that goes back need not lock its user out.
      credential: { id: credential.id, publicKey: bytes(credential.publicKey), counter: 0 },
      requireUserVerification: userVerification === 'required',
    });
    if (!verified) return undefined;
    const { newCounter, userVerified, credentialDeviceType, credentialBackedUp } = authenticationInfo;
    return {
      counter: newCounter,
      uv: userVerified,
      backupEligible: credentialDeviceType === 'multiDevice',
      backedUp: credentialBackedUp,
    };
  });
}

/**
 * The answer at `/.well-known/webauthn` of `rpId`, for passkeys to be used on other sites of the same owner (WebAuthn
 * L3 §5.11): `app.get('/.well-known/webauthn', (req, res) => res.json(relatedOrigins(options)))`.
 */
export function relatedOrigins(options: PasskeyOptions): { readonly origins: readonly string[] } {
  return { origins: readPasskeyOptions(options).origins };
}
