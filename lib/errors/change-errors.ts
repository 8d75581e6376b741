import { likeHttpErrors, TwoFactorError } from './two-factor-error.js';

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
