/**
 * Every error that the library answers a request with. `code` is stable and meant for programs, `status` is the HTTP
 * status that fits, `message` is meant for the user who made the request and never holds a code, secret or contact.
 */
export abstract class TwoFactorError extends Error {
  /** Stable, for programs. */
  abstract readonly code: string;
  /** The HTTP status that fits. */
  abstract readonly status: number;

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

/** The methods that this login can be finished with, as the server needs them. */
export interface AvailableMethods {
  /** A code of an authenticator app. */
  readonly totp?: true;
  /** A code sent by e-mail. */
  readonly email?: AvailableContact;
  /** A code sent by SMS. */
  readonly sms?: AvailableContact;
  /** A backup code. */
  readonly backupCode?: true;
}

/** The same as a client may see them: contacts are masked. */
export interface PublicMethods {
  /** A code of an authenticator app. */
  readonly totp?: true;
  /** The masked address. */
  readonly email?: string;
  /** The masked phone number. */
  readonly sms?: string;
  /** A backup code. */
  readonly backupCode?: true;
}

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

/** Off the error's own properties: it is for `secondFactorErrorHandler`, not for what a client is answered. */
const redirects = new WeakMap<object, string>();

const brand = Symbol.for('passport-two-factor.SecondFactorRequiredError');

/**
 * The first factor was right and the user has a second one: nobody is logged in yet.
 *
 * `availableMethods` and `challengeToken` hold what only the server (or the one client) may see, so they are not
 * enumerable: JSON, spread, `util.inspect` and a logger do not show them.
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

  constructor(details: SecondFactorRequiredDetails) {
    super('A second factor is required to finish this login.');
    this.methods = details.methods;
    this.expiresAt = details.expiresAt;
    // Functions, since `console.log('%o')` shows the values of properties that are not enumerable too.
    Object.defineProperties(this, {
      availableMethods: { get: () => details.availableMethods },
      challengeToken: { get: () => details.challengeToken },
      [brand]: { value: true },
    });
    if (details.redirect !== undefined) redirects.set(this, details.redirect);
  }

  /** Where a browser is to go whose login was halted, as `secondFactorRedirect` says; undefined where it does not. */
  get redirect(): string | undefined {
    return redirects.get(this);
  }

  /** Like `instanceof`, but also true for an error made by another installed copy of this package. */
  static is(error: unknown): error is SecondFactorRequiredError {
    return typeof error === 'object' && error !== null && (error as Record<symbol, unknown>)[brand] === true;
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

/** Too many wrong codes, or too many messages sent. Right and wrong codes are answered alike meanwhile. */
export class TooManyAttemptsError extends TwoFactorError {
  readonly code = 'TOO_MANY_ATTEMPTS';
  readonly status = 429;
  /** Whole seconds until the next try is looked at. */
  readonly retryAfter: number;
  constructor(retryAfter: number) {
    super('Too many attempts. Try again later.');
    this.retryAfter = retryAfter;
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

/** The app's sender refused, failed or took too long (`cause`). No attempt was charged; ask for the code again. */
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
  return new Error(isMessage ? reason : `A function that was called failed with ${shown} in place of an Error.`, { cause: reason });
}
