import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readQr } from './qr.js';
import { Site } from './site.js';

describe('with JavaScript switched off', { timeout: 240_000 }, () => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open();
  }, 240_000);
  afterAll(() => site.close());

  test('everything works: set up, log in by each method, step up, rename, new backup codes, remove', async () => {
    const person = await site.person();
    const phone = '+15550000002';
    const visitor = await site.visitor({ javaScriptEnabled: false });
    const { page } = visitor;
    await visitor.logIn(person);
    await page.goto('/2fa/add');
    await page.getByRole('button', { name: /Authenticator app/ }).click();
    const secret = new URL(readQr(await page.locator('img.tf-qr').screenshot())!).searchParams.get('secret')!;
    expect(await page.getByRole('button', { name: 'Copy the key' }).isVisible()).toBe(false);
    await visitor.send('000000');
    expect(await page.getByRole('alert').innerText()).toContain('That code is not right');
    await visitor.send(visitor.totp(secret));
    await page.locator('.tf-codes').waitFor();
    await page.getByRole('checkbox').waitFor();
    const codes = await page.locator('.tf-codes code').allInnerTexts();
    expect(codes).toHaveLength(10);
    // Nothing is offered that cannot work.
    await expect.poll(() => page.getByRole('button').allInnerTexts()).toEqual(['Continue']);
    const downloading = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download' }).click();
    expect((await downloading).suggestedFilename()).toBe('backup-codes.txt');
    await page.getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Continue' }).click();
    await site.advance('30s');
    await visitor.addContact('email', person.email, 'button');
    await visitor.addContact('sms', phone, 'button');

    const logOutAndIn = async (): Promise<void> => {
      await page.goto('/account');
      await page.getByRole('button', { name: 'Log out' }).click();
      await visitor.logIn(person);
      expect(await page.getByRole('heading').innerText()).toBe('One more step to log in');
    };
    await logOutAndIn();
    await visitor.send(visitor.totp(secret));
    await page.waitForURL('**/account');
    for (const [method, contact] of [
      ['E-mail', person.email],
      ['Text message', phone],
    ] as const) {
      await logOutAndIn();
      await page.getByRole('link', { name: 'Use another method' }).click();
      await page.getByRole('button', { name: new RegExp(method) }).click();
      await page.getByText(/You can ask for another code in/).waitFor();
      await visitor.send(await site.codeSentTo(contact));
      await page.waitForURL('**/account');
    }
    await logOutAndIn();
    await page.getByRole('link', { name: 'Use another method' }).click();
    await page.getByRole('link', { name: /Backup code/ }).click();
    await visitor.send(codes[0]!, 'Backup code');
    await page.waitForURL('**/account');

    // An hour has its number of messages, and those of the logins have used it up.
    await site.advance('2m');
    await page.goto('/vault');
    await page.getByRole('link', { name: 'Use another method' }).click();
    await page.getByRole('button', { name: /E-mail/ }).click();
    expect(await page.getByRole('alert').innerText()).toMatch(/^Too many attempts\. Try again in \d+ minutes\.$/);
    await site.advance('1h');
    await page.goto('/vault');
    await page.getByRole('link', { name: 'Use another method' }).click();
    await page.getByRole('button', { name: /E-mail/ }).click();
    await page.getByText('A code is on its way to p***@example.com.').waitFor();
    await visitor.send(await site.codeSentTo(person.email));
    await page.waitForURL('**/vault');

    await page.goto('/2fa');
    await page.getByText('Rename').first().click();
    await page.getByRole('textbox', { name: 'Name' }).first().fill('Work phone');
    await page.getByRole('button', { name: 'Save' }).first().click();
    await page.getByText('Work phone', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Make new backup codes' }).click();
    await page.locator('.tf-codes').waitFor();
    await expect.poll(() => page.locator('.tf-codes code').allInnerTexts()).toHaveLength(10);
    await page.getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('link', { name: 'Remove Work phone' }).click();
    await page.getByRole('button', { name: 'Remove' }).click();
    await page.getByText('The method was removed.').waitFor();
    await expect
      .poll(() => page.locator('.tf-method strong').allInnerTexts())
      .toEqual(['p***@example.com', '+1•••••••02']);
    expect(visitor.complaints).toEqual([]);
  });
});
