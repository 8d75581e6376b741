import type { Request, Response } from 'express';
import { TooManyAttemptsError, type TwoFactorError } from 'passport-two-factor';
import { script, style } from '../assets/assets.js';
import { duration, knownLocale, translator, type MessageKey } from '../messages/index.js';
import type { RouterSettings } from '../options.js';
import { authOf, bodyOf, saveSession, sessionOf } from '../request.js';
import { firstLocalPath } from '../return-to.js';
import { layout } from './layout.js';
import type { PageData, PageFrame, PageName, PageView } from './page-types.js';
import { views } from './views/index.js';

/** Where the app has set no policy: nothing but what the router serves itself, and no other site's page around it. */
const contentSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' https:; img-src 'self' data:; " +
  "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** The script of the pages asks the JSON API what a passkey is to sign. */
const withPasskeys = `${contentSecurityPolicy}; connect-src 'self'`;

/** Sends the router's pages, or those that the app has put in their place. */
export class Pages {
  constructor(private readonly settings: RouterSettings) {}

  /** The answers to one request. */
  at(req: Request, res: Response): PageAnswer {
    return new PageAnswer(this.settings, req, res);
  }
}

/** The answers to one request, of which it gets one. */
class PageAnswer {
  constructor(
    private readonly settings: RouterSettings,
    private readonly req: Request,
    private readonly res: Response,
  ) {}

  async send<N extends PageName>(
    name: N,
    data: PageData[N],
    { error, status = error?.status ?? 200 }: { error?: PageFrame['error']; status?: number } = {},
  ): Promise<void> {
    const view = { ...this.frame(), ...data, ...(error && { error }) } as PageView<N>;
    const render: (view: PageView<N>) => string = views[name];
    const replaced = this.settings.pages?.[name];
    const document = replaced ? await replaced(view, render) : render(view);
    if (!replaced && !this.res.get('Content-Security-Policy'))
      this.res.set('Content-Security-Policy', this.settings.webauthn ? withPasskeys : contentSecurityPolicy);
    if (!this.res.get('X-Frame-Options')) this.res.set('X-Frame-Options', 'DENY');
    if (error instanceof TooManyAttemptsError) this.res.set('Retry-After', String(error.retryAfter));
    this.res.status(status).type('html').send(document);
  }

  /** Says something that the user can do nothing about on the page that was asked for. */
  say(
    status: number,
    what: 'expired' | 'over' | 'stale' | 'again' | 'unreadable' | 'missing',
    href: string,
  ): Promise<void> {
    const { t } = this.frame();
    const link = t(href === this.settings.loginPath ? 'message.logIn' : 'message.back');
    return this.send('message', { title: t(`${what}.title`), text: t(`${what}.text`), link, href }, { status });
  }

  /** Says why something was refused, where no form is there to say it on. */
  tell(error: TwoFactorError, href: string): Promise<void> {
    const { t } = this.frame();
    return this.send('message', { title: t('unreadable.title'), text: '', link: t('message.back'), href }, { error });
  }

  /** Why a login could not go on: for some seconds there are no more codes, or the code could not be sent. */
  async unavailable(retryAfter: number | undefined): Promise<void> {
    const { t, duration: inWords } = this.frame();
    const text =
      retryAfter === undefined
        ? t('unavailable.DELIVERY_FAILED')
        : t('unavailable.TOO_MANY_ATTEMPTS', { time: inWords(retryAfter) });
    if (retryAfter !== undefined) this.res.set('Retry-After', String(retryAfter));
    await this.send(
      'message',
      {
        title: t('unavailable.title'),
        text,
        link: t('message.logIn'),
        href: this.settings.loginPath,
      },
      { status: retryAfter === undefined ? 502 : 429 },
    );
  }

  /** Goes to another page of the router, so that a reload repeats nothing. */
  async redirect(path: string, notice?: MessageKey): Promise<void> {
    const session = sessionOf(this.req);
    if (notice !== undefined && session) {
      session.twoFactorNotice = notice;
      await saveSession(this.req);
    }
    this.res.redirect(303, firstLocalPath([`${this.req.baseUrl}${path}`], '/'));
  }

  /**
   * Goes on to where the user was going. For a browser that is a page, which moves on at once and without a script: a
   * redirect would still belong to the form, whose `form-action 'self'` then keeps the browser from following the
   * path's own redirects to other sites (an app that is an OAuth provider), and the code would be spent for nothing.
   */
  async leave(path: string): Promise<void> {
    if (path.startsWith(`${this.req.baseUrl}/`) || !isNavigation(this.req)) {
      this.res.redirect(303, path);
      return;
    }
    const { t } = this.frame();
    this.res.set('Refresh', `0; url=${path.replace(/[^\x21-\x7e]/gu, encodeURIComponent)}`);
    await this.send('message', {
      title: t('done.title'),
      text: t('done.text'),
      link: t('backup.continue'),
      href: path,
    });
  }

  get t(): PageFrame['t'] {
    return translator(this.settings.messages, this.locale());
  }

  private frame(): PageFrame {
    const { req } = this;
    const { service, stylesheet, messages, loginPath, csrf, webauthn } = this.settings;
    const auth = authOf(req);
    const base = req.baseUrl;
    const locale = this.locale();
    const notice = takeNotice(req);
    const scripts = [...(webauthn ? [webauthn] : []), script].map(({ path }) => `${base}${path}`);
    const stylesheets = [`${base}${style.path}`, ...(stylesheet === undefined ? [] : [stylesheet])];
    return {
      locale,
      base,
      loginPath,
      t: translator(messages, locale),
      duration: (seconds) => duration(locale, seconds),
      site: service.issuer,
      // Nobody who is not known yet needs one, nor a session for it.
      csrfToken: (auth.pending ?? auth.isLoggedIn()) ? (csrf.token(req) ?? '') : '',
      csrfField: csrf.field,
      returnTo: firstLocalPath([bodyOf(req).returnTo, req.query.returnTo], ''),
      ...(notice !== undefined && { notice }),
      layout: (title, body) => layout({ locale, site: service.issuer, stylesheets, scripts }, title, body),
    };
  }

  private locale(): string {
    const { req } = this;
    const { locale, messages } = this.settings;
    const wanted = typeof locale === 'function' ? locale(req) : (locale ?? req.acceptsLanguages([...messages.keys()]));
    return knownLocale(messages, wanted);
  }
}

/**
 * A form that a browser has sent, and no script: of old browsers, and where there is no TLS, the second header tells.
 */
const isNavigation = (req: Request): boolean =>
  (req.get('sec-fetch-mode') ?? (req.get('upgrade-insecure-requests') === '1' ? 'navigate' : '')) === 'navigate';

function takeNotice(req: Request): MessageKey | undefined {
  const session = sessionOf(req);
  const notice = session?.twoFactorNotice;
  if (session && notice !== undefined) delete session.twoFactorNotice;
  return notice as MessageKey | undefined;
}
