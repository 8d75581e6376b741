import type { ErrorRequestHandler, Request } from 'express';
import {
  SecondFactorRequiredError,
  StepUpRequiredError,
  TooManyAttemptsError,
  TwoFactorError,
  TwoFactorExpiredError,
  TwoFactorNotSetupError,
  UserNotLoggedInError,
} from 'passport-two-factor';
import type { Outbox } from '../outbox.js';
import { tell } from '../page.js';

/** Sends a browser on to the page where the user can do something about the error. */
export function pageErrors({ outbox }: { outbox: Outbox }): ErrorRequestHandler {
  return (error: unknown, req, res, next) => {
    if (error instanceof SecondFactorRequiredError) {
      const { email, sms } = error.availableMethods;
      outbox.send('email', email);
      outbox.send('sms', sms);
      res.redirect('/second-factor');
    } else if (error instanceof TwoFactorError) {
      tell(
        req,
        error instanceof TooManyAttemptsError
          ? `Too many attempts. Try again in ${error.retryAfter} seconds.`
          : error.message,
      );
      res.redirect(nextPage(error, req));
    } else {
      next(error);
    }
  };
}

function nextPage(error: TwoFactorError, req: Request): string {
  if (error instanceof StepUpRequiredError) return '/step-up';
  const out = error instanceof UserNotLoggedInError || error instanceof TwoFactorExpiredError;
  if (out && !req.auth.isLoggedIn()) return '/sign-in';
  // Back to the form; where there is nothing to confirm any more, to the beginning.
  const forms =
    error instanceof TwoFactorNotSetupError
      ? []
      : ['/second-factor', '/step-up', '/account/confirm/totp', '/account/confirm/email', '/account/confirm/sms'];
  return forms.find((form) => req.path.startsWith(form)) ?? '/account';
}
