import type { ErrorRequestHandler } from 'express';
import { DeliveryFailedError, SecondFactorRequiredError, TooManyAttemptsError } from 'passport-two-factor';
import { isLocalPath } from './return-to.js';

/** Options of `twoFactorErrorPages`. */
export interface ErrorPageOptions {
  /** Where `twoFactorRouter` is mounted with `pages`, such as `'/2fa'`. */
  readonly path: string;
}

/**
 * Sends browsers to the router's pages where a login could not go on: one that was halted to the page for the code, one
 * whose code could not be sent, or is not sent any more for now, to a page that says what to do. Other clients and
 * errors go on to the next handler. Mount it after the routes.
 *
 * @throws TypeError for a path that is none
 */
export function twoFactorErrorPages(options: ErrorPageOptions): ErrorRequestHandler {
  const { path, ...others } = Object(options) as Partial<ErrorPageOptions>;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw new TypeError(`twoFactorErrorPages: there is no option "${unknown}"; there is path`);
  if (!isLocalPath(path))
    throw new TypeError(
      `twoFactorErrorPages: path must be where the router is mounted, such as "/2fa"; got ${typeof path}`,
    );
  const base = path.replace(/\/$/, '');
  return (error: unknown, req, res, next) => {
    const page = res.headersSent || req.accepts(['json', 'html']) !== 'html' ? undefined : pageOf(error);
    if (page === undefined) {
      next(error);
      return;
    }
    res.set('Cache-Control', 'no-store');
    res.redirect(303, `${base}${page}`);
  };
}

function pageOf(error: unknown): string | undefined {
  if (SecondFactorRequiredError.is(error)) return '/';
  if (error instanceof TooManyAttemptsError) return `/unavailable?retryAfter=${String(error.retryAfter)}`;
  if (error instanceof DeliveryFailedError) return '/unavailable';
  return undefined;
}
