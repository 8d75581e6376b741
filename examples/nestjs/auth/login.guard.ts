import { Injectable, type ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { InvalidCredentialsError } from 'passport-two-factor';

/**
 * A guard that logs in. Nest's own only authenticates: it asks Passport for no session unless told to, and leaves
 * `req.logIn` to whoever wants one.
 */
function loginBy(strategy: string) {
  @Injectable()
  class LoginGuard extends AuthGuard(strategy) {
    override getAuthenticateOptions() {
      return { session: true };
    }

    override handleRequest<User>(error: unknown, user: User | false): User {
      if (error) throw error as Error;
      if (!user) throw new InvalidCredentialsError();
      return user;
    }

    override async canActivate(context: ExecutionContext): Promise<boolean> {
      await super.canActivate(context);
      await super.logIn(this.getRequest(context));
      return true;
    }
  }
  return LoginGuard;
}

/** The password. Of a user with a second factor it throws `SecondFactorRequiredError`: nobody is logged in. */
export const PasswordGuard = loginBy('local');

/** The code: finishes a halted login. For a user who is logged in it is a step-up. */
export const CodeGuard = loginBy('two-factor');
