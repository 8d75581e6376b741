import { Router } from 'express';
import {
  InvalidInputError,
  secondFactorErrorHandler,
  SecondFactorRequiredError,
  TwoFactorError,
} from 'passport-two-factor';
import type { Accounts } from '../accounts.js';
import type { Outbox } from '../outbox.js';
import { bodyOf, verifyBy } from './api-input.js';

/** Sign-up, login and its second step for JSON clients. */
export function loginApi({ accounts, outbox }: { accounts: Accounts; outbox: Outbox }): Router {
  const api = Router();

  api.post('/signup', async (req, res) => {
    const { email, password } = bodyOf(req);
    const account = await accounts.create(email, password);
    if (typeof account === 'string') {
      res.status(400).json({ error: account });
      return;
    }
    await req.auth.loginAs(account, { via: 'sign-up' });
    res.status(201).json({ success: true });
  });

  api.post('/login', async (req, res) => {
    const { email, password, remember } = bodyOf(req);
    try {
      await req.auth.login(email, password, remember);
      res.json({ success: true });
    } catch (error) {
      if (error instanceof SecondFactorRequiredError) {
        const { totp, email: byEmail, sms } = error.availableMethods;
        outbox.send('email', byEmail);
        outbox.send('sms', sms);
        res.status(202).json({
          requiresTwoFactor: true,
          methods: { totp: !!totp, email: byEmail?.maskedContact, sms: sms?.maskedContact },
        });
        return;
      }
      // Anything else is a fault of the server, and its message none of the client's business.
      if (!(error instanceof TwoFactorError)) throw error;
      res.status(error.status).json({ error: error.message });
    }
  });

  api.post('/verify-2fa', async (req, res) => {
    await verifyBy(req);
    await req.auth.completeTwoFactorLogin();
    res.json({ success: true });
  });

  // Another code for the pending login; for a user who is logged in, one to verify again with.
  api.post('/2fa/challenge', async (req, res) => {
    const method: unknown = bodyOf(req).method;
    if (method !== 'email' && method !== 'sms') throw new InvalidInputError('method', '"email" or "sms"');
    const sent = await req.auth.twoFactor.challenge[method]();
    outbox.send(method, sent);
    const { maskedContact, expiresAt } = sent;
    res.json({ maskedContact, expiresAt });
  });

  api.post('/logout', async (req, res) => {
    await req.auth.logout();
    res.json({ success: true });
  });

  api.use(secondFactorErrorHandler({ status: 202 }));
  return api;
}
