import { Router, type Request } from 'express';
import type { Authenticator } from 'passport';
import { TwoFactorMechanism, type PublicMethods } from 'passport-two-factor';
import type { Outbox } from '../outbox.js';
import { sendPage, tell } from '../page.js';
import { codeView, passwordView } from '../views.js';

/** The second step of a login, and the same again for a user who is logged in and opens or changes something delicate. */
export function secondFactorPages({
  outbox,
  passport,
}: {
  outbox: Outbox;
  passport: Pick<Authenticator, 'authenticate'>;
}): Router {
  const pages = Router();

  pages.get('/second-factor', (req, res) => {
    const { pending } = req.auth;
    if (pending) sendPage(req, res, 'One more step', codeView('/second-factor', pending.methods));
    else res.redirect(req.auth.isLoggedIn() ? '/step-up' : '/sign-in');
  });

  pages.get('/step-up', async (req, res) => {
    if (!req.auth.isLoggedIn()) {
      res.redirect('/second-factor');
      return;
    }
    const methods = await methodsOf(req);
    sendPage(req, res, 'Confirm that it is you', methods ? codeView('/step-up', methods) : passwordView());
  });

  pages.post(
    ['/second-factor', '/step-up'],
    passport.authenticate('two-factor', { successReturnToOrRedirect: '/account' }),
  );

  pages.post('/step-up/password', async (req, res) => {
    await req.auth.reauthenticate(req.body?.password);
    res.redirect('/account');
  });

  pages.post(['/second-factor/send', '/step-up/send'], async (req, res) => {
    const by = req.body?.method === 'sms' ? 'sms' : 'email';
    const sent = await req.auth.twoFactor.challenge[by]();
    outbox.send(by, sent);
    tell(req, `A code is on its way to ${sent.maskedContact}.`);
    res.redirect(req.path.startsWith('/step-up') ? '/step-up' : '/second-factor');
  });

  return pages;
}

/** What the user who is logged in can verify with; undefined for one without a second factor. */
async function methodsOf(req: Request): Promise<PublicMethods | undefined> {
  const authenticators = await req.auth.twoFactor.list();
  if (authenticators.length === 0) return undefined;
  const newest = (mechanism: TwoFactorMechanism) =>
    authenticators.findLast((authenticator) => authenticator.mechanism === mechanism);
  const email = newest(TwoFactorMechanism.EMAIL)?.maskedContact;
  const sms = newest(TwoFactorMechanism.SMS)?.maskedContact;
  return {
    ...(newest(TwoFactorMechanism.TOTP) && { totp: true as const }),
    ...(newest(TwoFactorMechanism.PASSKEY) && { passkey: true as const }),
    ...(email !== undefined && { email }),
    ...(sms !== undefined && { sms }),
    ...((await req.auth.twoFactor.remainingBackupCodes()) > 0 && { backupCode: true as const }),
  };
}
