import type { Request, Response } from 'express';
import { TooManyAttemptsError, TwoFactorError, type RequestAuth } from 'passport-two-factor';
import type { RouterSettings } from '../../options.js';
import { sessionOf, toError, type ClaimedBody } from '../../request.js';
import { isLocalPath } from '../../return-to.js';
import { withReturnTo } from '../layout.js';
import type { Pages } from '../pages.js';

/** One request of a page or form. */
export interface Visit {
  readonly req: Request;
  readonly res: Response;
  readonly auth: RequestAuth;
  readonly body: ClaimedBody;
}

/** What the groups of pages are made with. */
export interface PageBook {
  readonly settings: RouterSettings;
  readonly pages: Pages;
  /** A page that anybody may ask for. */
  readonly get: (path: string, show: (visit: Visit) => unknown) => void;
  /** A form's POST, with the session's token. A GET of the same address (a bookmark, a reload) goes to `form`. */
  readonly post: (path: string, form: string, use: (visit: Visit) => unknown) => void;
}

/** What the library refuses is shown on the page that it was asked from; what is nobody's mistake goes on. */
export async function refusal(attempt: () => unknown): Promise<TwoFactorError | undefined> {
  try {
    await attempt();
    return undefined;
  } catch (error) {
    if (error instanceof TwoFactorError) return error;
    throw toError(error);
  }
}

/** After too many wrong codes or passwords, the form stays away for as long. */
export const waitFor = (error: TwoFactorError | undefined): { wait?: number } =>
  error instanceof TooManyAttemptsError ? { wait: error.retryAfter } : {};

/** Asks again who it is, and goes on below the router afterwards. */
export const askAgain = ({ req, res }: Visit, { pages }: PageBook, path: string): Promise<void> =>
  pages.at(req, res).redirect(withReturnTo('/step-up', `${req.baseUrl}${path}`));

/** A page of somebody who may change factors now; others are asked again first, and come back. */
export async function whenRecent(
  visit: Visit,
  book: PageBook,
  { path, show }: { readonly path: string; readonly show: (visit: Visit) => unknown },
): Promise<void> {
  if (!visit.auth.isLoggedIn()) sendToLogin(visit, book);
  else if (await visit.auth.isRecent()) await show(visit);
  else await askAgain(visit, book, path);
}

/** Nobody is logged in: to the app's login page, and back here afterwards. */
export function sendToLogin({ req, res }: Visit, { settings }: PageBook): void {
  const session = sessionOf(req);
  // Where there is no session nobody will ever be logged in, and the login page would send the browser back for ever.
  if (!session)
    throw new Error(
      'There is no req.session: mount express-session and passport.session() before twoFactorRouter. If its ' +
        'store is down, nobody is logged in.',
    );
  if (req.method === 'GET' && isLocalPath(req.originalUrl)) session.returnTo = req.originalUrl;
  res.redirect(303, settings.loginPath);
}
