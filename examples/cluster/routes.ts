import { Router } from 'express';
import type { Authenticator } from 'passport';
import { requireSecondFactor, UserNotLoggedInError, type TwoFactorService } from 'passport-two-factor';
import type { Accounts } from '../quickstart/accounts.js';
import type { Account } from '../quickstart/database.js';
import { bodyOf } from '../quickstart/routes/api-input.js';
import type { SharedOutbox } from './outbox.js';

interface Parts {
  readonly accounts: Accounts;
  readonly outbox: SharedOutbox;
  readonly passport: Pick<Authenticator, 'authenticate'>;
  readonly service: TwoFactorService;
}

export function routes({ accounts, outbox, passport, service }: Parts): Router {
  const api = Router();
  const worker = process.pid;

  api.post('/signup', async (req, res) => {
    const { email, password } = bodyOf(req);
    const account = await accounts.create(email, password);
    if (typeof account === 'string') {
      res.status(400).json({ error: { code: 'INVALID_INPUT', message: account } });
      return;
    }
    await req.auth.loginAs(account, { via: 'sign-up' });
    res.status(201).json({ email: account.email, worker });
  });
  api.post('/login', passport.authenticate('local', { failWithError: true }), (req, res) => {
    res.json({ email: (req.user as Account).email, worker });
  });
  api.post('/2fa', passport.authenticate('two-factor'), (req, res) => {
    res.json({ email: (req.user as Account).email, worker });
  });
  api.post('/logout', async (req, res) => {
    await req.auth.logout();
    res.json({ email: null, worker });
  });

  api.post('/2fa/totp', async (req, res) => {
    res.json(await req.auth.twoFactor.setup.totp());
  });
  api.post('/2fa/totp/confirm', async (req, res) => {
    res.json({ backupCodes: await req.auth.twoFactor.complete.totp(bodyOf(req).code) });
  });
  // The account's own address: enabled at once.
  api.post('/2fa/email', async (req, res) => {
    res.json(await req.auth.twoFactor.setup.email());
  });
  api.get('/me', (req, res) => {
    if (!req.user) throw new UserNotLoggedInError();
    res.json({ email: (req.user as Account).email, worker });
  });
  api.get('/vault', requireSecondFactor({ service }), (_req, res) => {
    res.json({ secret: 'The key is under the mat.' });
  });

  // Development only: it shows everybody's codes to anybody.
  api.get('/outbox', async (_req, res) => {
    res.json(await outbox.messages());
  });
  return api;
}
