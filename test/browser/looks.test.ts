import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Site, type Visitor } from './site.js';

const views = [
  { name: 'light', colorScheme: 'light', width: 1100, locale: 'en-GB' },
  { name: 'dark', colorScheme: 'dark', width: 1100, locale: 'de-DE' },
  { name: 'phone', colorScheme: 'light', width: 360, locale: 'de-DE' },
  { name: 'phone-dark', colorScheme: 'dark', width: 360, locale: 'en-GB' },
] as const;

describe('every page, to look at and to listen to', { timeout: 240_000 }, () => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open();
  }, 240_000);
  afterEach(() => site.closeVisitors());
  afterAll(() => site.close());

  test.each(views)(
    '$name: axe finds nothing, nothing runs over the edge, and a picture is kept',
    async ({ name, colorScheme, width, locale }) => {
      const person = await site.person();
      const visitor = await site.visitor({
        colorScheme,
        locale,
        viewport: { width, height: 740 },
        ...(width === 360 && { hasTouch: true, isMobile: true, deviceScaleFactor: 2 }),
      });
      const { page } = visitor;
      const found: string[] = [];
      let seen = 0;
      const look = async (title: string): Promise<void> => {
        seen += 1;
        await visitor.screenshot(`${name}-${String(seen).padStart(2, '0')}-${title}`);
        found.push(
          ...(await visitor.violations()).map((violation) => `${title}: ${violation}`),
          ...(await tooWide(visitor)).map((text) => `${title}: ${text}`),
        );
      };
      const back = /^(Continue|Weiter)$/;

      await visitor.logIn(person);
      await page.goto('/2fa');
      await look('manage-off');
      await page.goto('/2fa/add');
      await look('add');
      await page.getByRole('button', { name: /Auth/ }).click();
      await look('totp');
      const secret = (await page.locator('#key').innerText()).replaceAll(/\s/g, '');
      await visitor.send('12345');
      await page.getByRole('alert').waitFor();
      await look('totp-error');
      await visitor.enter(visitor.totp(secret));
      await page.locator('.tf-codes').waitFor();
      await look('backup-codes');
      await page.getByRole('checkbox').check();
      await page.getByRole('button', { name: back }).click();
      await site.advance('30s');
      await page.goto('/2fa/add/email');
      await look('contact-email');
      await page.locator('main form button').click();
      await page.locator('#code').waitFor();
      await look('confirm-email');
      await visitor.enter(await site.codeSentTo(person.email));
      await page.locator('.tf-notice').waitFor();
      await page.goto('/2fa/add/sms');
      await page.locator('#contact').fill('12');
      await page.locator('main form button').click();
      await page.getByRole('alert').waitFor();
      await look('contact-sms-error');
      await visitor.addContact('sms', '+15550000003');
      await page.locator('summary').first().click();
      await look('manage-rename');
      await page.locator('summary').first().click();
      await look('manage');
      await page.locator('a.tf-danger').first().click();
      await look('remove');
      await page.goto('/2fa/step-up');
      await look('step-up');
      await page.goto('/2fa/remove?id=none');
      await look('missing');

      const second = await site.visitor({ colorScheme, locale, viewport: { width, height: 740 } });
      await second.logIn(person);
      const other = second.page;
      const lookAtSecond = async (title: string): Promise<void> => {
        seen += 1;
        await second.screenshot(`${name}-${String(seen).padStart(2, '0')}-${title}`);
        found.push(
          ...(await second.violations()).map((violation) => `${title}: ${violation}`),
          ...(await tooWide(second)).map((text) => `${title}: ${text}`),
        );
      };
      await lookAtSecond('code-totp');
      await other.goto('/2fa/choose');
      await lookAtSecond('choose');
      await other.locator('main form button').first().click();
      await other.locator('#code').waitFor();
      await lookAtSecond('code-email');
      await second.enter('000000');
      await other.getByRole('alert').waitFor();
      await lookAtSecond('code-error');
      await other.goto('/2fa/?method=backup_code');
      await lookAtSecond('code-backup');
      await site.advance('11m');
      await second.send('0000-0000-00000', /(Backup code|Ersatzcode)/);
      await lookAtSecond('expired');

      const third = await site.visitor({ colorScheme, locale, viewport: { width, height: 740 } });
      await third.logIn(await site.person());
      await site.advance('6m');
      await third.page.goto('/2fa/add');
      seen += 1;
      await third.screenshot(`${name}-${String(seen).padStart(2, '0')}-password`);
      found.push(...(await third.violations()), ...(await tooWide(third)));

      expect(found).toEqual([]);
      expect([...visitor.complaints, ...second.complaints, ...third.complaints]).toEqual([]);
      expect(seen).toBe(20);
    },
  );

  test('fields are what phones and password managers expect', async () => {
    const person = await site.person();
    const visitor = await site.visitor();
    await visitor.logIn(person);
    const { codes } = await visitor.addTotp();
    expect(codes).toHaveLength(10);
    const pending = await site.visitor();
    await pending.logIn(person);
    const attributes = async (names: string[]): Promise<(string | null)[]> => {
      const field = pending.page.locator('#code');
      return Promise.all(names.map((name) => field.getAttribute(name)));
    };
    expect(await attributes(['autocomplete', 'inputmode', 'maxlength', 'type'])).toEqual([
      'one-time-code',
      'numeric',
      null,
      'text',
    ]);
    await pending.page.goto('/2fa/?method=backup_code');
    expect(await attributes(['autocomplete', 'inputmode', 'spellcheck'])).toEqual(['off', null, 'false']);
  });

  test('an app changes the colors by its variables, in both schemes', async () => {
    const visitor = await site.visitor({ colorScheme: 'dark' });
    await visitor.logIn(await site.person());
    await visitor.page.route('**/app.css', (route) =>
      route.fulfill({ contentType: 'text/css', body: ':root { --tf-accent: rgb(1, 2, 3); }' }),
    );
    await visitor.page.route('**/2fa/', async (route) => {
      const answer = await route.fetch();
      await route.fulfill({
        response: answer,
        body: (await answer.text()).replace('</head>', '<link rel="stylesheet" href="/app.css"></head>'),
      });
    });
    await visitor.page.goto('/2fa/');
    expect(await visitor.page.evaluate('getComputedStyle(document.querySelector(".tf-button")).backgroundColor')).toBe(
      'rgb(1, 2, 3)',
    );
  });
});

/** Where the page is wider than its window, and what is cut off in it. */
async function tooWide({ page }: Visitor): Promise<string[]> {
  return page.evaluate<string[]>(`
    [document.documentElement, ...document.querySelectorAll('main *')]
      .filter((element) => element.checkVisibility() && element.tagName !== 'INPUT' && element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1)
      .map((element) => element.tagName + ' ' + element.className + ': ' + element.scrollWidth + ' > ' + element.clientWidth)
  `);
}
