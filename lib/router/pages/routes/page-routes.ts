import { Router, urlencoded, type RequestHandler } from 'express';
import { assetRoutes } from '../../assets/assets.js';
import { mountedInOrder } from '../../mounting.js';
import type { RouterSettings } from '../../options.js';
import { authOf, bodyOf, asyncHandler, noStore } from '../../request.js';
import { Pages } from '../pages.js';
import { enrollmentPages } from './enrollment-pages.js';
import { loginPages } from './login-pages.js';
import { managementPages } from './management-pages.js';
import { passkeyPages } from './passkey-pages.js';
import { pageErrors } from './page-errors.js';
import { stepUpPages } from './step-up-pages.js';
import type { PageBook, Visit } from './visit.js';

/** The pages: every one of them a form that works without JavaScript. */
export function pageRoutes(settings: RouterSettings): Router {
  const routes = Router();
  const pages = new Pages(settings);
  const visited = (use: (visit: Visit) => unknown): RequestHandler =>
    asyncHandler((req, res) => use({ req, res, auth: authOf(req), body: bodyOf(req) }));
  const book: PageBook = {
    settings,
    pages,
    get: (path, show) => {
      routes.get(path, noStore, mountedInOrder, visited(show));
    },
    post: (path, form, use) => {
      routes.post(
        path,
        noStore,
        mountedInOrder,
        urlencoded({ extended: false, limit: '16kb' }),
        settings.csrf.check,
        visited(use),
      );
      routes.get(
        path,
        noStore,
        visited(({ req, res }) => pages.at(req, res).redirect(form)),
      );
    },
  };
  loginPages(book);
  stepUpPages(book);
  enrollmentPages(book);
  passkeyPages(book);
  managementPages(book);
  routes.use(assetRoutes(settings.webauthn));
  routes.use(pageErrors(book));
  return routes;
}
