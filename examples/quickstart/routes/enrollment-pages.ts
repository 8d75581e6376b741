import { Router, type Request, type Response } from 'express';
import type { Outbox } from '../outbox.js';
import { sendPage, tell } from '../page.js';
import { backupCodesView, confirmView, totpView } from '../views.js';

const mechanisms = ['totp', 'email', 'sms'] as const;

/** Setting up an authenticator app, an e-mail address or a phone: begin, then confirm with a code. */
export function enrollmentPages({ outbox }: { outbox: Outbox }): Router {
  const pages = Router();

  // Answered without a redirect: the secret is on this one page, and in no URL or session.
  pages.post('/account/totp', async (req, res) => {
    const { secret, qrCode } = await req.auth.twoFactor.setup.totp(true, { label: req.body?.label });
    sendPage(req, res, 'Set up your authenticator app', totpView(secret, qrCode));
  });

  pages.post('/account/email', async (req, res) => {
    // A form sends an empty field for "my own address".
    const address: unknown = req.body?.address;
    const contact = await req.auth.twoFactor.setup.email(address === '' ? undefined : (address as string | undefined));
    outbox.send('email', contact);
    began(req, res, 'email', contact.verified);
  });

  pages.post('/account/sms', async (req, res) => {
    const contact = await req.auth.twoFactor.setup.sms(req.body?.phone);
    outbox.send('sms', contact);
    began(req, res, 'sms', contact.verified);
  });

  for (const mechanism of mechanisms) {
    pages.get(`/account/confirm/${mechanism}`, (req, res) => {
      if (req.auth.isLoggedIn()) sendPage(req, res, 'Enter the code', confirmView(mechanism));
      else res.redirect('/sign-in');
    });

    pages.post(`/account/confirm/${mechanism}`, async (req, res) => {
      const backupCodes = await req.auth.twoFactor.complete[mechanism](req.body?.code);
      if (backupCodes.length > 0) {
        sendPage(req, res, 'Your backup codes', backupCodesView(backupCodes));
        return;
      }
      tell(req, 'Set up.');
      res.redirect('/account');
    });
  }

  return pages;
}

function began(req: Request, res: Response, mechanism: 'email' | 'sms', verified: boolean): void {
  if (verified) tell(req, 'Set up: your own address needs no code.');
  res.redirect(verified ? '/account' : `/account/confirm/${mechanism}`);
}
