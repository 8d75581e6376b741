/**
 * Every page and route that an app's second factor needs.
 *
 * ```ts
 * import { twoFactorRouter } from 'passport-two-factor/router';
 *
 * app.use('/2fa', twoFactorRouter({ service, passport, pages: true }));
 * ```
 * @module
 */
export { twoFactorRouter } from './router.js';
export { twoFactorErrorPages, type ErrorPageOptions } from './error-pages.js';
export { html, Html, type HtmlValue } from './pages/html.js';
export type { AppCsrf } from './csrf.js';
export type { TwoFactorRouterOptions } from './options.js';
export type { RouterTokens } from './tokens.js';
export type { MessageKey, Messages, MessageTable, Translate } from './messages/index.js';
export type {
  CodePurpose,
  PageData,
  PageFrame,
  PageName,
  PageRenderers,
  PageView,
  RenderPage,
} from './pages/page-types.js';
