import type { CDPSession } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Site, type Person, type Visitor } from './site.js';

/** What Chromium's own authenticators are like (CDP, WebAuthn.addVirtualAuthenticator). */
const kinds = {
  'a phone or computer': { transport: 'internal', hasResidentKey: true, hasUserVerification: true },
  'a security key': { transport: 'usb', hasResidentKey: true, hasUserVerification: true },
  'a security key that keeps nothing and asks for no PIN': {
    transport: 'usb',
    hasResidentKey: false,
    hasUserVerification: false,
  },
} as const;

interface Device {
  readonly cdp: CDPSession;
  readonly authenticatorId: string;
}

describe('passkeys in a browser', { timeout: 240_000 }, () => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open();
  }, 240_000);
  afterEach(() => site.closeVisitors());
  afterAll(() => site.close());

  async function plugIn(
    { page }: Visitor,
    kind: (typeof kinds)[keyof typeof kinds] = kinds['a phone or computer'],
  ): Promise<Device> {
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('WebAuthn.enable');
    const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: { protocol: 'ctap2', isUserVerified: true, automaticPresenceSimulation: true, ...kind },
    });
    return { cdp, authenticatorId };
  }

  /** With the password: the login page offers the passkey in its field, too, and nobody touches the device for that. */
  async function logInAgain(visitor: Visitor, person: Person, { cdp, authenticatorId }: Device): Promise<void> {
    await visitor.page.context().clearCookies();
    await cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled: false });
    await visitor.logIn(person);
    await cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled: true });
  }

  async function addPasskey({ page }: Visitor, name = ''): Promise<void> {
    await page.goto('/2fa/add/passkey');
    await page.getByLabel('Name').fill(name);
    await page.getByRole('button', { name: 'Make a passkey' }).click();
  }

  async function keepCodes({ page }: Visitor): Promise<void> {
    await page.getByRole('heading', { name: 'Save your backup codes' }).waitFor();
    await page.getByLabel('I have saved my backup codes').check();
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.waitForURL('**/2fa/');
  }

  test.each(Object.entries(kinds))(
    'of %s are set up, asked for at a login, renamed and removed',
    async (_name, kind) => {
      const visitor = await site.visitor();
      const { page } = visitor;
      await page.addInitScript(`
        window.told = [];
        PublicKeyCredential.signalAllAcceptedCredentials = function (options) {
          window.told.push(options);
          return Promise.resolve();
        };`);
      const device = await plugIn(visitor, kind);
      const { cdp, authenticatorId } = device;
      const person = await site.person();
      await visitor.logIn(person);
      await addPasskey(visitor, 'My key');
      await keepCodes(visitor);
      await page.getByText('My key').waitFor();
      const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId });
      expect(credentials).toHaveLength(1);

      await logInAgain(visitor, person, device);
      expect(await page.getByRole('heading').innerText()).toBe('One more step to log in');
      expect(await visitor.violations()).toEqual([]);
      await page.getByRole('button', { name: 'Use your passkey' }).click();
      await page.waitForURL('**/account');

      await page.goto('/vault');
      await page.getByText('in the last minute').waitFor();
      await site.advance('2m');
      await page.goto('/vault');
      await page.getByRole('button', { name: 'Use your passkey' }).click();
      await page.waitForURL('**/vault');

      await page.goto('/2fa/');
      await page.getByText('Rename', { exact: true }).click();
      await page.getByRole('textbox', { name: 'Name' }).fill('Other name');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('Other name').waitFor();
      expect(await visitor.violations()).toEqual([]);
      await page.getByRole('link', { name: 'Remove Other name' }).click();
      await page.getByRole('button', { name: 'Remove' }).click();
      await page.getByText('The method was removed.').waitFor();
      // The browser is told which passkeys are left, so that it offers this one no more.
      const told = await page.evaluate<{ rpId: string; allAcceptedCredentialIds: string[] }[]>('window.told');
      expect(told.at(-1)).toMatchObject({ rpId: 'localhost', allAcceptedCredentialIds: [] });
      expect(visitor.complaints).toEqual([]);
    },
  );

  test('log in alone, from the name field of the app’s own login page and by its button', async () => {
    const visitor = await site.visitor();
    const { page } = visitor;
    const { cdp, authenticatorId } = await plugIn(visitor);
    const person = await site.person();
    await visitor.logIn(person);
    await addPasskey(visitor);
    await keepCodes(visitor);
    // The device is touched at once, so that the field has its answer.
    await page.context().clearCookies();
    await page.goto('/login');
    await page.waitForURL('**/account');
    await page.getByText(person.email).waitFor();
    await page.goto('/vault');
    await page.getByText('in the last minute').waitFor();

    await page.context().clearCookies();
    await cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled: false });
    await page.goto('/login');
    const button = page.getByRole('button', { name: 'Log in with a passkey' });
    await button.waitFor();
    expect(await visitor.violations()).toEqual([]);
    await visitor.screenshot('passkey-alone');
    await cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled: true });
    await button.click({ noWaitAfter: true });
    await page.waitForURL('**/account');
    expect(visitor.complaints).toEqual([]);
  });

  test('that are canceled leave the page as it was, with a way on', async () => {
    const visitor = await site.visitor();
    const { page } = visitor;
    const device = await plugIn(visitor);
    const { cdp, authenticatorId } = device;
    const person = await site.person();
    await visitor.logIn(person);
    await addPasskey(visitor);
    await keepCodes(visitor);
    await logInAgain(visitor, person, device);
    await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
    await cdp.send('WebAuthn.clearCredentials', { authenticatorId });
    await page.getByRole('button', { name: 'Use your passkey' }).click();
    await page.getByText('That did not work, or it was canceled.').waitFor();
    expect(await page.getByRole('button', { name: 'Use your passkey' }).isEnabled()).toBe(true);
    expect(await visitor.violations()).toEqual([]);
    await visitor.screenshot('passkey-canceled');
    await page.getByRole('link', { name: 'Use another method' }).click();
    await page.getByRole('link', { name: /Backup code/ }).waitFor();
  });

  test('that nobody touches in time leave the page as it was', async () => {
    const visitor = await site.visitor();
    const { page } = visitor;
    const device = await plugIn(visitor);
    const person = await site.person();
    await visitor.logIn(person);
    await addPasskey(visitor);
    await keepCodes(visitor);
    await logInAgain(visitor, person, device);
    const { cdp, authenticatorId } = device;
    await cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled: false });
    // Five minutes are asked for; Chromium waits as long as it is told to, within its own bounds.
    await page.route('**/api/challenge', async (route) => {
      const answer = await route.fetch();
      const { options } = (await answer.json()) as { options: object };
      await route.fulfill({ response: answer, json: { options: { ...options, timeout: 1000 } } });
    });
    await page.getByRole('button', { name: 'Use your passkey' }).click();
    await page.getByText('That did not work, or it was canceled.').waitFor();
    expect(await page.getByRole('button', { name: 'Use your passkey' }).isEnabled()).toBe(true);
  });

  test('are explained, and left for another method, where the browser has none or no script', async () => {
    const visitor = await site.visitor();
    await plugIn(visitor);
    const person = await site.person();
    await visitor.logIn(person);
    await addPasskey(visitor);
    await keepCodes(visitor);
    const plain = await site.visitor({ javaScriptEnabled: false });
    await plain.logIn(person);
    await plain.page.getByText('This browser cannot use passkeys here.').waitFor();
    expect(await plain.page.getByRole('button', { name: 'Use your passkey' }).count()).toBe(0);
    await plain.page.getByRole('link', { name: 'Use another method' }).click();
    await plain.page.getByRole('link', { name: /Backup code/ }).waitFor();
  });

  test('look right in both schemes, on a phone and a desk', async () => {
    for (const [name, options] of [
      ['desk-light', { colorScheme: 'light', viewport: { width: 1280, height: 800 } }],
      ['phone-dark', { colorScheme: 'dark', viewport: { width: 360, height: 740 } }],
    ] as const) {
      const visitor = await site.visitor(options);
      const { page } = visitor;
      const device = await plugIn(visitor);
      const person = await site.person();
      await visitor.logIn(person);
      await page.goto('/2fa/add/passkey');
      expect(await visitor.violations()).toEqual([]);
      await visitor.screenshot(`passkey-add-${name}`);
      await page.getByRole('button', { name: 'Make a passkey' }).click();
      await keepCodes(visitor);
      await visitor.screenshot(`passkey-manage-${name}`);
      await logInAgain(visitor, person, device);
      expect(await visitor.violations()).toEqual([]);
      await visitor.screenshot(`passkey-login-${name}`);
    }
  });
});
