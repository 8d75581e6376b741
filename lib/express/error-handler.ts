import type { ErrorRequestHandler, NextFunction, Request, Response } from 'express';
import { SecondFactorRequiredError, TooManyAttemptsError, TwoFactorError } from '../errors.js';
import { checkOptions } from '../core/options.js';

/** Options of `secondFactorErrorHandler`. */
export interface SecondFactorErrorHandlerOptions {
  /** The status that a halted login is answered with. Default 401; 202 says "accepted, not finished". */
  readonly status?: number;
  /** Where a browser goes whose login was halted without a `secondFactorRedirect`; JSON clients get the JSON. */
  readonly redirect?: string;
}

/**
 * Renders the library's errors for JSON clients; everything else goes on to the next handler.
 *
 * A halted login: `{ requiresTwoFactor: true, methods, expiresAt, challengeToken? }`, the token only with
 * `session: false`. Others: `{ error: { code, message, retryAfter? } }`, and `Retry-After` where there is one.
 */
export function secondFactorErrorHandler(options: SecondFactorErrorHandlerOptions = {}): ErrorRequestHandler {
  checkOptions('secondFactorErrorHandler', options, ['status', 'redirect']);
  const { status = 401, redirect } = options;
  if (!Number.isInteger(status) || status < 200 || status > 599)
    throw new TypeError('secondFactorErrorHandler: status must be an HTTP status such as 202');
  return (error: unknown, req: Request, res: Response, next: NextFunction): void => {
    if (res.headersSent) {
      next(error);
    } else if (SecondFactorRequiredError.is(error)) {
      res.set('Cache-Control', 'no-store');
      // Of a login that no strategy has redirected: the door halts by an error, so that it answers in nobody's place.
      const to = error.redirect ?? redirect;
      if (to !== undefined && req.accepts(['json', 'html']) === 'html') {
        res.redirect(to);
        return;
      }
      const { methods, expiresAt, challengeToken } = error;
      res
        .status(status)
        .json({ requiresTwoFactor: true, methods, expiresAt, ...(challengeToken !== undefined && { challengeToken }) });
    } else if (error instanceof TwoFactorError) {
      const { code, message } = error;
      res.set('Cache-Control', 'no-store');
      const retryAfter = error instanceof TooManyAttemptsError ? error.retryAfter : undefined;
      if (retryAfter !== undefined) res.set('Retry-After', String(retryAfter));
      res.status(error.status).json({ error: { code, message, ...(retryAfter !== undefined && { retryAfter }) } });
    } else {
      next(explained(error, req));
    }
  };
}

/** A route that uses `req.auth` where there is none says so, in place of "Cannot read properties of undefined". */
function explained(error: unknown, req: Request): unknown {
  const name =
    error instanceof TypeError
      ? /^Cannot read properties of undefined \(reading '(\w+)'\)$/.exec(error.message)?.[1]
      : undefined;
  if (name === undefined || 'auth' in req || !membersOfAuth.includes(name)) return error;
  return new Error(
    `There is no req.auth to read "${name}" of: mount app.use(twoFactorAuth({ service, passport })) before the routes.`,
    { cause: error },
  );
}

const membersOfAuth = [
  'login',
  'loginAs',
  'logout',
  'isLoggedIn',
  'pending',
  'twoFactor',
  'completeTwoFactorLogin',
  'reauthenticate',
  'isRecent',
];
