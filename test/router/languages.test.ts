import { afterEach, describe, expect, test } from 'vitest';
import { twoFactorRouter } from 'passport-two-factor/router';
import { catalog, duration, isRightToLeft, knownLocale, translator } from '../../lib/router/messages/index.js';
import { databases } from '../support/databases.js';
import { RouterApp } from './support.js';

const malformed = [
  '',
  ' ',
  'x',
  'not a language!',
  'de--AT',
  'de-',
  '-de',
  'd',
  'de-abcdefghijk',
  '_',
  'de_',
  '..',
  'i-i-i',
  '\u0000',
  '🇩🇪',
  'de-u-',
  'x'.repeat(10_000),
];

describe('the language that is asked for', () => {
  const languages = catalog({
    pt_br: { 'code.submit': 'Continuar' },
    'zh-hant': { 'code.submit': '繼續' },
    AR: { 'code.submit': 'متابعة' },
  });

  test.each([
    ['DE', 'de', 'Weiter'],
    ['de-at', 'de-AT', 'Weiter'],
    ['de_AT', 'de-AT', 'Weiter'],
    ['DE_ch', 'de-CH', 'Weiter'],
    ['de_DE.UTF-8', 'de-DE', 'Weiter'],
    ['de_DE@euro', 'de-DE', 'Weiter'],
    ['pt-BR', 'pt-BR', 'Continuar'],
    ['PT_br', 'pt-BR', 'Continuar'],
    ['zh_Hant', 'zh-Hant', '繼續'],
    ['zh-hant-tw', 'zh-Hant-TW', '繼續'],
    ['ar_EG', 'ar-EG', 'متابعة'],
    ['zh-Hans', 'en', 'Continue'],
    ['pt', 'en', 'Continue'],
    ['ja', 'en', 'Continue'],
  ])('%s is found in any case and with either line, as %s', (wanted, locale, text) => {
    const found = knownLocale(languages, wanted);
    expect([found, translator(languages, found)('code.submit')]).toEqual([locale, text]);
    expect(duration(found, 60)).toMatch(/60|٦٠/);
  });

  test.each<unknown>([...malformed, undefined, null, 7, {}, ['de']])('%j is none: the page is in English', (wanted) => {
    const locale = knownLocale(languages, wanted);
    expect(translator(languages, locale)('code.submit')).toMatch(/^(Continue|Weiter)$/);
    expect(duration(locale, 60)).toMatch(/^60 /);
    expect(() => new Intl.DateTimeFormat(locale).format(0)).not.toThrow();
  });

  test('from right to left: Arabic, Hebrew, Persian, Urdu and what is written like them', () => {
    for (const locale of ['ar', 'ar-EG', 'he', 'iw', 'fa', 'ur', 'ps', 'ckb', 'yi', 'dv', 'az-Arab'])
      expect(isRightToLeft(locale), locale).toBe(true);
    for (const locale of ['en', 'de-AT', 'tr', 'hi', 'zh-Hant', 'ku', 'az'])
      expect(isRightToLeft(locale), locale).toBe(false);
  });

  test('what is filled into such a text is kept apart from it, and into others is not', () => {
    const tables = catalog({ fa: { 'code.sent': 'کد به {contact} فرستاده شد.' } });
    expect(translator(tables, 'fa')('code.sent', { contact: '+98•••67' })).toBe(
      'کد به \u2068+98•••67\u2069 فرستاده شد.',
    );
    expect(translator(tables, 'en')('code.sent', { contact: '+98•••67' })).toBe('A code is on its way to +98•••67.');
    expect(translator(tables, 'fa')('code.sent')).toContain('{contact}');
  });
});

describe.each(databases)('pages in any language on $name', (database) => {
  let app: RouterApp;
  afterEach(async () => {
    await app.close();
  });

  test('a malformed tag of the app or the browser fails no page', async () => {
    let locale: unknown;
    app = await RouterApp.open(database, { router: { locale: () => locale as string } });
    const client = await app.loggedIn(await app.test.user(1));
    for (locale of malformed) expect((await client.agent.get('/2fa')).status, String(locale)).toBe(200);
    const { service, passport } = app.test;
    app.app.use('/other', twoFactorRouter({ service, passport, pages: true }));
    for (const header of ['x', ';', 'de;q=2', '*;q=0', 'd-e-', 'de_AT']) {
      expect((await client.agent.get('/other').set('Accept-Language', header)).status, header).toBe(200);
    }
  });

  test('Arabic turns the page round, and codes and addresses in it stay as they are', async () => {
    app = await RouterApp.open(database, { router: { messages: { ar: { 'manage.title': 'تسجيل الدخول بخطوتين' } } } });
    const { user, secret } = await app.test.withTotp(1);
    const client = await app.loggedIn(user, secret);
    const { text } = await client.agent.get('/2fa').set('Accept-Language', 'ar-EG,ar;q=0.9').expect(200);
    expect(text).toContain('<html lang="ar" dir="rtl">');
    expect((await client.agent.get('/2fa').set('Accept-Language', 'de')).text).toContain('<html lang="de">');
    const { text: style } = await client.agent.get('/2fa/two-factor.css').expect(200);
    expect(style).not.toMatch(
      /(?:margin|padding|border)-(?:left|right)|text-align: (?:left|right)|[^-](?:left|right): /,
    );
  });
});
