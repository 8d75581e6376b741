/**
 * The second factor of a Nest app: sessions or tokens, HTTP or GraphQL.
 *
 * ```ts
 * import { SecondFactorGuard, SessionLogin, TwoFactorModule } from 'passport-two-factor/nestjs';
 * ```
 * @module
 */
export { TwoFactorModule } from './two-factor.module.js';
export { TwoFactorExceptionFilter } from './exception.filter.js';
export { SecondFactor, SecondFactorGuard, type SecondFactorOptions } from './second-factor.guard.js';
export { EnrollmentGuard } from './enrollment.guard.js';
export { SessionLogin, type SessionLoginOptions } from './session-login.js';
export { Auth } from './auth.decorator.js';
export { withTwoFactor, type OpenApiLike } from './swagger.js';
export type {
  GivenService,
  NestRouterOptions,
  ProtectedPassport,
  ServiceOptions,
  TwoFactorModuleAsyncOptions,
  TwoFactorModuleOptions,
  TwoFactorModuleSettings,
} from './options.js';
