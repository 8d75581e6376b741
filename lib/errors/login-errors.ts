import type { DeliveredMethod } from '../core/methods.js';
import { readable, TwoFactorError } from './two-factor-error.js';

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
