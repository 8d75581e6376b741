import { Router, type RequestHandler } from 'express';
import {
  EnrollmentRequiredError,
  requireSecondFactor,
  StepUpRequiredError,
  type TwoFactorService,
} from 'passport-two-factor';
import type { Account } from '../database.js';
import { sendPage, tell } from '../page.js';
import { accountView, backupCodesView, vaultView } from '../views.js';

const requireLogin: RequestHandler = (req, res, next) => {
  if (req.auth.isLoggedIn()) next();
  else res.redirect(req.auth.pending ? '/second-factor' : '/sign-in');
};

/** What a user has enrolled, and a page behind the second factor. */
export function accountPages({ service }: { service: TwoFactorService }): Router {
  const pages = Router();

  pages.get('/account', requireLogin, async (req, res) => {
    const { twoFactor } = req.auth;
    const { email } = req.user as Account;
    sendPage(
      req,
      res,
      'Your account',
      accountView({
        email,
        authenticators: await twoFactor.list(),
        backupCodes: await twoFactor.remainingBackupCodes(),
      }),
    );
  });

  pages.post('/account/remove', async (req, res) => {
    await req.auth.twoFactor.remove(req.body?.id);
    tell(req, 'Removed.');
    res.redirect('/account');
  });

  // Answered without a redirect: the codes are nowhere but on this one page.
  pages.post('/account/backup-codes', async (req, res) => {
    const backupCodes = await req.auth.twoFactor.generateNewBackupCodes();
    sendPage(req, res, 'Your backup codes', backupCodesView(backupCodes));
  });

  pages.get(
    '/vault',
    requireSecondFactor({
      service,
      maxAge: '1m',
      redirect: (error, req) => {
        if (error instanceof StepUpRequiredError) return '/step-up';
        if (!(error instanceof EnrollmentRequiredError)) return '/second-factor';
        tell(req, 'The vault opens for a second factor only. Set one up first.');
        return '/account';
      },
    }),
    (req, res) => {
      sendPage(req, res, 'The vault', vaultView());
    },
  );

  return pages;
}
