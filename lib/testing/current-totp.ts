import { decodeBase32 } from '../core/provisioning.js';
import { defaultTotpParameters, timeStep, totpAt } from '../core/totp.js';

/**
 * The six digits that an authenticator app with this secret shows.
 *
 * Each code is good once, that of the enrollment included, and never an older one: between two of them let 30 seconds
 * pass by the service's clock (`clock.advance('30s')`), or ask for the next one, which is accepted a step early.
 *
 * @param secret base32, as `setup.totp` answers it
 * @param at epoch milliseconds, such as the fake clock's `now()`
 * @throws TypeError for a secret that is not base32, or a time that is none
 */
export function currentTotp(secret: string, at: number = Date.now()): string {
  const text: unknown = secret;
  const key = typeof text === 'string' ? decodeBase32(text) : undefined;
  if (!key || key.length === 0) throw new TypeError('currentTotp: secret must be base32, as setup.totp answers it');
  if (!(Number.isFinite(at) && at >= 0))
    throw new TypeError(`currentTotp: at must be epoch milliseconds, such as clock.now(); got ${typeof at}`);
  return totpAt(key, timeStep(at, defaultTotpParameters.period), defaultTotpParameters);
}
