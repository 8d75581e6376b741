import type { ErrorRequestHandler, NextFunction, Request, Response } from 'express';
import { SecondFactorRequiredError, TooManyAttemptsError, TwoFactorError } from '../errors.js';

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
  const { status = 401, redirect } = options;
  if (!Number.isInteger(status) || status < 200 || status > 599) throw new TypeError('secondFactorErrorHandler: status must be an HTTP status such as 202');
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
      res.status(status).json({ requiresTwoFactor: true, methods, expiresAt, ...(challengeToken !== undefined && { challengeToken }) });
    } else if (error instanceof TwoFactorError) {
      const { code, message } = error;
      res.set('Cache-Control', 'no-store');
      const retryAfter = error instanceof TooManyAttemptsError ? error.retryAfter : undefined;
      if (retryAfter !== undefined) res.set('Retry-After', String(retryAfter));
      res.status(error.status).json({ error: { code, message, ...(retryAfter !== undefined && { retryAfter }) } });
    } else {
      next(error);
    }
  };
}
