import type { ErrorRequestHandler, Request, Response } from 'express';
import {
  InvalidInputError,
  StepUpRequiredError,
  TwoFactorError,
  TwoFactorExpiredError,
  TwoFactorNotSetupError,
  UserNotLoggedInError,
} from 'passport-two-factor';
import { isUnreadable } from '../../api/api-errors.js';
import { isCsrfError } from '../../csrf.js';
import { toError } from '../../request.js';
import type { PageBook } from './visit.js';

/** What no page has dealt with itself. What is nobody's mistake but the server's goes on to the app. */
export function pageErrors({ pages, settings }: Pick<PageBook, 'pages' | 'settings'>): ErrorRequestHandler {
  const show = async (error: unknown, req: Request, res: Response): Promise<void> => {
    const home = `${req.baseUrl}/`;
    if (isCsrfError(error)) await pages.at(req, res).say(403, 'stale', home);
    else if (isUnreadable(error)) await pages.at(req, res).say(error.status, 'unreadable', home);
    else if (error instanceof InvalidInputError) await pages.at(req, res).say(error.status, 'unreadable', home);
    else if (error instanceof TwoFactorNotSetupError) await pages.at(req, res).say(error.status, 'missing', home);
    else if (error instanceof TwoFactorExpiredError)
      await pages.at(req, res).say(error.status, 'expired', settings.loginPath);
    else if (error instanceof UserNotLoggedInError) res.redirect(303, settings.loginPath);
    else if (error instanceof StepUpRequiredError) await pages.at(req, res).redirect('/step-up');
    else if (error instanceof TwoFactorError) await pages.at(req, res).tell(error, home);
    else throw error;
  };
  return (error: unknown, req, res, next) => {
    if (res.headersSent) next(error);
    else
      show(error, req, res).catch((reason: unknown) => {
        next(toError(reason));
      });
  };
}
