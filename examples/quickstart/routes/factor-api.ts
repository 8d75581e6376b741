import { Router } from 'express';
import { secondFactorErrorHandler } from 'passport-two-factor';
import type { Outbox } from '../outbox.js';
import { bodyOf, verifyBy } from './api-input.js';

/** Enrollment and management for JSON clients. POST only where a secret is in the answer. */
export function factorApi({ outbox }: { outbox: Outbox }): Router {
  const api = Router();

  // { "verify": false } enables the method at once, without proof that the user's app has the secret.
  api.post('/2fa/setup-totp', async (req, res) => {
    if (bodyOf(req).verify === false) {
      const { secret, qrCode, backupCodes } = await req.auth.twoFactor.setup.totp(false);
      res.json({ secret, qrCode, backupCodes });
    } else {
      const { secret, qrCode } = await req.auth.twoFactor.setup.totp(true);
      res.json({ secret, qrCode, requiresVerification: true });
    }
  });

  api.post('/2fa/verify-totp-setup', async (req, res) => {
    const backupCodes = await req.auth.twoFactor.complete.totp(bodyOf(req).code);
    res.json({ backupCodes });
  });

  // Without an address it is the account's own, which is enabled at once; another one gets a code first.
  api.post('/2fa/setup-email', async (req, res) => {
    const contact = await req.auth.twoFactor.setup.email(bodyOf(req).address);
    outbox.send('email', contact);
    res.json({ maskedContact: contact.maskedContact, verified: contact.verified });
  });

  api.post('/2fa/verify-email-setup', async (req, res) => {
    const backupCodes = await req.auth.twoFactor.complete.email(bodyOf(req).code);
    res.json({ backupCodes });
  });

  api.post('/2fa/setup-sms', async (req, res) => {
    const contact = await req.auth.twoFactor.setup.sms(bodyOf(req).phone);
    outbox.send('sms', contact);
    res.json({ maskedContact: contact.maskedContact, verified: contact.verified });
  });

  api.post('/2fa/verify-sms-setup', async (req, res) => {
    const backupCodes = await req.auth.twoFactor.complete.sms(bodyOf(req).code);
    res.json({ backupCodes });
  });

  // Methods and mechanisms are the numbers of TwoFactorMechanism: 1 TOTP, 2 e-mail, 3 SMS.
  api.get('/2fa', async (req, res) => {
    const enabled = await req.auth.twoFactor.isEnabled();
    const methods = await req.auth.twoFactor.getEnabledMethods();
    res.json({ enabled, methods });
  });

  api.post('/2fa/disable', async (req, res) => {
    await req.auth.twoFactor.disable(bodyOf(req).mechanism);
    res.json({ success: true });
  });

  api.post('/2fa/backup-codes', async (req, res) => {
    const backupCodes = await req.auth.twoFactor.generateNewBackupCodes();
    res.json({ backupCodes });
  });

  api.post('/2fa/contact', async (req, res) => {
    const contact = await req.auth.twoFactor.getContact(bodyOf(req).mechanism);
    res.json({ contact });
  });

  api.post('/2fa/totp-uri', async (req, res) => {
    const uri = await req.auth.twoFactor.getTotpUri();
    res.json({ uri });
  });

  // After STEP_UP_REQUIRED: a code again, or for a user without a second factor the password.
  api.post('/2fa/verify', async (req, res) => {
    await verifyBy(req);
    res.json({ success: true });
  });

  api.post('/reauthenticate', async (req, res) => {
    await req.auth.reauthenticate(bodyOf(req).password);
    res.json({ success: true });
  });

  api.use(secondFactorErrorHandler());
  return api;
}
