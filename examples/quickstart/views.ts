import { TwoFactorMechanism, type Authenticator, type PublicMethods } from 'passport-two-factor';
import { html, type Html } from './html.js';
import type { Message } from './outbox.js';

const codeField = html`<input name="code" required autofocus autocomplete="one-time-code" inputmode="numeric" pattern="[0-9 \\-]*" maxlength="12" aria-label="Code">`;

/** Easier to type; the spaces and dashes are ignored when it is read back. */
const grouped = (text: string, between: string): string => text.replace(/.{4}(?=.{4})/g, `$&${between}`);

/** Shown by `public/passkeys.js` where the browser has passkeys. */
const passkeyForm = (kind: 'create' | 'get', action: string, options: string, button: string): Html => html`
<form method="post" action="${action}" data-passkey="${kind}" data-options="${options}" hidden>
<input type="hidden" name="method" value="passkey"><input type="hidden" name="response">
<button class="plain">${button}</button> <span class="hint" role="alert" hidden>That did not work, or it was canceled.</span>
</form>`;

export const welcomeView = (): Html => html`
<p>A small app with passwords, and a second factor on top: an authenticator app, passkeys, codes by e-mail and text message, and backup codes.</p>
<p class="actions"><a class="button" href="/sign-up">Sign up</a> <a class="button plain" href="/sign-in">Sign in</a></p>
<p class="hint">Nothing is really sent: e-mails and text messages wait in the <a href="/outbox">outbox</a>.</p>`;

export const signUpView = (): Html => html`
<form method="post" action="/sign-up">
<label>E-mail address <input name="email" type="email" required autofocus autocomplete="username" maxlength="191"></label>
<label>Password <input name="password" type="password" required minlength="8" maxlength="200" autocomplete="new-password"></label>
<button>Sign up</button>
</form>
<p class="hint">You have an account? <a href="/sign-in">Sign in</a>.</p>`;

export const signInView = (): Html => html`
<form method="post" action="/sign-in">
<label>E-mail address <input name="email" type="email" required autofocus autocomplete="username"></label>
<label>Password <input name="password" type="password" required autocomplete="current-password"></label>
<label class="check"><input name="remember" type="checkbox"> Keep me signed in for 30 days</label>
<button>Sign in</button>
</form>
${passkeyForm('get', '/sign-in/passkey', '/sign-in/passkey/options', 'Sign in with a passkey')}
<p class="hint">No account yet? <a href="/sign-up">Sign up</a>.</p>`;

/** The second factor, at a login (`/second-factor`) and again later (`/step-up`). One field takes a code of any method. */
export function codeView(action: string, { totp, email, sms, passkey, backupCode }: PublicMethods): Html {
  const sources = [
    totp && 'your authenticator app',
    email && `an e-mail to ${email}`,
    sms && `a text message to ${sms}`,
  ];
  const coded = sources.filter((source) => typeof source === 'string');
  const sendButton = (method: string, label: string): Html => html`
<form method="post" action="${action}/send"><input type="hidden" name="method" value="${method}"><button class="plain">${label}</button></form>`;
  return html`
${
  coded.length > 0 &&
  html`
<p>Enter the code from ${coded.join(' or ')}.</p>
<form method="post" action="${action}" class="row">${codeField}<button>Continue</button></form>`
}
${passkey && passkeyForm('get', action, `${action}/passkey`, 'Use your passkey')}
<div class="actions">${email !== undefined && sendButton('email', 'Send an e-mail')}${sms !== undefined && sendButton('sms', 'Send a text message')}</div>
${
  backupCode &&
  html`
<details${coded.length === 0 && html` open`}>
<summary>Use a backup code</summary>
<form method="post" action="${action}" class="row">
<input type="hidden" name="method" value="backup_code">
<input name="code" required autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="20" aria-label="Backup code">
<button>Continue</button>
</form>
</details>`
}`;
}

export const passwordView = (): Html => html`
<p>Enter your password again to go on.</p>
<form method="post" action="/step-up/password">
<label>Password <input name="password" type="password" required autofocus autocomplete="current-password"></label>
<button>Continue</button>
</form>`;

