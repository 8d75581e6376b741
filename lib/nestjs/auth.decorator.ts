import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { RequestAuth } from 'passport-two-factor';
import { propertyOf, requestOf } from './requests.js';

/** @internal */
export function authOf(context: ExecutionContext): RequestAuth {
  const { req } = requestOf(context, '@Auth()');
  const property = propertyOf(req);
  if (property === undefined)
    throw new TypeError('@Auth(): this request has not come by TwoFactorModule: import TwoFactorModule.forRoot(…).');
  return (req as unknown as Record<string, unknown>)[property] as RequestAuth;
}

/**
 * Gives a parameter `req.auth`, in HTTP routes and GraphQL resolvers.
 *
 * ```ts
 * @Post('2fa/totp')
 * setUp(@Auth() auth: RequestAuth) {
 *   return auth.twoFactor.setup.totp();
 * }
 * ```
 */
export const Auth: () => ParameterDecorator = createParamDecorator((_data: unknown, context: ExecutionContext) =>
  authOf(context),
);
