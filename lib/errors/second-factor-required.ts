import type { DeliveredMethod, MethodKey, MethodName } from '../core/methods.js';
import { brandOf, carries, TwoFactorError } from './two-factor-error.js';

/** A contact that can receive a code, for the server alone: `contact` and `otpValue` must not reach the client. */
export interface AvailableContact {
  /** For display: `j***@example.com`, `+1•••••••67`. */
  readonly maskedContact: string;
  /** The whole address or E.164 number, to send the code to. */
  readonly contact: string;
  /** The code to send; absent where the library sends it (`deliver`) or none was made (`challengeOn: 'request'`). */
  readonly otpValue?: string;
}

/** The methods that this login can be finished with, by their keys, as the server needs them: a contact, or `true`. */
export type AvailableMethods = {
  readonly [M in MethodName as MethodKey<M>]?: M extends DeliveredMethod ? AvailableContact : true;
};

/** The same as a client may see them: contacts are masked. */
export type PublicMethods = { readonly [M in MethodName as MethodKey<M>]?: M extends DeliveredMethod ? string : true };

/** What a `SecondFactorRequiredError` is made of. */
export interface SecondFactorRequiredDetails {
  /** What a client may see. */
  readonly methods: PublicMethods;
  /** What only the server may see. */
  readonly availableMethods: AvailableMethods;
  /** Epoch milliseconds at which the pending login ends. */
  readonly expiresAt: number;
  /** Stands for the pending login where there is no session (`session: false`). */
  readonly challengeToken?: string;
  /** Where a browser goes (`secondFactorRedirect`). */
  readonly redirect?: string;
}

/** What a client must not see, by its error: a clone that a logger makes has nothing to show. */
const hidden = new WeakMap<
  object,
  Pick<SecondFactorRequiredDetails, 'availableMethods' | 'challengeToken' | 'redirect'>
>();

/**
 * The first factor was right and the user has a second one: nobody is logged in yet.
 *
 * `availableMethods` and `challengeToken` hold what only the server (or the one client) may see, so they are no
 * properties of the error's own: JSON, spread, `util.inspect` and a logger do not find them.
 */
export class SecondFactorRequiredError extends TwoFactorError {
  readonly code = 'SECOND_FACTOR_REQUIRED';
  readonly status = 401;
  /** What a client may see. */
  readonly methods: PublicMethods;
  /** Epoch milliseconds at which the pending login ends. */
  readonly expiresAt: number;
  /** For the server alone. */
  declare readonly availableMethods: AvailableMethods;
  /** With `session: false`: for the client to send back. */
  declare readonly challengeToken: string | undefined;
  /** Where a browser is to go whose login was halted, as `secondFactorRedirect` says; undefined where it does not. */
  declare readonly redirect: string | undefined;

  static {
    // Where util.inspect is told to show all, it reads the accessors of prototypes too, up to the first of a built-in
    // class.
    const layer = Object.create(TwoFactorError.prototype, {
      constructor: { value: Error },
      availableMethods: {
        get(this: object) {
          return hidden.get(this)?.availableMethods;
        },
      },
      challengeToken: {
        get(this: object) {
          return hidden.get(this)?.challengeToken;
        },
      },
      redirect: {
        get(this: object) {
          return hidden.get(this)?.redirect;
        },
      },
    }) as object;
    Object.setPrototypeOf(this.prototype, layer);
  }

  constructor(details: SecondFactorRequiredDetails) {
    super('A second factor is required to finish this login.');
    this.methods = details.methods;
    this.expiresAt = details.expiresAt;
    hidden.set(this, { ...details });
  }

  /** The same as `instanceof`: true also for an error made by another installed copy of this package. */
  static is(error: unknown): error is SecondFactorRequiredError {
    return carries(error, brandOf('SecondFactorRequiredError'));
  }

  /** What JSON shows: nothing that only the server may see. */
  toJSON(): { code: string; message: string; methods: PublicMethods; expiresAt: number } {
    return { code: this.code, message: this.message, methods: this.methods, expiresAt: this.expiresAt };
  }
}
