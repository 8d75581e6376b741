import type { FirstFactorProof } from '../passport/first-factor.js';
import type { Passport } from '../passport/passports.js';

/** @internal Finds the strategy that `login` and `reauthenticate` run, as it is registered by then. */
export type FindStrategy = () => FirstFactorProof['strategy'];

/** @internal The Passport that everything of `req.auth` goes through, whichever one runs in the request. */
export interface AuthHost {
  readonly passport: Passport;
  readonly findStrategy: FindStrategy;
}
