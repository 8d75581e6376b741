import type { Asset } from './assets/assets.js';
import { webauthnAsset } from './assets/webauthn.js';
import type { Request } from 'express';
import {
  enrollableMethods,
  isDelivered,
  twoFactorMethods,
  type EnrollableMethod,
  type TwoFactorAuthOptions,
  type TwoFactorService,
} from 'passport-two-factor';
import { csrfOf, type AppCsrf, type Csrf } from './csrf.js';
import { isLocalPath } from './return-to.js';
import { catalog, type Catalog, type MessageTable } from './messages/index.js';
import { pageNames, type PageRenderers } from './pages/page-types.js';
import type { RouterTokens } from './tokens.js';

/** Options of `twoFactorRouter`. */
export interface TwoFactorRouterOptions {
  /** Where second factors are kept. */
  readonly service: TwoFactorService;
  /** The app's Passport: it logs in after the code, and knows the strategy of `login`. */
  readonly passport: TwoFactorAuthOptions['passport'];
  /** `true` serves pages beside the JSON API; an object does too, and replaces those that it names. Default `false`. */
  readonly pages?: boolean | PageRenderers;
  /** The strategy that a password is proved by once more; `false` for an app without passwords. Default `'local'`. */
  readonly login?: string | false;
  /** The app's own login page. Default `'/login'`. */
  readonly loginPath?: string;
  /** Where a browser goes afterwards that came for no page in particular. Default `'/'`. */
  readonly returnTo?: string;
  /** The language of the pages, or how to tell it. Default: the browser's choice among those that there are. */
  readonly locale?: string | ((req: Request) => string);
  /** More languages (`{ fr: {…} }`), or other words in those that there are. What is missing is shown in English. */
  readonly messages?: Readonly<Record<string, MessageTable>>;
  /** The address of a stylesheet of the app's, loaded after the router's own: it may set its `--tf-*` variables. */
  readonly stylesheet?: string;
  /** What is offered for set-up. Default: the authenticator app, and what the service has a sender for. */
  readonly methods?: readonly EnrollableMethod[];
  /**
   * For an app with a CSRF guard before all of its routes: where its token comes from, and the form field that it is
   * read from. The guard then decides in place of the router's own check. Default: the router's own tokens.
   */
  readonly csrf?: AppCsrf;
  /** For an app with tokens: where the claims of a request are, and how another token is issued. */
  readonly tokens?: RouterTokens;
}

/** The options with their defaults. */
export interface RouterSettings {
  readonly service: TwoFactorService;
  readonly passport: TwoFactorAuthOptions['passport'];
  readonly pages: PageRenderers | undefined;
  readonly login: string | undefined;
  readonly loginPath: string;
  readonly returnTo: string;
  readonly locale: string | ((req: Request) => string) | undefined;
  readonly messages: Catalog;
  readonly stylesheet: string | undefined;
  readonly methods: readonly EnrollableMethod[];
  /** The browser's side of passkeys; undefined where the service has none. */
  readonly webauthn: Asset | undefined;
  readonly csrf: Csrf;
  readonly tokens: RouterTokens | undefined;
}

