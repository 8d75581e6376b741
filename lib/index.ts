export { TwoFactorService } from './service/two-factor-service.js';
export { TwoFactorStrategy } from './passport/two-factor-strategy.js';
export { PasskeyStrategy } from './passport/passkey-strategy.js';
export { SecondFactorStrategy } from './passport/second-factor-strategy.js';
export { twoFactorAuth } from './express/two-factor-auth.js';
export { protect } from './passport/protect.js';
export { impersonate } from './passport/impersonate.js';
export { requireEnrollment } from './express/require-enrollment.js';
export { claimsOf } from './standing/token-standing.js';
export { requireSecondFactor } from './express/require-second-factor.js';
export { secondFactorErrorHandler } from './express/error-handler.js';
export { twoFactorEntities } from './store/entities.js';
export { twoFactorMigrations } from './store/migrations.js';
export {
  deliveredMethods,
  enrollableMethods,
  everyMethod,
  isDelivered,
  keyOf,
  methodOf,
  TwoFactorMechanism,
  twoFactorMethods,
} from './core/methods.js';
export { generateKey } from './core/keys.js';
export {
  DeliveryFailedError,
  EnrollmentRequiredError,
  InvalidBackupCodeError,
  InvalidCredentialsError,
  InvalidInputError,
  InvalidTwoFactorCodeError,
  SealedDataError,
  SecondFactorRequiredError,
  StepUpRequiredError,
  TooManyAttemptsError,
  TwoFactorAlreadyEnabledError,
  TwoFactorError,
  TwoFactorExpiredError,
  TwoFactorNotSetupError,
  TwoFactorNotVerifiedError,
  TwoFactorSetupIncompleteError,
  UserNotLoggedInError,
} from './errors.js';

export type { AvailableContact, AvailableMethods, PublicMethods, SpentMethods } from './errors.js';
export type {
  Answering,
  ByContact,
  ByMethod,
  ContactTraits,
  DeliveredMechanism,
  DeliveredMethod,
  EnrollableMethod,
  MethodKey,
  MethodName,
  MethodTable,
  MethodTraits,
  ResponseTo,
} from './core/methods.js';
export type {
  AcceptedPasskeys,
  CreatedPasskey,
  PasskeyAssertion,
  PasskeyCreationOptions,
  PasskeyDescriptor,
  PasskeyRequestOptions,
  Passkeys,
  PasskeyUserVerification,
} from './core/passkeys.js';
export type { ChallengePurpose } from './core/one-time-code.js';
export type { QrFormat } from './core/provisioning.js';
export type {
  AppUser,
  CodeMessage,
  Duration,
  Enforce,
  KeptLogin,
  LimitSettings,
  LoginChannel,
  OAuthLogin,
  RequireForOAuth,
  Send,
  StrategyKind,
  TwoFactorOptions,
  TwoFactorSettings,
  UserAdapter,
} from './options.js';
export type { TableOptions } from './store/entities.js';
export type { ContactSetup, TotpSetup, TotpSetupOptions } from './service/enrollment-input.js';
export type { ChallengeSent } from './service/code-sending.js';
export type { Authenticator } from './service/management.js';
export type { TwoFactorEvent, TwoFactorEventName, TwoFactorListener } from './service/events.js';
export type { FactorMethod, ProvedFactor, TwoFactorClaim, TwoFactorClaims } from './core/standing.js';
export type { FinishedTokenLogin, TokenLogin } from './service/token-login.js';
export type { ReadRequestClaims } from './passport/by-token.js';
export type { PendingView } from './standing/pending-login.js';
export type { TwoFactorAuthenticateOptions, TwoFactorStrategyOptions } from './passport/two-factor-strategy.js';
export type {
  PasskeyAuthenticateOptions,
  PasskeyLoginForToken,
  PasskeyStrategyOptions,
} from './passport/passkey-strategy.js';
export type { SecondFactorStrategyOptions } from './passport/second-factor-strategy.js';
export type { Protected, ProtectOptions } from './passport/protect.js';
export type { Impersonation } from './passport/impersonate.js';
export type { RequireEnrollmentOptions } from './express/require-enrollment.js';
export type { TwoFactorAuthOptions } from './express/two-factor-auth.js';
export type { LoginAsOptions } from './express/login-input.js';
export type { RequestAuth } from './express/request-auth.js';
export type { RequestTwoFactor } from './express/request-two-factor.js';
export type { RequireSecondFactorOptions } from './express/require-second-factor.js';
export type { SecondFactorErrorHandlerOptions } from './express/error-handler.js';
