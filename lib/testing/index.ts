/**
 * For the tests of apps that use this package: codes, time, and what was sent.
 *
 * ```ts
 * import { completeSecondFactor, createOutbox, currentTotp, fakeClock, logInAs } from 'passport-two-factor/testing';
 * ```
 * @module
 */
export { currentTotp } from './current-totp.js';
export { fakeClock, type FakeClock } from './fake-clock.js';
export { createOutbox, type Outbox } from './outbox.js';
export { completeSecondFactor, type PostingAgent, type SecondFactorStep } from './complete-second-factor.js';
export { logInAs, type TestLogIn } from './log-in-as.js';
export {
  SoftwareAuthenticator,
  type AuthenticatorAlgorithm,
  type AuthenticatorSettings,
  type Forgery,
} from './software-authenticator.js';
