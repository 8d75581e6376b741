import { twoFactorMethods, type MethodName } from './methods.js';

/** How a factor of a login was proved. */
export type FactorMethod = 'password' | MethodName;

/** A factor, and when it was proved. */
export interface ProvedFactor {
  /** What it was proved by. */
  readonly method: FactorMethod;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Whether the authenticator has verified its user, by a PIN or a fingerprint (WebAuthn's UV). */
  readonly uv?: boolean;
  /** Whether copies of a passkey may lie on several devices. */
  readonly synced?: boolean;
}

/**
 * What a login stands for: whose it is, which factors were proved and when. A session holds it, or a token of the
 * app's; `epoch` ends it, since every change of the user's factors raises the account's security epoch.
 */
export interface Standing {
  /** Digest of the user's id: another user who comes to own the session has none of it. */
  readonly userKey: string;
  /** The account's security epoch then. */
  readonly epoch: number;
  /** Epoch milliseconds of the last authentication that skipped no enrolled factor. */
  readonly at: number;
  /** The newest proof of each method. */
  readonly factors: readonly ProvedFactor[];
}

function amrOfFactor({ method, uv, synced }: ProvedFactor): readonly string[] {
  if (method === 'password') return ['pwd'];
  if (method !== 'passkey') return [twoFactorMethods[method].amr];
  return [synced ? 'swk' : 'hwk', ...(uv ? ['user'] : [])];
}

/**
 * @internal
 * The Authentication Methods References of a login (RFC 8176): those of each method, and `mfa` for two or more. A
 * passkey that lies on one device is `hwk`, one that is synced `swk`; one that has verified its user adds `user`.
 */
export function amrOf({ factors }: Standing): string[] {
  const values = [...new Set(factors.flatMap(amrOfFactor))];
  return values.length > 1 ? [...values, 'mfa'] : values;
}

/** @internal Whether it was proved by what another site cannot use (NIST SP 800-63B-4 §3.2.5). */
export const isPhishingResistant = ({ method }: ProvedFactor): boolean =>
  method !== 'password' && 'isPhishingResistant' in twoFactorMethods[method];

/**
 * @internal
 * The Authentication Context Class: the assurance level of NIST SP 800-63B-4 that the login has reached, or `phr` where
 * its second factor was phishing-resistant (OpenID Connect EAP ACR Values).
 */
export function acrOf({ factors }: Standing): 'aal1' | 'aal2' | 'phr' {
  if (factors.some(isPhishingResistant)) return 'phr';
  const lifts = ({ method }: ProvedFactor): boolean => method !== 'password' && twoFactorMethods[method].aal === 2;
  return factors.some(lifts) ? 'aal2' : 'aal1';
}

/** @internal Epoch milliseconds of the last second factor, 0 for none: a password makes it no younger. */
export const secondFactorAt = ({ factors }: Pick<Standing, 'factors'>): number =>
  Math.max(0, ...factors.filter(({ method }) => method !== 'password').map(({ at }) => at));

/** @internal The standing with one more proof, in place of an older one by the same method. */
export function withFactor(standing: Standing, factor: ProvedFactor): Standing {
  const others = standing.factors.filter(({ method }) => method !== factor.method);
  return { ...standing, at: factor.at, factors: [...others, factor] };
}

/** By how much the clocks of an app's machines may differ. */
const longestAhead = 10_000;

/** @internal `maxAge` milliseconds. A time in the future is not recent: it would stay so for longer than it may. */
export const isRecent = (at: number, now: number, maxAge: number): boolean =>
  now - at <= maxAge && at - now <= Math.min(longestAhead, maxAge);

/** @internal Undefined for what is no standing, such as what a session of version 0.1 holds: it stands for nothing. */
export function readStanding(value: unknown): Standing | undefined {
  const { userKey, epoch, at, factors } = (value ?? {}) as Partial<Record<keyof Standing, unknown>>;
  const isOne = typeof userKey === 'string' && isTime(epoch) && isTime(at) && Array.isArray(factors);
  return isOne && factors.every(isFactor) ? ({ userKey, epoch, at, factors } as Standing) : undefined;
}

/** What a token says of a login, and what it is worth later: to be put into the token beside its subject. */
export interface TwoFactorClaims {
  /** How the user was authenticated (RFC 8176): `['pwd', 'otp', 'mfa']`. */
  readonly amr: string[];
  /** `aal1`, `aal2` (NIST SP 800-63B-4), or `phr`: phishing-resistant (OpenID Connect EAP ACR Values). */
  readonly acr: 'aal1' | 'aal2' | 'phr';
  /** When, in epoch seconds (OpenID Connect Core §2); absent for a login that skipped a factor of the user's. */
  readonly auth_time?: number;
  /** What guards and `req.auth` read again. It holds no secret, and is worth nothing for another user. */
  readonly two_factor?: TwoFactorClaim;
}

/** This package's own member of the claims. */
export interface TwoFactorClaim {
  /** SHA-256 of the user's id, as hex. */
  readonly user: string;
  /** The account's security epoch then: every change of factors, and `endStandings`, ends what is older. */
  readonly epoch: number;
  /** Epoch milliseconds of the last authentication that skipped no enrolled factor. */
  readonly at: number;
  /** Each method that was proved, and when (epoch milliseconds). */
  readonly factors: readonly ProvedFactor[];
}

/** @internal The claims of a login; those of one that stands for nothing where there is no standing. */
export function claimsFrom(standing: Standing | undefined): TwoFactorClaims {
  if (!standing) return { amr: [], acr: 'aal1' };
  const { userKey: user, epoch, at, factors } = standing;
  const auth_time = Math.floor(at / 1000);
  return { amr: amrOf(standing), acr: acrOf(standing), auth_time, two_factor: { user, epoch, at, factors } };
}

/** @internal What a payload says of a login; undefined for one without our member, or with one of another form. */
export function standingIn(payload: object): Standing | undefined {
  const { user: userKey, ...rest } = Object(Reflect.get(payload, 'two_factor')) as Partial<TwoFactorClaim>;
  return readStanding({ ...rest, userKey });
}

const isTime = (value: unknown): boolean => Number.isSafeInteger(value);

function isFactor(value: unknown): boolean {
  const { method, at, uv, synced } = (value ?? {}) as Partial<Record<keyof ProvedFactor, unknown>>;
  if (![uv, synced].every((flag) => flag === undefined || typeof flag === 'boolean')) return false;
  return typeof method === 'string' && (method === 'password' || Object.hasOwn(twoFactorMethods, method)) && isTime(at);
}
