import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { html, type Html } from './html.js';

/** What stands on every page; an app sets it as `app.locals.site`. */
export interface Site {
  readonly name: string;
  readonly links: readonly { readonly href: string; readonly text: string }[];
  readonly scripts?: readonly string[];
}

// Where passport's `failureMessage` puts its messages too.
interface Messages {
  messages?: string[];
}

/** Keeps a sentence for the next page that this browser gets. */
export function tell(req: Request, message: string): void {
  const session = req.session as Messages;
  session.messages = [...(session.messages ?? []), message];
}

function takeMessages(req: Request): string[] {
  const session = req.session as Messages;
  const { messages = [] } = session;
  delete session.messages;
  return messages;
}

export function sendPage(req: Request, res: Response, title: string, body: Html, status = 200): void {
  const site = req.app.locals.site as Site;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – ${site.name}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
${(site.scripts ?? []).map((src) => html`<script src="${src}" defer></script>\n`)}</head>
<body>
<header>
<a class="home" href="/">${site.name}</a>
<nav>${site.links.map(({ href, text }) => html`<a href="${href}">${text}</a> `)}</nav>
</header>
<main>
<h1>${title}</h1>
${takeMessages(req).map((message) => html`<p class="message" role="status">${message}</p>\n`)}${body}
</main>
</body>
</html>
`;
  res.status(status).type('html').send(page.markup);
}

/** For every answer: pages and JSON hold secrets that no cache may keep, and no other site may frame or feed them. */
export const safeHeaders: RequestHandler = (_req, res, next) => {
  res.set({
    'Cache-Control': 'no-store',
    'Content-Security-Policy':
      "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; " +
      "base-uri 'none'; frame-ancestors 'none'",
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
  });
  next();
};

/**
 * With the session cookie's `SameSite`, this keeps other sites from posting forms in a user's name or logging one in. Old
 * browsers, and all of them where there is no TLS, tell the site by `Origin` alone.
 */
export const refuseOtherSites: RequestHandler = (req, res, next) => {
  const origin = req.get('Origin');
  const own = origin === undefined || origin.endsWith(`://${req.get('Host') ?? ''}`);
  const from = req.get('Sec-Fetch-Site') ?? (own ? 'none' : 'cross-site');
  if (['GET', 'HEAD', 'OPTIONS'].includes(req.method) || from === 'same-origin' || from === 'none') next();
  else res.status(403).type('text').send('This form belongs to another site.\n');
};

export const notFound: RequestHandler = (req, res) => {
  sendPage(req, res, 'Not found', html`<p>There is no such page.</p>`, 404);
};

/** The end of the line: what is wrong with the server is for its log. */
export const failed: ErrorRequestHandler = (error: Error & { status?: number }, req, res, next) => {
  if (res.headersSent) {
    next(error);
    return;
  }
  const status = error.status !== undefined && error.status < 500 ? error.status : 500;
  const message = status === 500 ? 'The server failed.' : 'The request could not be read.';
  if (status === 500) console.error(error);
  if (req.is('json')) res.status(status).json({ error: message });
  else sendPage(req, res, 'That did not work', html`<p>${message}</p>`, status);
};
