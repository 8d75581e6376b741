import { Router, type ErrorRequestHandler } from 'express';
import type { Authenticator } from 'passport';
import {
  requireSecondFactor,
  TooManyAttemptsError,
  TwoFactorError,
  TwoFactorExpiredError,
  TwoFactorMechanism,
  type TwoFactorService,
} from 'passport-two-factor';
import { sendPage, tell } from '../quickstart/page.js';
import { backupCodesView, codeView, totpView } from '../quickstart/views.js';
import type { Account } from './app.js';
import { homeView, membersView, signInView } from './views.js';

interface Parts {
  readonly service: TwoFactorService;
  readonly passport: Pick<Authenticator, 'authenticate'>;
}

export function pages({ service, passport }: Parts): Router {
  const router = Router();
  const guard = requireSecondFactor({ service });

  router.get('/', (req, res, next) => {
    if (!req.auth.isLoggedIn()) {
      sendPage(req, res, 'Sign in', signInView());
      return;
    }
    // Asked here for what it answers: without an error the session carries the second factor.
    guard(req, res, (refusal?: unknown) => {
      if (refusal === undefined) sendPage(req, res, 'Signed in', homeView(req.user as Account));
      else if (refusal instanceof TwoFactorError)
        sendPage(req, res, 'Signed in', homeView(req.user as Account, refusal));
      else next(refusal);
    });
  });

  // What an app writes: a guard before the routes that need it, and where to go instead.
  router.get(
    '/members',
    requireSecondFactor({
      service,
      redirect: ({ code }) => (code === 'STEP_UP_REQUIRED' ? '/second-factor' : '/'),
    }),
    (req, res) => {
      sendPage(req, res, 'Members', membersView());
    },
  );

  router.get('/second-factor', async (req, res) => {
    const { pending } = req.auth;
    if (pending) sendPage(req, res, 'One more step', codeView('/second-factor', pending.methods));
    else if (await req.auth.twoFactor.isEnabled())
      sendPage(req, res, 'Confirm that it is you', codeView('/second-factor', { totp: true, backupCode: true }));
    else res.redirect('/');
  });

  router.post('/second-factor', passport.authenticate('two-factor', { successReturnToOrRedirect: '/' }));

  router.post('/totp', async (req, res) => {
    const { secret, qrCode } = await req.auth.twoFactor.setup.totp();
    sendPage(req, res, 'Set up your authenticator app', totpView(secret, qrCode, '/totp/confirm'));
  });

  router.post('/totp/confirm', async (req, res) => {
    const backupCodes = await req.auth.twoFactor.complete.totp(req.body?.code);
    sendPage(req, res, 'Your backup codes', backupCodesView(backupCodes, '/'));
  });

  router.post('/totp/remove', async (req, res) => {
    await req.auth.twoFactor.disable(TwoFactorMechanism.TOTP);
    tell(req, 'The authenticator app is removed.');
    res.redirect('/');
  });

  router.post('/sign-out', async (req, res) => {
    await req.auth.logout();
    res.redirect('/');
  });

  const errors: ErrorRequestHandler = (error: unknown, req, res, next) => {
    if (!(error instanceof TwoFactorError)) {
      next(error);
      return;
    }
    tell(
      req,
      error instanceof TooManyAttemptsError
        ? `Too many attempts. Try again in ${error.retryAfter} seconds.`
        : error.message,
    );
    const again = req.path === '/second-factor' && !(error instanceof TwoFactorExpiredError);
    res.redirect(again || error.code === 'STEP_UP_REQUIRED' ? '/second-factor' : '/');
  };
  router.use(errors);
  return router;
}
