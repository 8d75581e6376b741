import type { ErrorRequestHandler, RequestHandler } from 'express';
import { secondFactorErrorHandler } from 'passport-two-factor';
import { isCsrfError } from '../csrf.js';

/** The error of a body parser: its status is the client's business, its message is not. */
export function isUnreadable(error: unknown): error is { status: number } {
  const { status, type, expose } = (error ?? {}) as { status?: unknown; type?: unknown; expose?: unknown };
  return typeof status === 'number' && status >= 400 && status < 500 && typeof type === 'string' && expose === true;
}

export const methodNotAllowed =
  (allowed: readonly string[]): RequestHandler =>
  (req, res) => {
    res.set('Allow', allowed.join(', '));
    res.status(405).json({ error: { code: 'METHOD_NOT_ALLOWED', message: `${req.method} is not allowed here.` } });
  };

const renderTyped = secondFactorErrorHandler();

/**
 * Renders `{ error: { code, message, retryAfter? } }`; what is nobody's mistake but the server's goes on to the app.
 */
export const apiErrors: ErrorRequestHandler = (error: unknown, req, res, next) => {
  if (res.headersSent) {
    next(error);
  } else if (isCsrfError(error)) {
    res.status(403).json({
      error: {
        code: 'INVALID_CSRF_TOKEN',
        message: 'The x-csrf-token header must carry the token of this session: GET status tells it.',
      },
    });
  } else if (isUnreadable(error)) {
    res
      .status(error.status === 413 ? 413 : 400)
      .json({ error: { code: 'INVALID_INPUT', message: 'The body must be JSON of at most 16 kB.' } });
  } else {
    void renderTyped(error, req, res, next);
  }
};
