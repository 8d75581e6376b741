import { dirname, join } from 'node:path';
import { Router } from 'express';
import type { Authenticator } from 'passport';
import type { PasskeyStrategy } from 'passport-two-factor';
import { sendPage, tell } from '../page.js';
import { backupCodesView } from '../views.js';

/** The browser's side, as `@simplewebauthn/browser` is built for a `<script>`. */
const bundle = join(dirname(require.resolve('@simplewebauthn/browser')), '../dist/bundle/index.umd.min.js');

/** Passkeys: what the browser is asked comes as JSON, what it answers goes with a form. `public/passkeys.js` stands between. */
export function passkeyPages({
  passkey,
  passport,
}: {
  passkey: PasskeyStrategy;
  passport: Pick<Authenticator, 'authenticate'>;
}): Router {
  const pages = Router();

  pages.get('/webauthn.js', (_req, res) => {
    res.sendFile(bundle);
  });

  pages.post('/account/passkey', async (req, res) => {
    res.json(await req.auth.twoFactor.setup.passkey());
  });
  pages.post('/account/confirm/passkey', async (req, res) => {
    const backupCodes = await req.auth.twoFactor.complete.passkey(req.body?.response);
    if (backupCodes.length > 0) {
      sendPage(req, res, 'Your backup codes', backupCodesView(backupCodes));
      return;
    }
    tell(req, 'Set up.');
    res.redirect('/account');
  });

  pages.post(['/second-factor/passkey', '/step-up/passkey'], async (req, res) => {
    res.json(await req.auth.twoFactor.challenge.passkey());
  });

  pages.post('/sign-in/passkey/options', async (req, res) => {
    res.json(await passkey.begin(req));
  });
  pages.post(
    '/sign-in/passkey',
    passport.authenticate('passkey', {
      successReturnToOrRedirect: '/account',
      failureRedirect: '/sign-in',
      failureMessage: true,
    }),
  );

  return pages;
}
