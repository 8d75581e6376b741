import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Site, type Person, type Visitor } from './site.js';

describe('logging in with a second factor in a browser', { timeout: 240_000 }, () => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open();
  }, 240_000);
  afterEach(() => site.closeVisitors());
  afterAll(() => site.close());

  /** Somebody with an authenticator app. */
  async function enrolled(): Promise<{ person: Person; visitor: Visitor; secret: string; codes: string[] }> {
    const person = await site.person();
    const visitor = await site.visitor();
    await visitor.logIn(person);
    return { person, visitor, ...(await visitor.addTotp()) };
  }

  async function atSecondStep(person: Person): Promise<Visitor> {
    const visitor = await site.visitor();
    await visitor.logIn(person);
    return visitor;
  }

  const isLoggedIn = async ({ page }: Visitor): Promise<void> => {
    await page.waitForURL('**/account');
    await page.getByText('You are logged in as').waitFor();
  };

  test('by the app, by e-mail, by text message and by a backup code', async () => {
    const { person, visitor, secret, codes } = await enrolled();
    const phone = '+15550000001';
    await visitor.addContact('email', person.email);
    await visitor.addContact('sms', phone);

    const byApp = await atSecondStep(person);
    await byApp.page.goto('/account');
    expect(new URL(byApp.page.url()).pathname).toBe('/login');
    await byApp.page.goto('/2fa');
    await byApp.enter(byApp.totp(secret));
    await isLoggedIn(byApp);

    for (const [method, contact] of [
      ['E-mail', person.email],
      ['Text message', phone],
    ] as const) {
      const byMessage = await atSecondStep(person);
      await byMessage.page.getByRole('link', { name: 'Use another method' }).click();
      await byMessage.page.getByRole('button', { name: new RegExp(method) }).click();
      await byMessage.page.getByLabel('Code', { exact: true }).waitFor();
      await byMessage.enter(await site.codeSentTo(contact));
      await isLoggedIn(byMessage);
      expect(byMessage.complaints).toEqual([]);
    }

    const byBackupCode = await atSecondStep(person);
    await byBackupCode.page.getByRole('link', { name: 'Use another method' }).click();
    await byBackupCode.page.getByRole('link', { name: /Backup code/ }).click();
    await byBackupCode.send(codes[0]!.toLowerCase(), 'Backup code');
    await isLoggedIn(byBackupCode);
    const again = await atSecondStep(person);
    await again.page.goto('/2fa/?method=backup_code');
    await again.send(codes[0]!, 'Backup code');
    expect(await again.page.getByRole('alert').innerText()).toBe(
      'That backup code is not right, or it was used before.',
    );
  });

  test('a wrong code, one that is too late, and too many of them each say what to do', async () => {
    const { person, secret } = await enrolled();
    const wrong = await atSecondStep(person);
    const old = wrong.totp(secret);
    await wrong.send('12345');
    expect(await wrong.page.getByRole('alert').innerText()).toBe(
      'That does not look like a code. Check what you entered.',
    );
    await wrong.enter('000000');
    await wrong.page
      .getByText(
        'That code is not right, or was used before: each is good once. Your app shows the next one within 30 seconds.',
      )
      .waitFor();
    expect(await wrong.page.title()).toBe('Error: One more step to log in – MyApp');
    await expect.poll(() => wrong.page.evaluate('document.activeElement.id')).toBe('code');
    await site.advance('90s');
    await wrong.enter(old);
    await wrong.page
      .getByText(
        'That code is not right, or was used before: each is good once. Your app shows the next one within 30 seconds.',
      )
      .waitFor();
    await wrong.enter(wrong.totp(secret));
    await isLoggedIn(wrong);

    const late = await atSecondStep(person);
    await site.advance('11m');
    await late.enter(late.totp(secret));
    await late.page.getByRole('heading', { name: 'Log in again' }).waitFor();
    await late.page.getByRole('link', { name: 'Log in' }).click();
    await late.page.waitForURL('**/login');

    const guessing = await atSecondStep(person);
    for (let guess = 0; guess < 5; guess += 1) {
      await guessing.page.getByLabel('Code', { exact: true }).waitFor();
      const answered = guessing.page.waitForResponse('**/verify');
      await guessing.enter(`00000${String(guess)}`);
      await answered;
      await guessing.page.waitForLoadState();
    }
    await guessing.page.getByRole('heading', { name: 'Log in again' }).waitFor();

    const throttled = await atSecondStep(person);
    // No field for a code that would not be looked at: the page counts, and leads back when it is time.
    expect(await throttled.page.locator('form').count()).toBe(0);
    await throttled.page.getByText(/^Time left: \d+ seconds?\.$/).waitFor();
    expect(await throttled.page.getByRole('link', { name: 'Try again' }).isVisible()).toBe(false);
    await site.advance('30s');
    await throttled.page.goto('/2fa');
    await throttled.enter(throttled.totp(secret));
    await isLoggedIn(throttled);
  });

  test('an e-mail code that is too old, and the one after it', async () => {
    const person = await site.person();
    const owner = await site.visitor();
    await owner.logIn(person);
    await owner.addTotp();
    await owner.addContact('email', person.email);
    const visitor = await atSecondStep(person);
    const { page } = visitor;
    await page.getByRole('link', { name: 'Use another method' }).click();
    await page.getByRole('button', { name: /E-mail/ }).click();
    await page.getByText('You can ask for another code in').waitFor();
    const old = await site.codeSentTo(person.email);
    await site.advance('5m');
    await visitor.enter(old);
    await page.getByRole('alert').waitFor();
    await page.getByRole('button', { name: 'Send another code' }).click();
    await page.getByText('A code is on its way to p***@example.com.').waitFor();
    await visitor.enter(await site.codeSentTo(person.email));
    await isLoggedIn(visitor);
  });

  test('a double click and an Enter after the last digit send the code once', async () => {
    const { person, secret } = await enrolled();
    const visitor = await atSecondStep(person);
    let posts = 0;
    visitor.page.on('request', (request) => {
      if (request.method() === 'POST') posts += 1;
    });
    // All at once, before the first of them is answered.
    await visitor.page.evaluate(`
      const field = document.getElementById('code');
      field.value = '${visitor.totp(secret)}';
      field.dispatchEvent(new Event('input'));
      field.form.querySelector('button').click();
      field.form.requestSubmit();
    `);
    await isLoggedIn(visitor);
    expect(posts).toBe(1);
  });

  test('the vault asks again once the code is a minute old, and opens afterwards', async () => {
    const { person, secret } = await enrolled();
    const visitor = await atSecondStep(person);
    const { page } = visitor;
    await visitor.enter(visitor.totp(secret));
    await isLoggedIn(visitor);
    await page.getByRole('link', { name: 'Vault' }).click();
    await page.getByRole('heading', { name: 'Vault' }).waitFor();
    await site.advance('2m');
    await page.goto('/vault');
    expect(await page.getByRole('heading').innerText()).toBe('Confirm that it is you');
    await visitor.enter(visitor.totp(secret));
    await page.waitForURL('**/vault');
    await page.getByRole('heading', { name: 'Vault' }).waitFor();
  });

  test('removing the last method asks again first, warns, and turns the second step off', async () => {
    const { person, visitor, secret } = await enrolled();
    const { page } = visitor;
    await site.advance('6m');
    await page.goto('/2fa');
    await page.getByRole('link', { name: 'Remove Authenticator app' }).click();
    await page.getByRole('heading', { name: 'Confirm that it is you' }).waitFor();
    await visitor.enter(visitor.totp(secret));
    await page.getByRole('heading', { name: 'Remove this method?' }).waitFor();
    await page.getByText('It is your last one').waitFor();
    await page.getByRole('button', { name: 'Remove' }).click();
    await page.getByText('Two-step login is off.').waitFor();
    const after = await site.visitor();
    await after.logIn(person);
    await isLoggedIn(after);
  });

  test('the keyboard alone is enough, and shows where it is', async () => {
    const { person, secret } = await enrolled();
    const visitor = await atSecondStep(person);
    const { page } = visitor;
    await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('code');
    const reached: string[] = [];
    for (let press = 0; press < 4; press += 1) {
      reached.push(await page.evaluate<string>('document.activeElement.id || document.activeElement.textContent'));
      const outline = await page.evaluate(
        'getComputedStyle(document.activeElement).outlineStyle + getComputedStyle(document.activeElement).outlineWidth',
      );
      expect(outline).toBe('solid3px');
      await page.keyboard.press('Tab');
    }
    expect(reached).toEqual(['code', 'Continue', 'Use another method', 'Log in as somebody else']);
    await page.goto('/2fa');
    await page.keyboard.type('12345');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').waitFor();
    await page.keyboard.type(visitor.totp(secret));
    await isLoggedIn(visitor);
  });
});
