import { Router, type Request, type Response } from 'express';
import type { Authenticator } from 'passport';
import { html, type Html } from 'passport-two-factor/router';
import type { Outbox } from 'passport-two-factor/testing';
import type { Accounts } from '../quickstart/accounts.js';
import type { Account } from '../quickstart/database.js';

/** The app's pages look like the router's, by the same stylesheet. */
function send(res: Response, title: string, body: Html, status = 200): void {
  res
    .status(status)
    .type('html')
    .set('Cache-Control', 'no-store')
    .send(
      html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – MyApp</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/2fa/two-factor.css">
</head>
<body>
<main class="tf">
<p class="tf-site">MyApp</p>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`.markup,
    );
}

const notice = (text: unknown): Html | false =>
  typeof text === 'string' && html`<p class="tf-error" role="alert">${text}</p>`;

/** What the router's script makes a login by a passkey of, where the browser has one. */
const passkey = html`
<p class="tf-actions">
<button type="button" class="tf-button tf-plain" data-passkey-login="/2fa" hidden>Log in with a passkey</button></p>
<p class="tf-error" role="alert" data-passkey-failed hidden>That did not work, or it was canceled.</p>
<script src="/2fa/webauthn.js" defer></script>
<script src="/2fa/two-factor.js" defer></script>`;

const credentials = (action: string, button: string): Html => html`
<form method="post" action="${action}">
<label for="email">E-mail address</label>
<input id="email" name="email" type="email" autocomplete="username webauthn" data-passkey-login="/2fa" required>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" minlength="8" required>
<button class="tf-button">${button}</button>
</form>`;

/** Passport keeps the reason of a failed login here. */
function takeMessage(req: Request): string | undefined {
  const kept = req.session as { messages?: string[] };
  const message = kept.messages?.at(-1);
  delete kept.messages;
  return message;
}

/** What this app had before it got a second factor: sign-up, login, an account, something to guard. */
export function pages({
  accounts,
  passport,
  outbox,
}: {
  accounts: Accounts;
  passport: Pick<Authenticator, 'authenticate'>;
  outbox: Outbox;
}): Router {
  const routes = Router();

  routes.get('/', (_req, res) => {
    send(
      res,
      'Welcome',
      html`
<p class="tf-actions"><a class="tf-button" href="/signup">Sign up</a> <a class="tf-button tf-plain" href="/login">Log in</a></p>
<p class="tf-links"><a href="/outbox">Outbox</a></p>`,
    );
  });

  routes.get('/signup', (_req, res) => {
    send(res, 'Sign up', credentials('/signup', 'Sign up'));
  });
  routes.post('/signup', async (req, res) => {
    const { email, password } = req.body as { email?: unknown; password?: unknown };
    const account = await accounts.create(email, password);
    if (typeof account === 'string')
      send(res, 'Sign up', html`${notice(account)}${credentials('/signup', 'Sign up')}`, 400);
    else res.redirect(303, '/login');
  });

  routes.get('/login', (req, res) => {
    send(res, 'Log in', html`${notice(takeMessage(req))}${credentials('/login', 'Log in')}${passkey}`);
  });
  routes.post(
    '/login',
    passport.authenticate('local', {
      successReturnToOrRedirect: '/account',
      failureRedirect: '/login',
      failureMessage: true,
    }),
  );
  routes.post('/logout', (req, res, next) => {
    req.logout((error: unknown) => {
      if (error) next(error);
      else res.redirect(303, '/');
    });
  });

  routes.get('/account', (req, res) => {
    if (!req.user) {
      res.redirect('/login');
      return;
    }
    send(
      res,
      'Your account',
      html`
<p>You are logged in as <strong>${(req.user as Account).email}</strong>.</p>
<p class="tf-actions"><a class="tf-button" href="/2fa">Two-step login</a> <a class="tf-button tf-plain" href="/vault">Vault</a></p>
<form method="post" action="/logout"><button class="tf-button tf-plain">Log out</button></form>
<p class="tf-links"><a href="/outbox">Outbox</a></p>`,
    );
  });

  routes.get('/vault', (_req, res) => {
    send(
      res,
      'Vault',
      html`<p>Only who has given a second factor in the last minute gets here.</p>
<p class="tf-links"><a href="/account">Back</a></p>`,
    );
  });

  // Development only: it shows everybody's codes to anybody.
  routes.get('/outbox', (_req, res) => {
    send(
      res,
      'Outbox',
      html`
<p>What this demo would have sent, newest first.</p>
<ul class="tf-list">${outbox.messages.toReversed().map(({ to, code }) => html`<li>${to}: <code>${code}</code></li>`)}</ul>
<p class="tf-links"><a href="/account">Account</a></p>`,
    );
  });
  return routes;
}
