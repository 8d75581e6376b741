import type { ErrorRequestHandler } from 'express';

/** What no other handler has answered. It tells nothing of the server. */
export const lastResort: ErrorRequestHandler = (error: Error & { status?: number }, _req, res, next) => {
  if (res.headersSent) {
    next(error);
    return;
  }
  const status = error.status !== undefined && error.status < 500 ? error.status : 500;
  const refused = status === 401 && { code: 'INVALID_CREDENTIALS', message: 'Wrong e-mail address or password.' };
  if (status === 500) console.error(error);
  res.status(status).json({
    error:
      refused ||
      (status === 500
        ? { code: 'INTERNAL', message: 'The server failed.' }
        : { code: 'INVALID_INPUT', message: 'The request could not be read.' }),
  });
};
