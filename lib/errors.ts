import type { DeliveredMethod, MethodKey, MethodName } from './core/methods.js';

/**
 * A member that is read from the prototype, so that JSON and logs do not show it; whoever assigns to it gets one of
 * its own.
 */
function readable<T extends object>(prototype: T, name: string, read: (error: T) => unknown): void {
  Object.defineProperty(prototype, name, {
    configurable: true,
    get(this: T) {
      return read(this);
    },
    set(this: T, value: unknown) {
      Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
    },
  });
}

/** What http-errors gives its errors, for Nest, Koa, Fastify and whatever else answers a request by it. */
function likeHttpErrors(prototype: { readonly status: number }): void {
  readable(prototype, 'statusCode', ({ status }) => status);
  readable(prototype, 'expose', ({ status }) => status < 500);
}

/**
 * Every error that the library answers a request with. `code` is stable and meant for programs, `status` is the HTTP
 * status that fits, `message` is meant for the user who made the request and never holds a code, secret or contact.
 *
 * `instanceof` also knows an error that another installed copy of this package has made.
 */
export abstract class TwoFactorError extends Error {
  /** Stable, for programs. */
  abstract readonly code: string;
  /** The HTTP status that fits. */
  abstract readonly status: number;
  /** The same as `status`, by the name that other frameworks read. */
  declare readonly statusCode: number;
  /** Whether the message is for the client. */
  declare readonly expose: boolean;
  /** For GraphQL, which answers them beside the message. */
  declare readonly extensions: {
    /** The same as `code`. */
    readonly code: string;
  };

  static {
    likeHttpErrors(this.prototype);
    readable(this.prototype, 'extensions', ({ code }) => ({ code }));
  }

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

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

const brandOf = (name: string): symbol => Symbol.for(`passport-two-factor.${name}`);

const carries = (value: unknown, brand: symbol): boolean =>
  typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[brand] === true;

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

/** The first factor was refused. The message is the strategy's own, so it tells no more than the strategy does. */
export class InvalidCredentialsError extends TwoFactorError {
  readonly code = 'INVALID_CREDENTIALS';
  readonly status = 401;
  constructor(message = 'The credentials are not valid.') {
    super(message);
  }
}

/** Wrong, expired, used or another user's code: one face, so that the answer tells nothing about which. */
export class InvalidTwoFactorCodeError extends TwoFactorError {
  readonly code = 'INVALID_CODE';
  readonly status = 401;
  constructor() {
    super('The code is not valid.');
  }
}

/** Wrong, used or replaced backup code. */
export class InvalidBackupCodeError extends TwoFactorError {
  readonly code = 'INVALID_BACKUP_CODE';
  readonly status = 401;
  constructor() {
    super('The backup code is not valid.');
  }
}

/** There is no pending login, or it has expired, was finished already, or its attempts are spent. */
export class TwoFactorExpiredError extends TwoFactorError {
  readonly code = 'CHALLENGE_EXPIRED';
  readonly status = 401;
  constructor() {
    super('The login has expired or was used up. Log in again.');
  }
}

/** The pending login cannot be completed before a code was verified. */
export class TwoFactorNotVerifiedError extends TwoFactorError {
  readonly code = 'NOT_VERIFIED';
  readonly status = 401;
  constructor() {
    super('The second factor has not been verified yet.');
  }
}

/** Nobody is logged in, or a login is pending. */
export class UserNotLoggedInError extends TwoFactorError {
  readonly code = 'NOT_LOGGED_IN';
  readonly status = 401;
  constructor() {
    super('Log in first.');
  }
}

/** Methods whose messages are spent: when they can be asked for again. */
export type SpentMethods = Partial<
  Record<
    DeliveredMethod,
    {
      /** For display: `j***@example.com`, `+1•••••••67`. */
      readonly maskedContact: string;
      /** Whole seconds. */
      readonly retryAfter: number;
    }
  >
>;

/** Too many wrong codes, or too many messages sent. Right and wrong codes are answered alike meanwhile. */
export class TooManyAttemptsError extends TwoFactorError {
  readonly code = 'TOO_MANY_ATTEMPTS';
  readonly status = 429;
  /** Whole seconds until the next try is looked at. */
  readonly retryAfter: number;
  /** What Express and Koa answer with it where no handler of the app does. */
  declare readonly headers: Readonly<Record<string, string>>;
  readonly #spent: SpentMethods | undefined;

  static {
    readable(this.prototype, 'headers', ({ retryAfter }) => ({ 'Retry-After': String(retryAfter) }));
  }

  constructor(retryAfter: number, spent?: SpentMethods) {
    super('Too many attempts. Try again later.');
    this.retryAfter = retryAfter;
    this.#spent = spent;
  }

