import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Validator } from '@seriousme/openapi-schema-validator';
import { TwoFactorMechanism } from 'passport-two-factor';
import { databases } from '../support/databases.js';
import { produced, promised, type ApiDocument } from './documented.js';
import { deviceOf, testPasskeys } from '../support/passkeys.js';
import { Client, RouterApp } from './support.js';

const sms = '+15551234567';

describe.each(databases)('the OpenAPI document on $name', (database) => {
  let app: RouterApp;
  let users = 0;
  const newUser = () => app.test.user((users += 1));
  const newTotp = () => app.test.withTotp((users += 1));

  beforeAll(async () => {
    produced.clear();
    app = await RouterApp.open(database, { service: { passkeys: testPasskeys() } });
  });

  afterAll(async () => {
    await app.close();
  });

  test('is valid OpenAPI 3.1 and names the address that it is served at', async () => {
    const { body } = await app.agent().get('/2fa/api/openapi.json').expect(200).expect('Content-Type', /json/);
    const document = body as ApiDocument;
    expect(document.openapi).toBe('3.1.0');
    expect(document.servers).toEqual([{ url: '/2fa/api' }]);
    expect(await new Validator().validate(body as Record<string, unknown>)).toMatchObject({ valid: true });
    const ids = Object.values(document.paths).flatMap((verbs) =>
      Object.values(verbs).map(({ operationId }) => operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('status is told to anybody, to a halted login and to a user', async () => {
    const { user, secret } = await newTotp();
    const client = await app.halted(user);
    expect(await client.status()).toMatchObject({ state: 'pending', methods: { totp: true, backupCode: true } });
    await client.ok('/verify', { code: app.test.totp(secret) });
    expect(await client.status()).toMatchObject({
      state: 'authenticated',
      backupCodes: 10,
      recent: true,
      enrollable: ['totp', 'email', 'sms', 'passkey'],
    });
    expect(await client.get('/backup-codes')).toEqual({ remaining: 10 });

    const nobody = stranger();
    expect(await nobody.status()).toEqual({ state: 'anonymous' });
    expect((await nobody.get('/backup-codes', 401)).error.code).toBe('NOT_LOGGED_IN');
  });

  test('verify: every answer', async () => {
    const { user, secret, backupCodes } = await newTotp();
    const client = await app.halted(user);
    await client.refused('/verify', { code: 123456 }, 400, 'INVALID_INPUT');
    await client.refused('/verify', { code: app.test.wrongTotp(secret) }, 401, 'INVALID_CODE');
    await client.refused('/verify', { code: '0000000000000', method: 'backup_code' }, 401, 'INVALID_BACKUP_CODE');
    await client.refused('/verify', { code: '123456', method: 'sms' }, 404, 'NOT_SETUP');
    await client.refused('/verify', { code: app.test.totp(secret) }, 403, 'INVALID_CSRF_TOKEN', 'another');
    await client.refused('/verify', { code: 'x'.repeat(20_000) }, 413, 'INVALID_INPUT');
    expect(await client.ok('/verify', { code: backupCodes[0]!, returnTo: '/inbox' })).toMatchObject({
      returnTo: '/inbox',
    });
    await client.refused('/verify', { code: app.test.totp(secret) }, 401, 'CHALLENGE_EXPIRED');

    await lock(secret, await app.halted(user));
    const { retryAfter } = await (
      await app.halted(user)
    ).refused('/verify', { code: app.test.totp(secret) }, 429, 'TOO_MANY_ATTEMPTS');
    expect(retryAfter).toBeGreaterThan(0);
  });

  test('challenge: every answer', async () => {
    const user = await app.test.withEmail((users += 1));
    const client = await app.halted(user);
    const { retryAfter } = await client.refused('/challenge', { method: 'email' }, 429, 'TOO_MANY_ATTEMPTS');
    expect(retryAfter).toBe(30);
    app.test.clock.advance('30s');
    expect(await client.ok('/challenge', { method: 'email' })).toMatchObject({
      maskedContact: 'u***@example.com',
      resendAfter: 60,
    });
    await client.refused('/challenge', { method: 'sms' }, 404, 'NOT_SETUP');
    await client.refused('/challenge', { method: 'totp' }, 400, 'INVALID_INPUT');
    await client.refused('/challenge', { method: 'email' }, 403, 'INVALID_CSRF_TOKEN', 'another');
    await client.refused('/challenge', { method: 'x'.repeat(20_000) }, 413, 'INVALID_INPUT');
    app.test.clock.advance('60s');
    app.failing = true;
    await client.refused('/challenge', { method: 'email' }, 502, 'DELIVERY_FAILED');
    app.failing = false;
    // Begun elsewhere and finished: the pending login that this browser still shows is used up.
    const other = await app.halted(user);
    await lock('', other);
    await client.refused('/challenge', { method: 'email' }, 401, 'CHALLENGE_EXPIRED');
    await stranger().refused('/challenge', { method: 'email' }, 401, 'NOT_LOGGED_IN');
  });

  test('step-up: every answer', async () => {
    const { user, secret } = await newTotp();
    const client = await app.loggedIn(user, secret);
    await client.refused('/step-up', { code: app.test.wrongTotp(secret) }, 401, 'INVALID_CODE');
    await client.refused('/step-up', { code: '0000000000000' }, 401, 'INVALID_BACKUP_CODE');
    await client.refused('/step-up', { code: ['1'] }, 400, 'INVALID_INPUT');
    await client.refused('/step-up', { code: '123456', method: 'email' }, 404, 'NOT_SETUP');
    await client.refused('/step-up', { code: '123456' }, 403, 'INVALID_CSRF_TOKEN', 'another');
    await client.refused('/step-up', { code: 'x'.repeat(20_000) }, 413, 'INVALID_INPUT');
    app.test.clock.advance('30s');
    await client.ok('/step-up', { code: app.test.totp(secret), method: 'totp' });
    await lock(secret, client, '/step-up');
    await client.refused('/step-up', { code: app.test.totp(secret) }, 429, 'TOO_MANY_ATTEMPTS');

    const newcomer = await newUser();
    const plain = await app.loggedIn(newcomer);
    await plain.refused('/step-up', { password: 'wrong' }, 401, 'INVALID_CREDENTIALS');
    await plain.ok('/step-up', { password: newcomer.password });
    await app.test.service.setup.totp(String(newcomer.id), false);
    await plain.refused('/step-up', { password: newcomer.password }, 403, 'STEP_UP_REQUIRED');
    await stranger().refused('/step-up', { code: '123456' }, 401, 'NOT_LOGGED_IN');
  });

  test('enroll and confirm: every answer', async () => {
    const client = await app.loggedIn(await newUser());
    await client.refused('/enroll/totp', { label: 7 }, 400, 'INVALID_INPUT');
    const { secret } = await client.ok('/enroll/totp', { label: 'Phone' });
    await client.refused(
      '/confirm',
      { method: 'totp', code: app.test.wrongTotp(secret as string) },
      401,
      'INVALID_CODE',
    );
    await client.refused('/confirm', { method: 'totp', code: {} }, 400, 'INVALID_INPUT');
    const { backupCodes } = await client.ok('/confirm', { method: 'totp', code: app.test.totp(secret as string) });
    expect(backupCodes).toHaveLength(10);
    await client.refused('/confirm', { method: 'totp', code: '123456' }, 404, 'NOT_SETUP');
    await client.refused('/enroll/totp', { label: 'Phone' }, 409, 'ALREADY_ENABLED');

    await client.refused('/enroll/email', { address: 'nobody' }, 400, 'INVALID_INPUT');
    expect(await client.ok('/enroll/email')).toEqual({ maskedContact: `u***@example.com` });
    expect(
      await client.ok('/confirm', { method: 'email', code: app.lastCode(TwoFactorMechanism.EMAIL) }),
    ).toMatchObject({ backupCodes: [] });
    await client.refused('/enroll/email', {}, 409, 'ALREADY_ENABLED');
    await client.refused('/enroll/sms', { phone: '12' }, 400, 'INVALID_INPUT');
    await client.ok('/enroll/sms', { phone: sms });
    await client.ok('/confirm', { method: 'sms', code: app.lastCode(TwoFactorMechanism.SMS) });
    await client.refused('/enroll/sms', { phone: sms }, 409, 'ALREADY_ENABLED');

    app.failing = true;
    await client.refused('/enroll/email', { address: 'other@example.com' }, 502, 'DELIVERY_FAILED');
    await client.refused('/enroll/sms', { phone: '+15551234568' }, 502, 'DELIVERY_FAILED');
    app.failing = false;
    for (let sent = 1; sent < 4; sent += 1) {
      await client.ok('/enroll/email', { address: `other${sent}@example.com` });
      await client.ok('/enroll/sms', { phone: `+1555123457${sent}` });
    }
    await client.refused('/enroll/email', { address: 'other5@example.com' }, 429, 'TOO_MANY_ATTEMPTS');
    await client.refused('/enroll/sms', { phone: '+15551234575' }, 429, 'TOO_MANY_ATTEMPTS');

    const { secret: second } = await client.ok('/enroll/totp', { label: 'Tablet' });
    for (let wrong = 0; wrong < 5; wrong += 1)
      await client.refused(
        '/confirm',
        { method: 'totp', code: app.test.wrongTotp(second as string) },
        401,
        'INVALID_CODE',
      );
    await client.refused(
      '/confirm',
      { method: 'totp', code: app.test.totp(second as string) },
      429,
      'TOO_MANY_ATTEMPTS',
    );
  });

  test('manage: every answer', async () => {
    const { user, secret } = await newTotp();
    const client = await app.loggedIn(user, secret);
    await client.ok('/enroll/sms', { phone: sms });
    await client.ok('/confirm', { method: 'sms', code: app.lastCode(TwoFactorMechanism.SMS) });
    const { secret: second } = await client.ok('/enroll/totp', { label: 'Tablet' });
    app.test.clock.advance('30s');
    await client.ok('/confirm', { method: 'totp', code: app.test.totp(second as string) });
    const [first, text] = (await client.status()).authenticators as {
      id: string;
      method: string;
      maskedContact?: string;
    }[];
    expect(text).toMatchObject({ method: 'sms', maskedContact: '+1•••••••67' });

    await client.ok('/rename', { id: first!.id, label: 'Old phone' });
    await client.refused('/rename', { id: first!.id, label: 'Tablet' }, 409, 'ALREADY_ENABLED');
    await client.refused('/rename', { id: first!.id, label: '' }, 400, 'INVALID_INPUT');
    await client.refused('/rename', { id: 'nobody', label: 'Old' }, 404, 'NOT_SETUP');
    expect((await client.ok('/backup-codes')).backupCodes).toHaveLength(10);
    await client.refused('/remove', { id: 7 }, 400, 'INVALID_INPUT');
    await client.refused('/remove', { id: 'nobody' }, 404, 'NOT_SETUP');
    await client.ok('/remove', { id: text!.id });

    app.test.clock.advance('6m');
    expect(await client.status()).toMatchObject({ recent: false });
    for (const [path, body] of [
      ['/remove', { id: first!.id }],
      ['/backup-codes', {}],
      ['/enroll/totp', {}],
      ['/enroll/email', {}],
      ['/enroll/sms', { phone: sms }],
    ] as const)
      await client.refused(path, body, 403, 'STEP_UP_REQUIRED');
    await (await app.loggedIn(await newUser())).refused('/backup-codes', {}, 404, 'NOT_SETUP');
  });

  test('passkeys: every answer', async () => {
    const user = await newUser();
    const client = await app.loggedIn(user);
    const device = deviceOf();
    await client.refused('/enroll/passkey', { label: 7 }, 400, 'INVALID_INPUT');
    const { options } = await client.ok('/enroll/passkey', { label: 'Blue key' });
    await client.ok('/confirm', { method: 'passkey', response: device.create(options) });
    const [{ method, label, synced }] = (await client.status()).authenticators;
    expect([method, label, synced]).toEqual(['passkey', 'Blue key', false]);
    expect(await client.get('/passkeys')).toMatchObject({ rpId: 'app.example.com' });
    expect((await stranger().get('/passkeys', 401)).error.code).toBe('NOT_LOGGED_IN');
    app.test.clock.advance('1h');
    await client.refused('/enroll/passkey', {}, 403, 'STEP_UP_REQUIRED');
    const asked = await client.ok('/challenge', { method: 'passkey' });
    await client.ok('/step-up', { response: device.get(asked.options) });

    const halted = await app.halted(user);
    const login = await halted.ok('/challenge', { method: 'passkey' });
    expect(await halted.ok('/verify', { method: 'passkey', response: device.get(login.options) })).toMatchObject({
      returnTo: '/',
    });
    await app.test.db.getRepository('User').update({ id: user.id }, { disabled: 1 });
    await halted.refused('/enroll/passkey', {}, 404, 'NOT_SETUP');
  });

  test('a login by a passkey alone: every answer', async () => {
    const user = await newUser();
    const client = await app.loggedIn(user);
    const device = deviceOf();
    const { options } = await client.ok('/enroll/passkey', {});
    await client.ok('/confirm', { method: 'passkey', response: device.create(options) });

    const browser = stranger();
    await browser.refused('/passkey/options', 'x'.repeat(20_000), 413, 'INVALID_INPUT');
    await browser.refused('/passkey', { response: device.get({ challenge: 'A' }) }, 401, 'CHALLENGE_EXPIRED');
    const begun = await browser.ok('/passkey/options', {});
    await browser.refused('/passkey', { response: 'text' }, 400, 'INVALID_INPUT');
    await browser.refused('/passkey', { response: { id: 'x'.repeat(20_000), response: {} } }, 413, 'INVALID_INPUT');
    const forged = device.get(begun.options, { origin: 'https://evil.example' });
    await browser.refused('/passkey', { response: forged }, 401, 'INVALID_CODE');
    await browser.ok('/passkey', { response: device.get(begun.options), returnTo: '/inbox' });
    expect((await browser.status()).state).toBe('authenticated');

    const other = stranger();
    const again = await other.ok('/passkey/options', {});
    for (let wrong = 0; wrong < 5; wrong += 1) {
      const response = device.get(again.options, { rpId: 'evil.example' });
      await other.refused('/passkey', { response }, 401, 'INVALID_CODE');
    }
    await other.refused('/passkey', { response: device.get(again.options) }, 429, 'TOO_MANY_ATTEMPTS');
  });

  test('what no login, no token and no JSON is answered with, everywhere', async () => {
    const client = await app.loggedIn(await newUser());
    const nobody = stranger();
    for (const path of [
      '/enroll/totp',
      '/enroll/email',
      '/enroll/sms',
      '/enroll/passkey',
      '/confirm',
      '/rename',
      '/remove',
      '/backup-codes',
      '/challenge',
      '/step-up',
    ]) {
      await nobody.refused(path, {}, 401, 'NOT_LOGGED_IN');
      await client.refused(path, {}, 403, 'INVALID_CSRF_TOKEN', 'another');
      await client.refused(path, { label: 'x'.repeat(20_000) }, 413, 'INVALID_INPUT');
      await client.refused(path, '{"label": ', 400, 'INVALID_INPUT');
    }
    await nobody.refused('/verify', {}, 401, 'CHALLENGE_EXPIRED');
  });

  test('a path asked by another method answers 405 and says which it has', async () => {
    for (const path of [
      '/verify',
      '/challenge',
      '/step-up',
      '/enroll/totp',
      '/enroll/email',
      '/enroll/sms',
      '/confirm',
      '/rename',
      '/remove',
    ]) {
      await app.agent().get(`/2fa/api${path}`).expect(405).expect('Allow', 'POST').expect('Cache-Control', 'no-store');
    }
    await app.agent().delete('/2fa/api/backup-codes').expect(405).expect('Allow', 'GET, POST');
    await app.agent().post('/2fa/api/status').expect(405).expect('Allow', 'GET');
  });

  test('promises nothing that none of these tests has produced', () => {
    expect(promised().filter((answer) => !produced.has(answer))).toEqual([]);
    expect([...produced].filter((answer) => !promised().includes(answer))).toEqual([]);
  });

  const stranger = (): Client => new Client(app, app.agent());

  /** Five wrong codes in a row: from then on the account has to wait. */
  async function lock(secret: string, client: Client, path = '/verify'): Promise<void> {
    for (let wrong = 0; wrong < 5; wrong += 1) {
      const code = secret === '' ? '000000' : app.test.wrongTotp(secret);
      await client.refused(path, { code }, 401, 'INVALID_CODE');
    }
  }
});