const names = {
  [TwoFactorMechanism.TOTP]: 'Authenticator app',
  [TwoFactorMechanism.EMAIL]: 'E-mail',
  [TwoFactorMechanism.SMS]: 'Text message',
  [TwoFactorMechanism.PASSKEY]: 'Passkey',
};

interface AccountDetails {
  readonly email: string;
  readonly authenticators: readonly Authenticator[];
  readonly backupCodes: number;
}

export const accountView = ({ email, authenticators, backupCodes }: AccountDetails): Html => html`
<p>Signed in as <b>${email}</b>.</p>
<h2>Second factor</h2>
${authenticators.length === 0 && html`<p>Not set up: your password alone opens this account.</p>`}
<ul class="list">${authenticators.map(
  ({ id, mechanism, label }) => html`
<li><span><b>${names[mechanism]}</b> <span>${label}</span></span>
<form method="post" action="/account/remove"><input type="hidden" name="id" value="${id}"><button class="plain">Remove</button></form></li>`,
)}
</ul>
${
  authenticators.length > 0 &&
  html`
<form method="post" action="/account/backup-codes" class="spread"><span>${backupCodes} backup codes left</span><button class="plain">Make new ones</button></form>`
}
<h2>Add a method</h2>
<form method="post" action="/account/totp" class="row">
<label>Authenticator app <input name="label" required maxlength="64" value="My phone" autocomplete="off"></label><button>Set up</button>
</form>
<form method="post" action="/account/email" class="row">
<label>E-mail <small>(empty: your own)</small> <input name="address" type="email" placeholder="${email}" autocomplete="email"></label><button>Set up</button>
</form>
<form method="post" action="/account/sms" class="row">
<label>Text message <input name="phone" type="tel" required placeholder="+15551234567" autocomplete="tel"></label><button>Set up</button>
</form>
${passkeyForm('create', '/account/confirm/passkey', '/account/passkey', 'Set up a passkey')}
<form method="post" action="/sign-out" class="apart"><button class="plain">Sign out</button></form>`;

export const totpView = (secret: string, qrCode: string, action = '/account/confirm/totp'): Html => html`
<ol>
<li>Scan this with your authenticator app:<br><img class="qr" src="${qrCode}" alt="QR code for your authenticator app"></li>
<li>Or type the key by hand:<br><code class="key" id="secret">${grouped(secret, ' ')}</code></li>
<li>Enter the code that the app shows:
<form method="post" action="${action}" class="row">${codeField}<button>Confirm</button></form></li>
</ol>
<p class="hint">The picture and the key are shown this once.</p>`;

const sources = {
  totp: 'that your authenticator app shows',
  email: 'that was sent by e-mail',
  sms: 'that was sent as a text message',
};

export const confirmView = (mechanism: keyof typeof sources): Html => html`
<p>Enter the code ${sources[mechanism]}.</p>
<form method="post" action="/account/confirm/${mechanism}" class="row">${codeField}<button>Confirm</button></form>
<p class="hint"><a href="/account">Begin again</a></p>`;

export const backupCodesView = (codes: readonly string[], next = '/account'): Html => html`
<p>Each opens your account once when your other method is out of reach. Keep them somewhere safe: they are shown this once.</p>
<ul class="codes">${codes.map((code) => html`<li><code>${grouped(code, '-')}</code></li>`)}</ul>
<p class="actions"><a class="button" href="${next}">I have kept them</a></p>`;

export const vaultView = (): Html => html`
<p>Your session has a second factor that is less than a minute old. Come back in a minute and you will be asked again.</p>`;

export const outboxView = (messages: readonly Message[]): Html => html`
<p class="hint">What this demo would have sent, newest first. A real app has no such page.</p>
${messages.length === 0 && html`<p>Nothing yet.</p>`}
${messages.map(
  ({ by, to, text, at }) => html`
<article><p class="hint">${by === 'email' ? 'E-mail' : 'Text message'} to <span>${to}</span>, ${at.toLocaleTimeString('en-GB')}</p><p>${text}</p></article>`,
)}`;