function refuse(option: string, expected: string, given: unknown): never {
  throw new TypeError(`twoFactorRouter: ${option} must be ${expected}; got ${typeof given}`);
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

function readPages(pages: unknown): PageRenderers | undefined {
  if (pages === undefined || pages === false) return undefined;
  if (pages === true) return {};
  if (typeof pages !== 'object' || pages === null)
    refuse('pages', 'true, false or an object of render functions', pages);
  for (const [name, render] of Object.entries(pages)) {
    if (!(pageNames as readonly string[]).includes(name) || typeof render !== 'function') {
      throw new TypeError(
        `twoFactorRouter: pages.${name} must be a render function of one of the pages ${pageNames.join(', ')}`,
      );
    }
  }
  return pages;
}

const quoted = enrollableMethods.map((name) => `"${name}"`);

function readMethods(methods: unknown, service: TwoFactorService): readonly EnrollableMethod[] {
  if (typeof (service as TwoFactorService | undefined)?.canSend !== 'function')
    refuse('service', 'a TwoFactorService', service);
  if (methods === undefined) {
    const canSetUp = (method: EnrollableMethod) =>
      isDelivered(method)
        ? service.canSend(twoFactorMethods[method].mechanism)
        : method !== 'passkey' || service.hasPasskeys;
    return enrollableMethods.filter(canSetUp);
  }
  const known = Array.isArray(methods) && methods.every((name) => (enrollableMethods as unknown[]).includes(name));
  if (!known || methods.length === 0)
    refuse('methods', `a list of ${quoted.join(', ').replace(/, ([^,]*)$/, ' and $1')}`, methods);
  return enrollableMethods.filter((method) => methods.includes(method));
}

function readMembers(option: string, given: object, known: readonly string[]): Record<string, unknown> {
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new TypeError(`twoFactorRouter: there is no option "${option}.${unknown}"; there are ${known.join(', ')}`);
  return given as Record<string, unknown>;
}

function readCsrf(csrf: unknown): AppCsrf | undefined {
  if (csrf === undefined) return undefined;
  if (typeof csrf !== 'object' || csrf === null) refuse('csrf', 'an object: { token, field? }', csrf);
  const { token, field } = readMembers('csrf', csrf, ['token', 'field']);
  if (typeof token !== 'function') refuse('csrf.token', 'a function of the request: (req) => req.csrfToken()', token);
  if (field !== undefined && !isText(field)) refuse('csrf.field', 'the name of a form field', field);
  return csrf as AppCsrf;
}

function readTokens(tokens: unknown): RouterTokens | undefined {
  if (tokens === undefined) return undefined;
  if (typeof tokens !== 'object' || tokens === null)
    refuse('tokens', 'an object: { claims, issue, strategy? }', tokens);
  const { claims, issue, strategy } = readMembers('tokens', tokens, ['claims', 'issue', 'strategy']);
  if (typeof claims !== 'function') refuse('tokens.claims', 'a function of the request: (req) => req.authInfo', claims);
  if (typeof issue !== 'function')
    refuse('tokens.issue', 'a function that answers another token: (user, claims, req) => …', issue);
  if (strategy !== undefined && !isText(strategy)) refuse('tokens.strategy', 'the name of a strategy', strategy);
  return tokens as RouterTokens;
}

const names = [
  'service',
  'passport',
  'pages',
  'login',
  'loginPath',
  'returnTo',
  'locale',
  'messages',
  'stylesheet',
  'methods',
  'csrf',
  'tokens',
];

/** @throws TypeError that names the option and what it must be */
export function readRouterOptions(given: TwoFactorRouterOptions): RouterSettings {
  const options =
    (given as TwoFactorRouterOptions | undefined) ?? refuse('the argument', 'an object: { service, passport }', given);
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new TypeError(`twoFactorRouter: there is no option "${unknown}"; there are ${names.join(', ')}`);
  const { service, passport, login = 'local', loginPath = '/login', returnTo = '/', locale, stylesheet } = options;
  if (login !== false && !isText(login)) refuse('login', 'the name of a strategy, or false', login);
  if (!isText(loginPath)) refuse('loginPath', 'the address of the login page', loginPath);
  if (!isLocalPath(returnTo)) refuse('returnTo', 'a path on this site, such as "/account"', returnTo);
  if (locale !== undefined && typeof locale !== 'function' && !isText(locale))
    refuse('locale', 'a language such as "en", or a function of the request', locale);
  if (stylesheet !== undefined && !isText(stylesheet)) refuse('stylesheet', 'the address of a stylesheet', stylesheet);
  return {
    service,
    passport,
    loginPath,
    returnTo,
    locale,
    stylesheet,
    pages: readPages(options.pages),
    login: login === false ? undefined : login,
    messages: catalog(options.messages),
    methods: readMethods(options.methods, service),
    webauthn: webauthnAsset(service),
    csrf: csrfOf(readCsrf(options.csrf)),
    tokens: readTokens(options.tokens),
  };
}
