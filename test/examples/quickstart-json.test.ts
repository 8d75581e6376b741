import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browser } from './browser.js';
import { lastCode, outbox, scan, totp, wrongTotp } from './codes.js';
import { start, temporaryFolder, type Running } from './example.js';

const password = 'correct horse';

describe('a JSON client of the quickstart', { timeout: 120_000 }, () => {
  let app: Running;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;

  beforeAll(async () => {
    folder = await temporaryFolder();
    app = await start('quickstart', { DATABASE: join(folder.path, 'demo.sqlite') });
  }, 90_000);
  afterAll(async () => {
    await app.stop();
    await folder.remove();
  });

  async function signUp(email: string): Promise<Browser> {
    const client = new Browser(app.url);
    expect(await client.post('/signup', { email, password })).toEqual({ status: 201, body: { success: true } });
    return client;
  }

  /** Logged out, and halted at the second step of a new login. */
  async function halted(client: Browser, email: string, methods: object): Promise<void> {
    await client.post('/logout');
    expect(await client.post('/login', { email, password })).toEqual({
      status: 202,
      body: { requiresTwoFactor: true, methods },
    });
    expect(await client.get('/2fa')).toEqual({ status: 200, body: { enabled: false, methods: [] } });
    expect((await client.post('/2fa/backup-codes')).status).toBe(401);
  }

  const success = { status: 200, body: { success: true } };

  it('enrolls an authenticator app with verification and logs in by its code', async () => {
    const email = 'totp@example.com';
    const client = await signUp(email);
    const { body: setup } = await client.post('/2fa/setup-totp');
    expect(setup).toEqual({
      secret: expect.stringMatching(/^[A-Z2-7]{32}$/),
      qrCode: expect.any(String),
      requiresVerification: true,
    });
    expect(new URL(scan(setup.qrCode)).searchParams.get('secret')).toBe(setup.secret);
    expect((await client.get('/2fa')).body).toEqual({ enabled: false, methods: [] });
    expect((await client.post('/2fa/verify-totp-setup', { code: wrongTotp(setup.secret) })).body.error.code).toBe(
      'INVALID_CODE',
    );
    const { body } = await client.post('/2fa/verify-totp-setup', { code: totp(setup.secret) });
    expect(new Set(body.backupCodes).size).toBe(10);
    expect((await client.get('/2fa')).body).toEqual({ enabled: true, methods: [1] });

    await halted(client, email, { totp: true });
    expect((await client.post('/verify-2fa', { code: wrongTotp(setup.secret) })).status).toBe(401);
    expect(await client.post('/verify-2fa', { code: totp(setup.secret, 1) })).toEqual(success);
    expect((await client.get('/2fa')).body).toEqual({ enabled: true, methods: [1] });

    await halted(client, email, { totp: true });
    expect(await client.post('/verify-2fa', { method: 'backupCode', code: body.backupCodes[0] })).toEqual(success);
    await halted(client, email, { totp: true });
    expect(
      (await client.post('/verify-2fa', { method: 'backupCode', code: body.backupCodes[0] })).body.error.code,
    ).toBe('INVALID_BACKUP_CODE');
  });

  it('enrolls an authenticator app at once and has its URI again', async () => {
    const email = 'at-once@example.com';
    const client = await signUp(email);
    const { body } = await client.post('/2fa/setup-totp', { verify: false });
    expect(Object.keys(body).sort()).toEqual(['backupCodes', 'qrCode', 'secret']);
    expect(body.backupCodes).toHaveLength(10);
    expect((await client.get('/2fa')).body).toEqual({ enabled: true, methods: [1] });
    const { body: again } = await client.post('/2fa/totp-uri');
    expect(again.uri).toBe(scan(body.qrCode));
    await halted(client, email, { totp: true });
    expect(await client.post('/verify-2fa', { code: totp(body.secret) })).toEqual(success);
  });

  it('logs in by an e-mailed code, to the own address and to another one', async () => {
    const email = 'jane@example.com';
    const client = await signUp(email);
    expect((await client.post('/2fa/setup-email')).body).toEqual({ maskedContact: 'j***@example.com', verified: true });
    expect(await outbox(app.url)).toEqual([]);
    await halted(client, email, { totp: false, email: 'j***@example.com' });
    expect(await client.post('/verify-2fa', { method: 'email', code: await lastCode(app.url, email) })).toEqual(
      success,
    );

    const other = 'alternate@example.com';
    expect((await client.post('/2fa/setup-email', { address: other })).body).toEqual({
      maskedContact: 'a***@example.com',
      verified: false,
    });
    const { body } = await client.post('/2fa/verify-email-setup', { code: await lastCode(app.url, other) });
    expect(body.backupCodes).toHaveLength(10);
    expect((await client.post('/2fa/contact', { mechanism: 2 })).body).toEqual({ contact: other });
    await halted(client, email, { totp: false, email: 'a***@example.com' });
    expect(await client.post('/verify-2fa', { method: 'otp', code: await lastCode(app.url, other) })).toEqual(success);
  });

  it('logs in by a texted code and turns the method off again', async () => {
    const email = 'sms@example.com';
    const phone = '+15551234567';
    const client = await signUp(email);
    expect((await client.post('/2fa/setup-sms', { phone })).body).toEqual({
      maskedContact: '+1•••••••67',
      verified: false,
    });
    expect(
      (await client.post('/2fa/verify-sms-setup', { code: await lastCode(app.url, phone) })).body.backupCodes,
    ).toHaveLength(10);
    await halted(client, email, { totp: false, sms: '+1•••••••67' });
    expect((await client.post('/2fa/challenge', { method: 'sms' })).body.error.code).toBe('TOO_MANY_ATTEMPTS');
    expect(await client.post('/verify-2fa', { method: 'sms', code: await lastCode(app.url, phone) })).toEqual(success);
    expect(await client.post('/2fa/disable', { mechanism: 3 })).toEqual(success);
    expect((await client.get('/2fa')).body).toEqual({ enabled: false, methods: [] });
    await client.post('/logout');
    expect(await client.post('/login', { email, password })).toEqual(success);
  });

  it('replaces the backup codes', async () => {
    const email = 'codes@example.com';
    const client = await signUp(email);
    const { body: first } = await client.post('/2fa/setup-totp', { verify: false });
    const { body: second } = await client.post('/2fa/backup-codes');
    expect(second.backupCodes).toHaveLength(10);
    await halted(client, email, { totp: true });
    expect((await client.post('/verify-2fa', { method: 'backupCode', code: first.backupCodes[0] })).status).toBe(401);
    expect(await client.post('/verify-2fa', { method: 'backupCode', code: second.backupCodes[0] })).toEqual(success);
  });

  it('asks a session that lost its standing for a code, and one without a second factor for the password', async () => {
    const email = 'two-browsers@example.com';
    const first = await signUp(email);
    const second = new Browser(app.url);
    expect(await second.post('/login', { email, password })).toEqual(success);
    await first.post('/2fa/setup-email');
    expect((await second.post('/2fa/backup-codes')).body.error.code).toBe('STEP_UP_REQUIRED');
    expect((await second.post('/reauthenticate', { password })).body.error.code).toBe('STEP_UP_REQUIRED');
    expect((await second.post('/2fa/challenge', { method: 'email' })).body).toEqual({
      maskedContact: 't***@example.com',
      expiresAt: expect.any(Number),
    });
    expect(await second.post('/2fa/verify', { method: 'email', code: await lastCode(app.url, email) })).toEqual(
      success,
    );
    expect((await second.post('/2fa/backup-codes')).body.backupCodes).toHaveLength(10);
    await second.post('/2fa/disable', { mechanism: 2 });
    expect((await second.post('/reauthenticate', { password: 'wrong' })).status).toBe(401);
    expect(await second.post('/reauthenticate', { password })).toEqual(success);
  });

  it('is refused with a wrong password, a nonsense body and an unknown method', async () => {
    const client = await signUp('refused@example.com');
    expect(await client.post('/signup', { email: 'refused@example.com', password })).toMatchObject({ status: 400 });
    expect(await client.post('/login', { email: 'refused@example.com', password: 'wrong' })).toEqual({
      status: 401,
      body: { error: 'Wrong e-mail address or password.' },
    });
    expect((await client.post('/login', { email: ['refused@example.com'], password })).status).toBe(400);
    expect((await client.post('/verify-2fa', { method: '__proto__', code: '000000' })).body.error.code).toBe(
      'INVALID_INPUT',
    );
  });

  it('never finds a code that was sent in an answer', async () => {
    const email = 'leak@example.com';
    const client = await signUp(email);
    await client.post('/2fa/setup-email');
    await client.post('/2fa/setup-email', { address: 'leak2@example.com' });
    await client.post('/2fa/setup-sms', { phone: '+15557654321' });
    await client.post('/2fa/challenge', { method: 'email' });
    const enrolled = await lastCode(app.url, '+15557654321');
    await client.post('/2fa/verify-sms-setup', { code: enrolled });
    await halted(client, email, { totp: false, email: 'l***@example.com', sms: '+1•••••••21' });
    const sent = (await outbox(app.url)).filter(({ to }) => to.startsWith('leak') || to.endsWith('54321'));
    expect(sent.length).toBeGreaterThanOrEqual(5);
    for (const { path, text } of client.received) {
      expect(text, path).not.toContain('otpValue');
      // As a number of its own: a time in milliseconds may hold the same digits.
      for (const { code } of sent) expect(text, path).not.toMatch(new RegExp(`(?<!\\d)${code}(?!\\d)`));
    }
  });
});
