import { TwoFactorService } from '../service/two-factor-service.js';

/** @internal @throws TypeError that says what was expected */
export function checkService(service: unknown, where: string): asserts service is TwoFactorService {
  // By its shape: with two copies of this package an app's service is not an instance of this class.
  if (service instanceof TwoFactorService || typeof (service as TwoFactorService | undefined)?.setup === 'object')
    return;
  throw new TypeError(`${where}: service must be a TwoFactorService; got ${typeof service}`);
}
