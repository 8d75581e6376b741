import { z } from 'zod';

/** Options of `passkeys()`. */
export interface PasskeyOptions {
  /**
   * The domain that passkeys are bound to: that of the app, or a parent of it, such as `'example.com'`. It cannot
   * change later: the passkeys of another domain are lost. `'localhost'` in development.
   */
  readonly rpId: string;
  /** What browsers call the app when they ask for a passkey. */
  readonly rpName: string;
  /** The origins that passkeys are used on, such as `'https://www.example.com'`. No other one is believed. */
  readonly origins: string | readonly string[];
  /**
   * Whether the authenticator has to verify its user, by a PIN or a fingerprint. Default `'preferred'`: asked for, and
   * only a login by a passkey alone needs it.
   */
  readonly userVerification?: 'required' | 'preferred' | 'discouraged';
  /** Makes of authenticators, by AAGUID: others are refused. Needs `attestation`, which proves the make. */
  readonly allowAaguids?: readonly string[];
  /** Makes of authenticators that are refused. */
  readonly denyAaguids?: readonly string[];
  /**
   * Whether authenticators have to prove their make, and the root certificates (PEM) per format that they may do it by.
   * Default: no; a statement that was not asked for is refused.
   */
  readonly attestation?: { readonly roots: Readonly<Record<string, readonly string[]>> };
  /** COSE algorithms, the most wanted first. Default `[-8, -7, -257]`: EdDSA, ES256, RS256. */
  readonly algorithms?: readonly number[];
  /** What a signature counter that goes back does: `'event'` (default) tells of it, `'refuse'` denies the login. */
  readonly counter?: 'event' | 'refuse';
  /** Whether a user who has a passkey must keep one. Default: no. */
  readonly mustKeepOne?: boolean | ((user: Express.User) => boolean | Promise<boolean>);
}

/** The same with its defaults. */
export type PasskeySettings = Required<Omit<PasskeyOptions, 'allowAaguids' | 'attestation' | 'origins'>> &
  Pick<PasskeyOptions, 'allowAaguids' | 'attestation'> & { readonly origins: readonly string[] };

const aaguid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'must be an AAGUID in lower case');

const isOrigin = (text: string): boolean => {
  try {
    return new URL(text).origin === text;
  } catch {
    return false;
  }
};
const origin = z.string().refine(isOrigin, 'must be an origin, such as "https://example.com", without a path');

const schema = z.strictObject({
  rpId: z.string('must be the domain of the app').regex(/^[a-z0-9.-]{1,253}$/, 'must be a domain: "example.com"'),
  rpName: z.string('must be the name of the app').min(1).max(64),
  origins: z.union([origin.transform((one) => [one]), z.array(origin).min(1)]),
  userVerification: z.enum(['required', 'preferred', 'discouraged']).default('preferred'),
  allowAaguids: z.array(aaguid).optional(),
  denyAaguids: z.array(aaguid).default([]),
  attestation: z.strictObject({ roots: z.record(z.string(), z.array(z.string())) }).optional(),
  algorithms: z.array(z.int()).min(1).default([-8, -7, -257]),
  counter: z.enum(['event', 'refuse']).default('event'),
  mustKeepOne: z
    .union([z.boolean(), z.custom<(user: Express.User) => boolean>((value) => typeof value === 'function')])
    .default(false),
});

/** @throws TypeError that names the option and what it must be */
export function readPasskeyOptions(options: unknown): PasskeySettings {
  const result = schema.safeParse(options);
  if (!result.success) {
    const [issue] = result.error.issues;
    const path = issue?.path.join('.');
    throw new TypeError(
      `passkeys: ${path === '' || path === undefined ? 'the options' : path}: ${issue?.message ?? 'not valid'}`,
    );
  }
  const settings = result.data as PasskeySettings;
  for (const one of settings.origins) {
    const { hostname } = new URL(one);
    if (hostname !== settings.rpId && !hostname.endsWith(`.${settings.rpId}`) && !isRelated(settings, one))
      throw new TypeError(`passkeys: origins: "${one}" is not on ${settings.rpId} or below it`);
  }
  if (settings.allowAaguids && !settings.attestation)
    throw new TypeError(
      'passkeys: allowAaguids needs attestation: without it every authenticator may claim any AAGUID',
    );
  return settings;
}

/** Other sites of the same owner, which browsers believe by a list that `rpId` serves (WebAuthn L3 §5.11). */
const isRelated = ({ rpId, origins }: PasskeySettings, one: string): boolean =>
  origins.some((other) => new URL(other).hostname === rpId) && one.startsWith('https://');
