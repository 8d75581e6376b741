import { Injectable, type ExecutionContext, type Type } from '@nestjs/common';
import { AuthGuard, type IAuthGuard } from '@nestjs/passport';
import type { Request } from 'express';
import type { TwoFactorAuthenticateOptions } from 'passport-two-factor';
import { requestOf } from './requests.js';

/** Options of `SessionLogin`. */
export type SessionLoginOptions = Pick<
  TwoFactorAuthenticateOptions,
  'secondFactorRedirect' | 'remember' | 'keepSessionInfo'
>;

/**
 * A guard that logs in, into the session. `AuthGuard` asks Passport for no session and logs nobody in, so that a halted
 * login would be one by token. For a route that takes the password, for an OAuth callback, and as
 * `SessionLogin('two-factor')` for the route that takes the code.
 *
 * ```ts
 * @Post('login')
 * @UseGuards(SessionLogin('local'))
 * logIn(@Req() req: Request) {
 *   return req.user;
 * }
 * ```
 *
 * Errors: SecondFactorRequiredError where the login is halted; UnauthorizedException of Nest for a wrong password; for
 * a code what `SecondFactorStrategy` gives.
 */
export function SessionLogin(strategy = 'local', options: SessionLoginOptions = {}): Type<IAuthGuard> {
  @Injectable()
  class SessionLoginGuard extends AuthGuard(strategy) {
    override async canActivate(context: ExecutionContext): Promise<boolean> {
      await super.canActivate(context);
      const { property = 'user' } = (this as { options?: { property?: string } }).options ?? {};
      const req = this.getRequest(context);
      // With options of its own: `PassportModule.register({ session: false })` would log in for this request alone.
      await logIn(req, (req as unknown as Record<string, unknown>)[property], { ...options, session: true });
      return true;
    }

    override getAuthenticateOptions(): { session: boolean } {
      return { ...options, session: true };
    }

    override getRequest(context: ExecutionContext): Request {
      return requestOf(context, 'SessionLogin').req;
    }

    getResponse(context: ExecutionContext): unknown {
      return requestOf(context, 'SessionLogin').res;
    }
  }
  return SessionLoginGuard;
}

function logIn(req: Request, user: unknown, options: object): Promise<void> {
  return new Promise((resolve, reject) => {
    req.logIn(user as Express.User, options as { session: boolean }, (error?: unknown) => {
      if (error === undefined || error === null) resolve();
      else reject(error instanceof Error ? error : new Error('The login failed.', { cause: error }));
    });
  });
}
