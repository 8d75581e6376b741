import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SoftwareAuthenticator } from 'passport-two-factor/testing';
import { Browser, type Page } from './browser.js';
import { backupCodesOn, lastCode, outbox, scan, secretOn, totp, wrongTotp } from './codes.js';
import { start, temporaryFolder, type Running } from './example.js';

const password = 'correct horse';

describe('a browser without JavaScript on the quickstart', { timeout: 120_000 }, () => {
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

  async function signUp(email: string): Promise<{ browser: Browser; account: Page }> {
    const browser = new Browser(app.url);
    const account = await browser.submit(await browser.open('/sign-up'), '/sign-up', { email, password });
    expect(account.path).toBe('/account');
    return { browser, account };
  }

  async function signIn(browser: Browser, email: string): Promise<Page> {
    return browser.submit(await browser.open('/sign-in'), '/sign-in', { email, password });
  }

  async function signOut(browser: Browser): Promise<void> {
    expect((await browser.submit(await browser.open('/account'), '/sign-out')).text).toContain('You are signed out.');
  }

  it('sets up a passkey, signs in with the password and it, and by it alone', async () => {
    const email = 'passkey@example.com';
    const { browser, account } = await signUp(email);
    // As PORT=0 says: any port, which the app does not know beforehand.
    const device = new SoftwareAuthenticator({ origin: 'http://localhost:0' });
    const made = device.create((await browser.post('/account/passkey')).body as object);
    const codes = await browser.submit(account, '/account/confirm/passkey', { response: JSON.stringify(made) });
    expect(codes.text).toContain('Your backup codes');
    await signOut(browser);

    const halted = await signIn(browser, email);
    expect(halted.path).toBe('/second-factor');
    const used = device.get((await browser.post('/second-factor/passkey')).body as object);
    expect((await browser.submit(halted, '/second-factor', { response: JSON.stringify(used) })).path).toBe('/account');
    await signOut(browser);

    const page = await browser.open('/sign-in');
    const alone = device.get((await browser.post('/sign-in/passkey/options')).body as object);
    expect((await browser.submit(page, '/sign-in/passkey', { response: JSON.stringify(alone) })).path).toBe('/account');
    expect((await browser.open('/vault')).path).toBe('/vault');
  });

  it('sets up an authenticator app, signs in by its code and then by a backup code', async () => {
    const email = 'journey@example.com';
    const { browser, account } = await signUp(email);
    expect(account.text).toContain('Not set up');
    const setup = await browser.submit(account, '/account/totp', { label: 'My phone' });
    const secret = secretOn(setup);
    const qrCode = /<img class="qr" src="([^"]+)"/.exec(setup.text)![1]!;
    expect(new URL(scan(qrCode)).searchParams.get('secret')).toBe(secret);
    expect(setup.headers.get('cache-control')).toBe('no-store');
    const wrong = await browser.submit(setup, '/account/confirm/totp', { code: wrongTotp(secret) });
    expect(wrong).toMatchObject({
      path: '/account/confirm/totp',
      text: expect.stringContaining('The code is not valid.'),
    });
    const codes = backupCodesOn(await browser.submit(wrong, '/account/confirm/totp', { code: totp(secret) }));
    expect(new Set(codes).size).toBe(10);
    expect((await browser.open('/account')).text).toContain('10 backup codes left');

    await signOut(browser);
    const step = await signIn(browser, email);
    expect(step).toMatchObject({ path: '/second-factor', text: expect.stringContaining('your authenticator app') });
    expect((await browser.open('/account')).path).toBe('/second-factor');
    const again = await browser.submit(step, '/second-factor', { code: wrongTotp(secret) });
    expect(again).toMatchObject({ path: '/second-factor', text: expect.stringContaining('The code is not valid.') });
    expect((await browser.submit(again, '/second-factor', { code: totp(secret, 1) })).path).toBe('/account');

    await signOut(browser);
    const spent = { method: 'backup_code', code: codes[0]! };
    expect((await browser.submit(await signIn(browser, email), '/second-factor', spent)).text).toContain(
      '9 backup codes left',
    );
    await signOut(browser);
    expect((await browser.submit(await signIn(browser, email), '/second-factor', spent)).path).toBe('/second-factor');
  });

  it('signs in by an e-mailed and by a texted code', async () => {
    const email = 'mail@example.com';
    const phone = '+15550001122';
    const { browser, account } = await signUp(email);
    const added = await browser.submit(account, '/account/email', { address: '' });
    expect(added.text).toContain('m***@example.com');
    const confirm = await browser.submit(added, '/account/sms', { phone });
    expect(confirm.path).toBe('/account/confirm/sms');
    const codes = await browser.submit(confirm, '/account/confirm/sms', { code: await lastCode(app.url, phone) });
    expect(backupCodesOn(codes)).toHaveLength(10);

    await signOut(browser);
    expect(
      (await browser.submit(await signIn(browser, email), '/second-factor', { code: await lastCode(app.url, email) }))
        .path,
    ).toBe('/account');
    await signOut(browser);
    const step = await signIn(browser, email);
    const before = (await outbox(app.url)).length;
    const waiting = await browser.submit(step, '/second-factor/send', { method: 'sms' });
    expect(waiting).toMatchObject({
      path: '/second-factor',
      text: expect.stringContaining('Too many attempts. Try again in'),
    });
    expect(await outbox(app.url)).toHaveLength(before);
    expect((await browser.submit(waiting, '/second-factor', { code: await lastCode(app.url, phone) })).path).toBe(
      '/account',
    );
  });

  it('confirms another address before it counts, and shows what was typed as text', async () => {
    const { browser, account } = await signUp('other@example.com');
    const confirm = await browser.submit(account, '/account/email', { address: 'elsewhere@example.com' });
    expect((await browser.open('/account')).text).toContain('Not set up');
    await browser.submit(confirm, '/account/confirm/email', { code: await lastCode(app.url, 'elsewhere@example.com') });
    const setup = await browser.submit(await browser.open('/account'), '/account/totp', {
      label: '"><script>alert(1)</script>',
    });
    await browser.submit(setup, '/account/confirm/totp', { code: totp(secretOn(setup)) });
    const { text, headers } = await browser.open('/account');
    expect(text).toContain('e***@example.com');
    expect(text).toContain('&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(text).not.toContain('<script>');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  it('is asked again where the session has lost its standing, and comes back to the page it wanted', async () => {
    const email = 'step-up@example.com';
    const { browser } = await signUp(email);
    const turnedAway = await browser.open('/vault');
    expect(turnedAway).toMatchObject({ path: '/account', text: expect.stringContaining('Set one up first.') });
    const other = new Browser(app.url);
    expect((await signIn(other, email)).path).toBe('/account');
    await browser.submit(turnedAway, '/account/email', { address: '' });

    const asked = await other.open('/vault');
    expect(asked.path).toBe('/step-up');
    const sent = await other.submit(asked, '/step-up/send', { method: 'email' });
    expect(sent.text).toContain('A code is on its way to s***@example.com.');
    const refused = await other.submit(sent, '/step-up', { code: '12345' });
    expect(refused.path).toBe('/step-up');
    expect(await other.submit(refused, '/step-up', { code: await lastCode(app.url, email) })).toMatchObject({
      path: '/vault',
      status: 200,
    });
    const fresh = await other.submit(await other.open('/account'), '/account/backup-codes');
    expect(backupCodesOn(fresh)).toHaveLength(10);
    expect((await other.submit(await other.open('/account'), '/account/remove')).text).toContain('Not set up');
    // The first browser's standing went with the change; without a factor the password renews it.
    const asksPassword = await browser.submit(await browser.open('/account'), '/account/totp', { label: 'My phone' });
    expect(asksPassword.path).toBe('/step-up');
    expect((await browser.submit(asksPassword, '/step-up/password', { password })).path).toBe('/account');
  });

  it('is told what is wrong with a sign-up and a sign-in', async () => {
    const { browser } = await signUp('taken@example.com');
    const taken = await browser.submit(await browser.open('/sign-up'), '/sign-up', {
      email: 'TAKEN@example.com',
      password,
    });
    expect(taken).toMatchObject({
      path: '/sign-up',
      text: expect.stringContaining('There is an account with this address already.'),
    });
    const stranger = new Browser(app.url);
    const wrong = await stranger.submit(await stranger.open('/sign-in'), '/sign-in', {
      email: 'taken@example.com',
      password: 'wrong',
    });
    expect(wrong).toMatchObject({
      path: '/sign-in',
      text: expect.stringContaining('Wrong e-mail address or password.'),
    });
    expect((await stranger.open('/account')).path).toBe('/sign-in');
    expect((await stranger.open('/nowhere')).status).toBe(404);
  });

  it('keeps the session cookie from scripts and from forms of other sites, whose posts are refused', async () => {
    const email = 'cookie@example.com';
    const { browser } = await signUp(email);
    expect(browser.lastCookie).toMatch(/; HttpOnly; SameSite=Lax$/);
    await signOut(browser);
    await browser.submit(await browser.open('/sign-in'), '/sign-in', { email, password, remember: 'on' });
    expect(browser.lastCookie).toMatch(/; Expires=.*; HttpOnly; SameSite=Lax$/);
    for (const site of ['cross-site', 'same-site']) {
      const forged = await browser.request(new URL('/account/email', app.url), {
        method: 'POST',
        headers: { 'Sec-Fetch-Site': site },
      });
      expect(forged.status).toBe(403);
    }
    expect((await browser.open('/account')).text).toContain('Not set up');
  });
});
