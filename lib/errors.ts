import { setBrand } from './core/define.js';
import {
  DeliveryFailedError,
  EnrollmentRequiredError,
  InvalidInputError,
  SealedDataError,
  TwoFactorAlreadyEnabledError,
  TwoFactorNotSetupError,
  TwoFactorSetupIncompleteError,
} from './errors/change-errors.js';
import {
  InvalidBackupCodeError,
  InvalidCredentialsError,
  InvalidTwoFactorCodeError,
  StepUpRequiredError,
  TooManyAttemptsError,
  TwoFactorExpiredError,
  TwoFactorNotVerifiedError,
  UserNotLoggedInError,
} from './errors/login-errors.js';
import { SecondFactorRequiredError } from './errors/second-factor-required.js';
import { brandOf, carries, TwoFactorError } from './errors/two-factor-error.js';

export * from './errors/change-errors.js';
export * from './errors/login-errors.js';
export * from './errors/second-factor-required.js';
export { TwoFactorError } from './errors/two-factor-error.js';

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
  setBrand(ours.prototype, brand);
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
