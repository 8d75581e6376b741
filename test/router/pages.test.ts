import { afterEach, describe, expect, test } from 'vitest';
import { TwoFactorMechanism } from 'passport-two-factor';
import { html } from 'passport-two-factor/router';
import type { TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';
import { FormClient } from './form-client.js';
import { RouterApp, type RouterAppOptions } from './support.js';

describe.each(databases)('the pages, by forms alone, on $name', (database) => {
  let app: RouterApp;
  const open = async (options: RouterAppOptions = {}): Promise<void> => {
    app = await RouterApp.open(database, options);
  };

  afterEach(async () => {
    await app.close();
  });

  async function browser(user: TestUser): Promise<FormClient> {
    const client = new FormClient(app.agent());
    await app.login(client.agent, user);
    return client;
  }

  test('a user sets up an app, keeps the backup codes, and logs in by one and by the other', async () => {
    await open();
    const user = await app.test.user(1);
    const page = await browser(user);
    await page.open('/2fa');
    expect(page.text).toContain('Two-step login is off.');
    await (await page.open('/2fa/add')).submit('/add/totp');
    const secret = /data-copy="([A-Z2-7]+)"/.exec(page.html)![1]!;
    expect(page.text).toContain(secret.match(/.{4}/g)!.join(' '));

    await page.submit('/confirm/totp', { code: app.test.wrongTotp(secret) });
    expect(page.status).toBe(401);
    expect(page.title).toBe('Error: Set up your authenticator app – MyApp');
    expect(page.text).toContain('That code is not right');
    await page.submit('/confirm/totp', { code: app.test.totp(secret) });
    const codes = [...page.html.matchAll(/<code>([0-9A-Z-]{15})<\/code>/g)].map(([, code]) => code!);
    expect(codes).toHaveLength(10);
    const download = /href="data:text\/plain;charset=utf-8;base64,([^"]+)"/.exec(page.html)![1]!;
    expect(Buffer.from(download, 'base64').toString()).toBe(
      `MyApp: backup codes. Each of them works once.\n\n${codes.join('\n')}\n`,
    );
    await (await page.submit('/saved')).follow();
    expect(page.text).toContain('Authenticator app Added on');
    expect(page.text).toContain('Codes left: 10.');

    app.test.clock.advance('30s');
    const second = await browser(user);
    await (await second.open('/2fa')).submit('/verify', { code: app.test.totp(secret).replace(/^.../, '$& ') });
    expect([second.status, second.location]).toEqual([303, '/']);
    const third = await browser(user);
    await (await third.open('/2fa/choose')).open('/2fa/?method=backup_code');
    await third.submit('/verify', { code: codes[0]! });
    expect([third.status, third.location]).toEqual([303, '/']);
    expect((await third.open('/2fa')).text).toContain('Codes left: 9.');
  });

  test('contacts: a code to each, one more after the wait, the next login asks the server for nothing that was sent', async () => {
    await open();
    const user = await app.test.user(1);
    const page = await browser(user);
    await page.open('/2fa/add/email');
    expect(page.html).toContain('value="user1@example.com"');
    await page.submit('/add/email', { contact: 'nobody' });
    expect([page.status, page.text]).toEqual([400, expect.stringContaining('Enter an e-mail address.')]);
    await page.submit('/add/email', { contact: 'user1@example.com' });
    expect(page.text).toContain('A code is on its way to u***@example.com.');
    const first = app.lastCode(TwoFactorMechanism.EMAIL);
    await page.submit('/add/email');
    expect(app.messages).toHaveLength(2);
    await page.submit('/confirm/email', { code: first });
    expect([page.status, page.text]).toEqual([401, expect.stringContaining('That code is not right')]);
    await page.submit('/confirm/email', { code: app.lastCode(TwoFactorMechanism.EMAIL) });
    expect(page.text).toContain('Save your backup codes');

    const login = await browser(user);
    await login.open('/2fa');
    expect(login.text).toContain('Enter the code that was sent to u***@example.com.');
    expect(login.text).toContain('You can ask for another code in 30 seconds.');
    await login.submit('/send');
    expect([login.status, app.messages.length]).toEqual([200, 3]);
    app.test.clock.advance('30s');
    await login.submit('/send');
    expect(login.text).toContain('A code is on its way');
    expect(login.text).toContain('You can ask for another code in 60 seconds.');
    await login.submit('/verify', { code: app.lastCode(TwoFactorMechanism.EMAIL) });
    expect(login.location).toBe('/');
  });

  test('a new contact whose messages are spent keeps the code that it got, and is told how long to wait', async () => {
    await open();
    const page = await browser(await app.test.user(1));
    await (await page.open('/2fa/add/sms')).submit('/add/sms', { contact: '+1 555 123 4567' });
    for (let sent = 1; sent < 5; sent += 1) await page.submit('/add/sms');
    await page.submit('/add/sms');
    expect([page.status, app.messages.length]).toEqual([200, 5]);
    expect(page.text).toContain('You can ask for another code in 60 minutes.');
    await page.submit('/confirm/sms', { code: app.lastCode(TwoFactorMechanism.SMS) });
    expect(page.text).toContain('Save your backup codes');
  });

  test('with codes made on request, the page asks before it sends', async () => {
    await open({ service: { challengeOn: 'request' } });
    const user = await app.test.withEmail(1);
    const page = await browser(user);
    await page.open('/2fa');
    expect(page.text).toContain('Choose a method');
    expect(app.messages).toEqual([]);
    await page.submit('/send');
    expect(page.text).toContain('A code is on its way to u***@example.com.');
    await page.submit('/verify', { code: app.lastCode(TwoFactorMechanism.EMAIL) });
    expect(page.location).toBe('/');
  });

  test('too late, too often, used up: each says what to do', async () => {
    await open();
    const { user, secret } = await app.test.withTotp(1);
    const late = await browser(user);
    await late.open('/2fa');
    app.test.clock.advance('11m');
    await late.submit('/verify', { code: app.test.totp(secret) });
    expect([late.status, late.text]).toEqual([401, expect.stringContaining('Log in again')]);
    expect(late.html).toContain('href="/login"');
    await late.open('/2fa');
    expect([late.status, late.location]).toEqual([303, '/login']);

    const guessing = await browser(user);
    await guessing.open('/2fa');
    for (let wrong = 0; wrong < 5; wrong += 1) await guessing.submit('/verify', { code: app.test.wrongTotp(secret) });
    expect([guessing.status, guessing.title]).toEqual([401, 'Log in again – MyApp']);
    expect(guessing.text).toContain('this login is over');
    expect(guessing.html).not.toContain('<form');
    const throttled = await browser(user);
    await throttled.open('/2fa');
    expect([throttled.status, throttled.text]).toEqual([200, expect.stringContaining('30 seconds')]);
    expect(throttled.html).not.toContain('<form');
  });

  test('a change of factors asks again first and comes back; so does a session that never gave a second one', async () => {
    await open();
    const { user, secret } = await app.test.withTotp(1);
    const page = await browser(user);
    await (await page.open('/2fa')).submit('/verify', { code: app.test.totp(secret) });
    const { id } = (await app.test.service.list('1'))[0]!;
    await page.open(`/2fa/remove?id=${id}`);
    const stale = new FormClient(page.agent);
    stale.html = page.html;
    app.test.clock.advance('6m');
    await stale.submit('/remove');
    expect(stale.location).toBe('/2fa/step-up?returnTo=%2F2fa%2F');
    await page.open(`/2fa/remove?id=${id}`);
    expect(page.location).toBe(`/2fa/step-up?returnTo=${encodeURIComponent(`/2fa/remove?id=${id}`)}`);
    await (await page.follow()).submit('/step-up', { code: app.test.wrongTotp(secret) });
    expect(page.status).toBe(401);
    await page.submit('/step-up', { code: app.test.totp(secret) });
    expect(page.location).toBe(`/2fa/remove?id=${id}`);
    await page.follow();
    expect(page.text).toContain('It is your last one');
    await (await page.submit('/remove')).follow();
    expect(page.text).toContain('The method was removed. Two-step login is off.');
    expect((await page.open('/2fa')).text).not.toContain('The method was removed.');
  });

  test('without a second factor the password is asked for, and without passwords a new login', async () => {
    await open();
    const user = await app.test.user(1);
    const page = await browser(user);
    await page.open('/2fa');
    app.test.clock.advance('6m');
    await (await page.open('/2fa/add')).follow();
    await page.submit('/step-up/password', { password: 'wrong' });
    expect([page.status, page.text]).toEqual([401, expect.stringContaining('That password is not right.')]);
    await page.submit('/step-up/password', { password: user.password });
    expect(page.location).toBe('/2fa/add');
    expect((await page.follow()).status).toBe(200);
    await app.close();

    await open({ router: { login: false } });
    const other = await browser(await app.test.user(1));
    app.test.clock.advance('6m');
    await (await other.open('/2fa/add')).follow();
    expect([other.status, other.text]).toEqual([
      403,
      expect.stringContaining('Your last login was too long ago for this.'),
    ]);
  });

  test('names can be changed, and a bad one is said so on the page', async () => {
    await open();
    const { user, secret } = await app.test.withTotp(1);
    const page = await browser(user);
    await (await page.open('/2fa')).submit('/verify', { code: app.test.totp(secret) });
    await (await (await page.open('/2fa')).submit('/rename', { label: 'Work phone' })).follow();
    expect(page.text).toContain('The name was saved.');
    expect(page.text).toContain('Work phone Authenticator app Added on');
    await page.submit('/rename', { label: ' ' });
    expect([page.status, page.text]).toEqual([400, expect.stringContaining('Enter a name of at most 64 characters.')]);
    await page.submit('/backup-codes');
    expect(page.text).toContain('Save your backup codes');
  });

  test('what is gone, unreadable or from another session has a page that leads back', async () => {
    await open();
    const page = await browser(await app.test.user(1));
    await page.open('/2fa/remove?id=1');
    expect([page.status, page.title]).toEqual([404, 'Nothing here – MyApp']);
    await (await page.open('/2fa/add')).submit('/add/totp', { _csrf: 'another' });
    expect([page.status, page.text]).toEqual([403, expect.stringContaining('Nothing was changed.')]);
    expect(page.html).toContain('href="/2fa/"');
    const answer = await page.agent
      .post('/2fa/add/email')
      .type('form')
      .send({ contact: 'x'.repeat(20_000) });
    expect([answer.status, answer.text]).toEqual([413, expect.stringContaining('The request could not be read.')]);
    app.failing = true;
    await (await page.open('/2fa/add/email')).submit('/add/email');
    expect([page.status, page.text]).toEqual([502, expect.stringContaining('The code could not be sent.')]);
  });

  test('the guard sends a user without a factor to set one up, and one with an old login to step up', async () => {
    await open();
    const page = await browser(await app.test.user(1));
    await (await page.open('/guarded')).follow();
    expect(page.location).toBe('/2fa/add');
    await (await page.follow()).submit('/add/totp');
    const secret = /data-copy="([A-Z2-7]+)"/.exec(page.html)![1]!;
    await page.submit('/confirm/totp', { code: app.test.totp(secret) });
    await page.submit('/saved');
    expect(page.location).toBe('/guarded');
    expect((await page.follow()).status).toBe(200);
  });

  test("speaks the browser's language, the app's choice, or another that the app adds", async () => {
    await open({
      router: { messages: { fr: { 'manage.title': 'Connexion en deux étapes' }, en: { 'manage.off': 'Off!' } } },
    });
    const page = await browser(await app.test.user(1));
    const as = async (language: string) => (await page.agent.get('/2fa').set('Accept-Language', language)).text;
    expect(await as('de-AT,de;q=0.9')).toContain('<html lang="de">');
    expect(await as('de')).toContain('Anmeldung in zwei Schritten');
    expect(await as('fr')).toMatch(/<html lang="fr">[^]*Connexion en deux étapes[^]*Two-step login is off/);
    expect(await as('ja')).toContain('<html lang="en">');
    expect(await as('en')).toContain('Off!');
    await app.close();

    await open({ router: { locale: (req) => (req.query.lang === 'x' ? 'not a language!' : 'de-CH') } });
    const other = await browser(await app.test.user(1));
    expect((await other.open('/2fa')).html).toContain('<html lang="de-CH">');
    expect((await other.open('/2fa?lang=x')).html).toContain('<html lang="en">');
  });

  test("a page can be replaced, or wrapped, and the app's stylesheet comes after the router's", async () => {
    await open({
      router: {
        stylesheet: '/app.css',
        pages: {
          manage: ({ csrfToken, authenticators, base }) =>
            html`<p>${authenticators.length} of mine at ${base}, ${csrfToken}</p>`.markup,
          add: (view, render) => render(view).replace('<body>', '<body><nav>App</nav>'),
        },
      },
    });
    const page = await browser(await app.test.user(1));
    expect((await page.open('/2fa')).html).toMatch(/^<p>0 of mine at \/2fa, [0-9a-f]{64}<\/p>$/);
    expect((await page.open('/2fa/add')).html).toContain('<body><nav>App</nav>');
    expect(page.html).toMatch(/two-factor\.css\?v=\w+">\s*<link rel="stylesheet" href="\/app\.css">/);
  });

  test('script and stylesheet are files of the router, kept by the browser until they change', async () => {
    await open();
    const page = await browser(await app.test.user(1));
    await page.open('/2fa');
    for (const [pattern, type] of [
      [/href="(\/2fa\/two-factor\.css\?v=\w{8})"/, 'text/css'],
      [/src="(\/2fa\/two-factor\.js\?v=\w{8})"/, 'text/javascript'],
    ] as const) {
      const answer = await app.agent().get(pattern.exec(page.html)![1]!).expect(200);
      expect(answer.headers['content-type']).toContain(type);
      expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    }
    expect(page.html).not.toMatch(/<style|style="|<script>|\son\w+="/);
  });

  test('a field waits for as many digits as its code has, before it sends itself', async () => {
    await open({ twoFactor: { codeLength: 8 } });
    const page = await browser(await app.test.user(1));
    await (await page.open('/2fa/add')).submit('/add/totp');
    expect(page.html).toContain('data-digits="6"');
    await (await page.open('/2fa/add/email')).submit('/add/email');
    expect(page.html).toContain('data-digits="8"');
    await page.submit('/confirm/email', { code: app.lastCode(TwoFactorMechanism.EMAIL) });
    const second = await browser({ id: 1, email: 'user1@example.com', password: 'correct horse', disabled: 0 });
    await second.open('/2fa');
    expect(second.html).toContain('data-digits="8"');
    await second.submit('/verify', { code: app.lastCode(TwoFactorMechanism.EMAIL) });
    expect(second.status).toBe(303);
  });

  test('methods that the app cannot send are not offered', async () => {
    await open({ service: { deliver: {} } });
    const page = await browser(await app.test.user(1));
    await page.open('/2fa/add');
    expect(page.text).not.toMatch(/E-mail|Text message/);
    expect((await page.open('/2fa/add/email')).status).toBe(404);
    expect(await (await app.loggedIn(await app.test.user(2))).status()).toMatchObject({ enrollable: ['totp'] });
  });
});
