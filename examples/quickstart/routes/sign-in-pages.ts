import { Router } from 'express';
import type { Authenticator } from 'passport';
import type { Accounts } from '../accounts.js';
import { sendPage, tell } from '../page.js';
import { signInView, signUpView, welcomeView } from '../views.js';

/** Sign-up, the first factor, and the way out. */
export function signInPages({
  accounts,
  passport,
}: {
  accounts: Accounts;
  passport: Pick<Authenticator, 'authenticate'>;
}): Router {
  const pages = Router();

  pages.get('/', (req, res) => {
    if (req.auth.isLoggedIn()) res.redirect('/account');
    else sendPage(req, res, 'Welcome', welcomeView());
  });

  pages.get('/sign-up', (req, res) => {
    sendPage(req, res, 'Sign up', signUpView());
  });

  pages.post('/sign-up', async (req, res) => {
    const account = await accounts.create(req.body?.email, req.body?.password);
    if (typeof account === 'string') {
      tell(req, account);
      res.redirect('/sign-up');
      return;
    }
    // Not `req.logIn`: whatever logs somebody in goes through the second factor.
    await req.auth.loginAs(account, { via: 'sign-up' });
    res.redirect('/account');
  });

  pages.get('/sign-in', (req, res) => {
    sendPage(req, res, 'Sign in', signInView());
  });

  // A halted login ends in the error handler of the pages, which sends the codes and goes on to /second-factor.
  pages.post(
    '/sign-in',
    passport.authenticate('local', {
      successReturnToOrRedirect: '/account',
      failureRedirect: '/sign-in',
      failureMessage: true,
      remember: (req) => req.body.remember === 'on',
    }),
  );

  pages.post('/sign-out', async (req, res) => {
    await req.auth.logout();
    tell(req, 'You are signed out.');
    res.redirect('/');
  });

  return pages;
}
