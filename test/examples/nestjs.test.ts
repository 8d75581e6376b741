import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browser, type Answer } from './browser.js';
import { expectAsTold, scan, totp, wrongTotp } from './codes.js';
import { readmeCalls, start, temporaryFolder, type Running } from './example.js';

const password = 'correct horse';
const refused = (status: number, code: string) => ({ status, body: { error: { code, message: expect.any(String) } } });
const notLoggedIn = refused(401, 'NOT_LOGGED_IN');
const stepUpRequired = refused(403, 'STEP_UP_REQUIRED');
const opened = { status: 200, body: { secret: 'The key is under the mat.' } };

describe('the NestJS app', { timeout: 120_000 }, () => {
  let app: Running;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;

  beforeAll(async () => {
    folder = await temporaryFolder();
    app = await start('nestjs', { DATABASE: join(folder.path, 'demo.sqlite') });
  }, 90_000);
  afterAll(async () => {
    await app.stop();
    await folder.remove();
  });

  const me = (email: string) => ({ status: 200, body: { email } });
  const sessionOf = (client: Browser): string | undefined => /^myapp\.sid=([^;]+)/.exec(client.lastCookie)?.[1];

  async function signUp(email: string): Promise<Browser> {
    const client = new Browser(app.url);
    expect(await client.post('/signup', { email, password })).toEqual({ status: 201, body: { email } });
    return client;
  }

  /** Signed up, with an authenticator app whose present code is spent. */
  async function enrolled(email: string): Promise<{ client: Browser; secret: string; backupCodes: string[] }> {
    const client = await signUp(email);
    const { secret } = (await client.post('/2fa/totp')).body;
    const { backupCodes } = (await client.post('/2fa/totp/confirm', { code: totp(secret) })).body;
    return { client, secret, backupCodes };
  }

  /** Logged out, and halted at the second step of a new login. */
  async function halted(client: Browser, email: string, methods: object): Promise<void> {
    await client.post('/logout');
    expect(await client.post('/login', { email, password })).toEqual({
      status: 202,
      body: { requiresTwoFactor: true, methods, expiresAt: expect.any(Number) },
    });
  }

  async function change(client: Browser, method: 'PATCH' | 'DELETE', path: string, body: object = {}): Promise<Answer> {
    const response = await client.request(new URL(path, app.url), {
      method,
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  }

  async function mailed(to: string): Promise<string> {
    const { body } = await new Browser(app.url).get('/outbox');
    const { text } = (body as { to: string; text: string }[]).find((message) => message.to === to)!;
    return /code is (\d{6})\./.exec(text)![1]!;
  }

  it('answers as its README tells, line by line', async () => {
    const client = new Browser(app.url);
    const calls = readmeCalls('nestjs');
    expect(calls.length).toBeGreaterThan(7);
    let secret = '';
    let steps = 0;
    for (const { method, path, json, told } of calls) {
      const filled = json?.code === undefined ? json : { code: totp(secret, steps++) };
      const { body } = method === 'GET' ? await client.get(path) : await client.post(path, filled);
      expectAsTold(body, told);
      if (path === '/2fa/totp') ({ secret } = body);
    }
  });

  it('enrolls an authenticator app by the right code alone', async () => {
    const client = await signUp('enroll@example.com');
    const { body: setup } = await client.post('/2fa/totp', { label: 'My phone' });
    expect(new URL(scan(setup.qrCode)).searchParams.get('secret')).toBe(setup.secret);
    expect(await client.post('/2fa/totp/confirm', { code: wrongTotp(setup.secret) })).toEqual(
      refused(401, 'INVALID_CODE'),
    );
    expect((await client.get('/2fa')).body).toEqual({ methods: [], remainingBackupCodes: 0 });
    expect(await client.get('/vault')).toEqual(refused(403, 'ENROLLMENT_REQUIRED'));
    const { body } = await client.post('/2fa/totp/confirm', { code: totp(setup.secret) });
    expect(new Set(body.backupCodes).size).toBe(10);
    expect(await client.get('/vault')).toEqual(opened);
  });

  it('logs in by password and code, in a session of its own, and by neither alone', async () => {
    const email = 'both@example.com';
    const { client, secret } = await enrolled(email);
    await halted(client, email, { totp: true, backupCode: true });
    const atHalt = sessionOf(client);
    expect(await client.get('/me')).toEqual(notLoggedIn);
    expect(await client.get('/vault')).toEqual(notLoggedIn);
    expect(await client.post('/2fa/backup-codes')).toEqual(notLoggedIn);
    expect(await client.post('/login/code', { code: wrongTotp(secret) })).toEqual(refused(401, 'INVALID_CODE'));
    expect(await client.get('/me')).toEqual(notLoggedIn);

    const code = totp(secret, 1);
    expect(await client.post('/login/code', { code })).toEqual(me(email));
    expect(sessionOf(client)).not.toBe(atHalt);
    expect(await client.get('/me')).toEqual(me(email));
    expect(await client.get('/vault')).toEqual(opened);

    await halted(client, email, { totp: true, backupCode: true });
    expect(await client.post('/login/code', { code })).toEqual(refused(401, 'INVALID_CODE'));
    expect(await new Browser(app.url).post('/login/code', { code: totp(secret, 1) })).toEqual(
      refused(401, 'CHALLENGE_EXPIRED'),
    );
  });

  it('takes a backup code once', async () => {
    const email = 'backup@example.com';
    const {
      client,
      backupCodes: [code],
    } = await enrolled(email);
    await halted(client, email, { totp: true, backupCode: true });
    expect(await client.post('/login/code', { code })).toEqual(me(email));
    expect((await client.get('/2fa')).body.remainingBackupCodes).toBe(9);
    await halted(client, email, { totp: true, backupCode: true });
    expect(await client.post('/login/code', { code })).toEqual(refused(401, 'INVALID_BACKUP_CODE'));
  });

  it('sends codes by the injected mailer, and never in an answer', async () => {
    const email = 'mail@example.com';
    const other = 'other@example.com';
    const client = await signUp(email);
    expect((await client.post('/2fa/email', { address: other })).body).toEqual({
      maskedContact: 'o***@example.com',
      verified: false,
    });
    expect((await client.post('/2fa/email/confirm', { code: await mailed(other) })).body.backupCodes).toHaveLength(10);
    await halted(client, email, { email: 'o***@example.com', backupCode: true });
    const again = await client.request(new URL('/2fa/email/send', app.url), { method: 'POST' });
    expect(again.status).toBe(429);
    expect(Number(again.headers.get('retry-after'))).toBeGreaterThan(0);
    const code = await mailed(other);
    expect(await client.post('/login/code', { code })).toEqual(me(email));
    // As a number of its own: a time in milliseconds may hold the same digits.
    for (const { path, text } of client.received) expect(text, path).not.toMatch(new RegExp(`(?<!\\d)${code}(?!\\d)`));
  });

  it('manages methods, and asks a session that has lost its standing for a code or the password', async () => {
    const email = 'manage@example.com';
    const client = await signUp(email);
    const older = new Browser(app.url);
    expect(await older.post('/login', { email, password })).toEqual(me(email));
    await client.post('/2fa/email');
    const [{ id }] = (await client.get('/2fa')).body.methods;

    expect(await older.get('/vault')).toEqual(stepUpRequired);
    expect(await change(older, 'DELETE', `/2fa/methods/${id}`)).toEqual(stepUpRequired);
    expect(await older.post('/login/password', { password })).toEqual(stepUpRequired);
    await older.post('/2fa/email/send');
    expect(await older.post('/login/code', { code: await mailed(email) })).toEqual(me(email));
    expect(await older.get('/vault')).toEqual(opened);

    expect((await change(older, 'PATCH', `/2fa/methods/${id}`, { label: 'Work' })).body.methods).toMatchObject([
      { id, label: 'Work' },
    ]);
    expect((await older.post('/2fa/backup-codes')).body.backupCodes).toHaveLength(10);
    expect(await change(older, 'DELETE', `/2fa/methods/${id}`)).toEqual({
      status: 200,
      body: { methods: [], remainingBackupCodes: 0 },
    });
    expect(await client.post('/2fa/totp')).toEqual(stepUpRequired);
    expect(await client.post('/login/password', { password: 'wrong' })).toEqual(refused(401, 'INVALID_CREDENTIALS'));
    expect(await client.post('/login/password', { password })).toEqual(me(email));
    expect((await client.post('/2fa/totp')).status).toBe(200);
    await client.post('/logout');
    expect(await client.post('/login', { email, password })).toEqual(me(email));
  });

  it('refuses what is wrong in the words of the library, or of Nest, and logs nothing', async () => {
    const client = await signUp('wrong@example.com');
    expect(await client.post('/signup', { email: 'WRONG@example.com', password })).toMatchObject({
      status: 400,
      body: { message: 'There is an account with this address already.' },
    });
    expect(await client.post('/2fa/totp/confirm', { code: 123456 })).toEqual(refused(400, 'INVALID_INPUT'));
    await client.post('/logout');
    for (const body of [
      { email: 'wrong@example.com', password: 'x' },
      { email: ['wrong@example.com'], password },
      {},
    ]) {
      // Nest's own answer to a wrong password, as before there was a second factor.
      expect(await client.post('/login', body)).toEqual({
        status: 401,
        body: { statusCode: 401, message: 'Unauthorized' },
      });
    }
    expect(await client.get('/me')).toEqual(notLoggedIn);
    const without = await client.request(new URL('/login/code', app.url), { method: 'POST' });
    expect({ status: without.status, body: await without.json() }).toEqual(refused(400, 'INVALID_INPUT'));
    const unreadable = await client.request(new URL('/login', app.url), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{',
    });
    expect(unreadable.status).toBe(400);
    expect(await client.get('/nowhere')).toMatchObject({ status: 404, body: { statusCode: 404 } });
    const forged = await client.request(new URL('/logout', app.url), {
      method: 'POST',
      headers: { 'Sec-Fetch-Site': 'cross-site' },
    });
    expect(forged.status).toBe(403);
    expect(app.output()).toBe(`Open ${app.url}\n`);
  });
});
