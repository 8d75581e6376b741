import type { TwoFactorError } from 'passport-two-factor';
import { html, type Html } from '../quickstart/html.js';
import type { Account } from './app.js';

export const signInView = (): Html => html`
<p>One provider, two ways to sign in with it. They differ once you have set up a second factor:</p>
<p class="actions"><a class="button" href="/auth/trusted">Sign in, trusted</a> <a class="button plain" href="/auth/strict">Sign in, strict</a></p>
<p class="hint"><b>Trusted</b> is exempt: the provider is taken to have asked for a second factor itself. <b>Strict</b> asks for yours.</p>`;

const explained: Record<string, string> = {
  ENROLLMENT_REQUIRED: 'You have not set one up, so every way to sign in lets you through.',
  STEP_UP_REQUIRED: 'This sign-in was exempt, so pages that need the second factor ask for it now.',
};

const post = (action: string, label: string): Html =>
  html`<form method="post" action="${action}"><button class="plain">${label}</button></form>`;

/** @param refusal what `requireSecondFactor` says of this session; undefined where it lets pass */
export const homeView = ({ email }: Account, refusal?: TwoFactorError): Html => html`
<p>Signed in as <b>${email}</b>.</p>
<h2>Second factor in this session: ${refusal ? 'no' : 'yes'}</h2>
${refusal && html`<p>${explained[refusal.code]} <span class="hint">(${refusal.code})</span></p>`}
<p class="actions"><a class="button" href="/members">Open the members' page</a></p>
<div class="actions">
${refusal?.code === 'ENROLLMENT_REQUIRED' ? post('/totp', 'Set up an authenticator app') : post('/totp/remove', 'Remove the authenticator app')}
${post('/sign-out', 'Sign out')}
</div>`;

export const membersView = (): Html => html`
<p>You see this because your session carries the second factor.</p>
<p class="actions"><a class="button" href="/">Back</a></p>`;
