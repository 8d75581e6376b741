import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import speakeasy from 'speakeasy';

/** RFC 6238 §1.2 allows HMAC-SHA-1, -256 and -512. Authenticator apps reliably support only SHA-1, 6 digits, 30 s. */
export interface TotpParameters {
  readonly algorithm: 'sha1' | 'sha256' | 'sha512';
  readonly digits: number;
  /** Seconds of one time step. */
  readonly period: number;
}

export const defaultTotpParameters: TotpParameters = { algorithm: 'sha1', digits: 6, period: 30 };

/** 160 bits, the length that RFC 4226 §4 R6 recommends. */
export const generateTotpSecret = (): Buffer => randomBytes(20);

/** The time step (RFC 6238 §4.2) at `now`, epoch milliseconds. */
export const timeStep = (now: number, period: number): number => Math.floor(now / 1000 / period);

/** The code of one time step: RFC 4226's HOTP with the step as its counter. */
export function totpAt(secret: Buffer, step: number, parameters: TotpParameters): string {
  const { algorithm, digits } = parameters;
  const counter = Buffer.alloc(8);
  counter.writeBigInt64BE(BigInt(step));
  // Given a digest, speakeasy makes none of its own, for which it would call `new Buffer()`: that prints a warning
  // where an app is bundled and fails under --throw-deprecation. It does not look at the secret then.
  return speakeasy.hotp({
    secret: '',
    counter: step,
    digits,
    digest: createHmac(algorithm, secret).update(counter).digest(),
  });
}

export interface TotpWindow {
  /** Epoch milliseconds. */
  readonly now: number;
  /** How many steps to either side are accepted (RFC 6238 §5.2). */
  readonly window: number;
  /** Steps up to this one are spent: "the verifier MUST NOT accept the second attempt" (RFC 6238 §5.2). */
  readonly after: number;
}

/**
 * The step whose code this is, or undefined. Every step of the window is compared, in constant time, so neither the
 * time taken nor the answer tells which step was near.
 */
export function matchTotp(
  secret: Buffer,
  code: string,
  { parameters, now, window, after }: TotpWindow & { readonly parameters: TotpParameters },
): number | undefined {
  const given = Buffer.from(code);
  const current = timeStep(now, parameters.period);
  let matched: number | undefined;
  for (let step = Math.max(0, current - window); step <= current + window; step += 1) {
    const expected = Buffer.from(totpAt(secret, step, parameters));
    const equal = given.length === expected.length && timingSafeEqual(given, expected);
    if (equal && step > after) matched = step;
  }
  return matched;
}
