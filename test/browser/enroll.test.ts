import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readQr } from './qr.js';
import { Site } from './site.js';

describe('setting up a method in a browser', { timeout: 240_000 }, () => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open();
  }, 240_000);
  afterEach(() => site.closeVisitors());
  afterAll(() => site.close());

  test('a user scans the picture, pastes "123 456", keeps the backup codes, and is asked for a code from then on', async () => {
    const visitor = await site.visitor({ acceptDownloads: true, permissions: ['clipboard-read', 'clipboard-write'] });
    const { page } = visitor;
    const person = await site.person();
    await visitor.logIn(person);
    await page.getByRole('link', { name: 'Two-step login' }).click();
    await page.getByRole('link', { name: 'Add a method' }).click();
    await page.getByRole('button', { name: /Authenticator app/ }).click();

    const uri = readQr(await page.locator('img.tf-qr').screenshot())!;
    const key = (await page.locator('#key').innerText()).replaceAll(/\s/g, '');
    expect(new URL(uri).searchParams.get('secret')).toBe(key);
    expect(decodeURIComponent(uri)).toContain(`otpauth://totp/MyApp:${person.email}?`);
    expect(await page.getByRole('link', { name: 'Open in an app on this device' }).getAttribute('href')).toBe(uri);
    await page.getByRole('button', { name: 'Copy the key' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(key);

    const code = visitor.totp(key);
    await page.evaluate(`navigator.clipboard.writeText('${code.slice(0, 3)} ${code.slice(3)}')`);
    await page.getByLabel('Code', { exact: true }).focus();
    await page.keyboard.press('Control+V');

    await page.getByRole('heading', { name: 'Save your backup codes' }).waitFor();
    await page.getByRole('checkbox').waitFor();
    const codes = await page.locator('.tf-codes code').allInnerTexts();
    expect(codes).toHaveLength(10);
    const downloading = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download' }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toBe('backup-codes.txt');
    expect(readFileSync(await download.path(), 'utf8')).toContain(codes.join('\n'));
    await page.evaluate('window.print = () => { document.title = "printed"; }');
    await page.getByRole('button', { name: 'Print' }).click();
    expect(await page.title()).toBe('printed');

    await page.getByRole('button', { name: 'Continue' }).click();
    expect(await page.getByRole('heading').innerText()).toBe('Save your backup codes');
    await page.getByLabel('I have saved my backup codes').check();
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('Codes left: 10.').waitFor();

    await site.advance('30s');
    const again = await site.visitor();
    await again.logIn(person);
    expect(await again.page.getByRole('heading').innerText()).toBe('One more step to log in');
    await again.enter(again.totp(key));
    await again.page.waitForURL('**/account');
    expect([...visitor.complaints, ...again.complaints]).toEqual([]);
  });

  test('a mistyped code says so at its field, which has the focus, and the same picture is still there', async () => {
    const visitor = await site.visitor();
    const { page } = visitor;
    await visitor.logIn(await site.person());
    await page.goto('/2fa/add');
    await page.getByRole('button', { name: /Authenticator app/ }).click();
    const uri = readQr(await page.locator('img.tf-qr').screenshot());
    await visitor.enter('000000');
    await page.getByRole('alert').waitFor();
    expect(readQr(await page.locator('img.tf-qr').screenshot())).toBe(uri);
    const field = page.getByLabel('Code', { exact: true });
    await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('code');
    expect(await field.getAttribute('aria-invalid')).toBe('true');
    const described = (await field.getAttribute('aria-describedby'))!.split(' ');
    expect(await page.locator(`#${described[0]!}`).innerText()).toContain('That code is not right');
    await visitor.enter(visitor.totp(new URL(uri!).searchParams.get('secret')!));
    await page.getByRole('heading', { name: 'Save your backup codes' }).waitFor();
  });

  test('e-mail and text message: the code comes to the contact, and the wait for another one is counted', async () => {
    const visitor = await site.visitor();
    const { page } = visitor;
    const person = await site.person();
    await visitor.logIn(person);
    await visitor.addTotp();
    await visitor.addContact('email', person.email);
    await page.clock.install();
    await page.goto('/2fa/add/sms');
    await page.getByLabel('Phone number').fill('+15551234567');
    await page.getByRole('button', { name: 'Send a code' }).click();
    await page.getByText('A code is on its way to +1•••••••67.').waitFor();
    const another = page.getByRole('button', { name: 'Send another code' });
    // The text is there before the script, which is deferred, has run.
    await expect.poll(() => another.isDisabled()).toBe(true);
    await page.clock.fastForward(10_000);
    await page.getByText('You can ask for another code in 20 seconds.').waitFor();
    await page.clock.fastForward(20_000);
    await expect.poll(() => another.isEnabled()).toBe(true);
    const first = await site.codeSentTo('+15551234567');
    await another.click();
    await expect.poll(() => site.codeSentTo('+15551234567')).not.toBe(first);
    await visitor.enter(await site.codeSentTo('+15551234567'));
    await page.getByText('The method was added.').waitFor();
    await expect
      .poll(() => page.locator('.tf-method strong').allInnerTexts())
      .toEqual(['Authenticator app', 'p***@example.com', '+1•••••••67']);
    expect(visitor.complaints).toEqual([]);
  });
});