  /**
   * Of a login that nothing but spent methods could finish: which, and when. No own property, so that logs leave it
   * out.
   */
  get spent(): SpentMethods | undefined {
    return #spent in this ? this.#spent : undefined;
  }
}

/** The session has no second factor, or none that is recent enough: verify one again. */
export class StepUpRequiredError extends TwoFactorError {
  readonly code = 'STEP_UP_REQUIRED';
  readonly status = 403;
  constructor() {
    super('Confirm that it is you before you go on.');
  }
}

/** The route needs a second factor and the user has none. */
export class EnrollmentRequiredError extends TwoFactorError {
  readonly code = 'ENROLLMENT_REQUIRED';
  readonly status = 403;
  constructor() {
    super('Set up a second factor before you go on.');
  }
}

/** The user has no such method, contact, authenticator or pending enrolment. */
export class TwoFactorNotSetupError extends TwoFactorError {
  readonly code = 'NOT_SETUP';
  readonly status = 404;
  constructor() {
    super('This second factor is not set up.');
  }
}

/** The same mechanism and label, or the same contact, is verified already. */
export class TwoFactorAlreadyEnabledError extends TwoFactorError {
  readonly code = 'ALREADY_ENABLED';
  readonly status = 409;
  constructor() {
    super('This second factor is enabled already.');
  }
}

/** The method was begun but never confirmed, so there is nothing to use or manage yet. */
export class TwoFactorSetupIncompleteError extends TwoFactorError {
  readonly code = 'SETUP_INCOMPLETE';
  readonly status = 409;
  constructor() {
    super('The set-up of this second factor is not complete: confirm it with a code first.');
  }
}

/** The request's value has the wrong type or shape. Nothing was changed and no attempt was charged. */
export class InvalidInputError extends TwoFactorError {
  readonly code = 'INVALID_INPUT';
  readonly status = 400;
  /** The name of the value that is wrong. */
  readonly field: string;
  constructor(field: string, expected: string) {
    super(`${field} must be ${expected}.`);
    this.field = field;
  }
}

/**
 * The app's sender refused, failed or took too long (`cause`). No attempt was charged, the message was; ask for the
 * code again.
 */
export class DeliveryFailedError extends TwoFactorError {
  readonly code = 'DELIVERY_FAILED';
  readonly status = 502;
  constructor(cause?: unknown) {
    super('The code could not be sent. Try again.', { cause });
  }
}

/**
 * A stored secret cannot be opened: its key is not in `keys`, or it was altered. It is not a `TwoFactorError` since no
 * user can mend it; it reaches Express as a 500 and nobody is logged in.
 */
export class SealedDataError extends Error {
  /** The class. */
  override readonly name = 'SealedDataError';
  /** Stable, for programs. */
  readonly code = 'SEALED_DATA';
  /** A user cannot mend it. */
  readonly status = 500;
  /** The same as `status`, by the name that other frameworks read. */
  declare readonly statusCode: number;
  /** The message is not for the client. */
  declare readonly expose: boolean;

  static {
    likeHttpErrors(this.prototype);
  }
}

const classes = {
  TwoFactorError,
  SecondFactorRequiredError,
  InvalidCredentialsError,
  InvalidTwoFactorCodeError,
  InvalidBackupCodeError,
  TwoFactorExpiredError,
  TwoFactorNotVerifiedError,
  UserNotLoggedInError,
  TooManyAttemptsError,
  StepUpRequiredError,
  EnrollmentRequiredError,
  TwoFactorNotSetupError,
  TwoFactorAlreadyEnabledError,
  TwoFactorSetupIncompleteError,
  InvalidInputError,
  DeliveryFailedError,
  SealedDataError,
};

// Two copies of the package have two classes of one name (a monorepo, Jest's resetModules): they know each other's
// errors by a brand, which a subclass inherits. A subclass that the app makes has none of its own and stays what it
// is in JavaScript.
for (const [name, ours] of Object.entries(classes)) {
  const brand = brandOf(name);
  const inherited = Function.prototype[Symbol.hasInstance];
  Object.defineProperty(ours.prototype, brand, { value: true });
  Object.defineProperty(ours, Symbol.hasInstance, {
    value(this: unknown, value: unknown) {
      return this === ours ? carries(value, brand) : inherited.call(this as typeof Error, value);
    },
  });
}

/**
 * What was thrown or rejected with, as something that denies. Express and Passport take `undefined`, `null`, `0`, `''`,
 * `false`, `'route'` and `'router'` for "go on", so that `reject()` would let the next handler run. An object denies as
 * it is, so that an app's own handlers still recognize it.
 * @internal
 */
export function toError(reason: unknown): Error {
  if (typeof reason === 'object' && reason !== null) return reason as Error;
  const isMessage = typeof reason === 'string' && !['', 'route', 'router'].includes(reason);
  const shown = typeof reason === 'string' ? `the text "${reason}"` : String(reason);
  return new Error(isMessage ? reason : `A function that was called failed with ${shown} in place of an Error.`, {
    cause: reason,
  });
}
