import { Router, urlencoded, type Request, type RequestHandler, type Response } from 'express';
import { TwoFactorError, type RequestAuth } from 'passport-two-factor';
import { assetRoutes } from '../../assets/assets.js';
import { csrfProtection } from '../../csrf.js';
import type { RouterSettings } from '../../options.js';
import { authOf, bodyOf, handle, noStore, sessionOf } from '../../request.js';
import { Pages } from '../pages.js';
import { enrollmentPages } from './enrollment-pages.js';
import { loginPages } from './login-pages.js';
import { managementPages } from './management-pages.js';
import { pageErrors } from './page-errors.js';
import { stepUpPages } from './step-up-pages.js';

/** One request of a page or form. */
export interface Visit {
  readonly req: Request;
  readonly res: Response;
  readonly auth: RequestAuth;
  /** Of any type: the library checks what it is given. */
  readonly body: Readonly<Record<string, never>>;
}

/** What the groups of pages are made with. */
export interface PageBook {
  readonly settings: RouterSettings;
  readonly pages: Pages;
  /** A page that anybody may ask for. */
  get(path: string, show: (visit: Visit) => unknown): void;
  /** A form's POST, with the session's token. A GET of the same address (a bookmark, a reload) goes to `form`. */
  post(path: string, form: string, use: (visit: Visit) => unknown): void;
}

/** What the library refuses is shown on the page that it was asked from; what is nobody's mistake goes on. */
export async function refusal(attempt: () => unknown): Promise<TwoFactorError | undefined> {
  try {
    await attempt();
    return undefined;
  } catch (error) {
    if (error instanceof TwoFactorError) return error;
    throw error;
  }
}

export function pageRoutes(settings: RouterSettings): Router {
  const routes = Router();
  const pages = new Pages(settings);
  const visited = (use: (visit: Visit) => unknown): RequestHandler => handle((req, res) =>
    use({ req, res, auth: authOf(req), body: bodyOf(req) as Record<string, never> }));
  const book: PageBook = {
    settings, pages,
    get: (path, show) => { routes.get(path, noStore, visited(show)); },
    post: (path, form, use) => {
      routes.post(path, noStore, urlencoded({ extended: false, limit: '16kb' }), csrfProtection, visited(use));
      routes.get(path, noStore, visited(({ req, res }) => pages.redirect(req, res, form)));
    },
  };
  loginPages(book);
  stepUpPages(book);
  enrollmentPages(book);
  managementPages(book);
  routes.use(assetRoutes());
  routes.use(pageErrors(book));
  return routes;
}

/** Nobody is logged in: to the app's login page, and back here afterwards. */
export function sendToLogin({ req, res }: Visit, { settings }: PageBook): void {
  const session = sessionOf(req);
  if (session && req.method === 'GET') session.returnTo = req.originalUrl;
  res.redirect(303, settings.loginPath);
}
