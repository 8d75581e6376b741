import { de } from './de.js';
import { en, type MessageKey, type Messages } from './en.js';

export type { MessageKey, Messages } from './en.js';

/** A language, or a part of one. */
export type MessageTable = Partial<Messages>;

/** Languages by their tags, such as `en` or `pt-BR`; the first is what an unknown one falls back to. */
export type Catalog = ReadonlyMap<string, Messages>;

/** The text of a key in the page's language, with `{name}` filled in from `values`; plain text, not markup. */
export type Translate = (key: MessageKey, values?: Readonly<Record<string, string | number>>) => string;

/** The built-in languages with those of the app in them. @throws TypeError for what is no language or no known text */
export function catalog(extra: unknown): Catalog {
  const languages = new Map<string, Messages>([
    ['en', en],
    ['de', de],
  ]);
  for (const [name, table] of Object.entries((extra ?? {}) as Record<string, MessageTable>)) {
    const tag = canonical(name);
    if (tag === undefined)
      throw new TypeError(`twoFactorRouter: messages must name languages such as "fr" or "pt-BR"; got "${name}"`);
    for (const [key, text] of Object.entries(table)) {
      if (!(key in en) || typeof text !== 'string')
        throw new TypeError(`twoFactorRouter: messages.${name} must be texts by their keys; "${key}" is none`);
    }
    languages.set(tag, { ...en, ...languages.get(tag), ...table });
  }
  return languages;
}

/** A tag as `Intl` takes it: `de-AT` of `de_at` and of `DE_AT.UTF-8`; undefined for what is none. */
function canonical(tag: unknown): string | undefined {
  if (typeof tag !== 'string') return undefined;
  try {
    return Intl.getCanonicalLocales((tag.split(/[.@]/)[0] ?? '').trim().replaceAll('_', '-'))[0];
  } catch {
    return undefined;
  }
}

/** `zh-Hant-TW`, `zh-Hant`, `zh`: from the language asked for to what is common to all of its kinds. */
function bases(tag: string): string[] {
  const parts = tag.split('-');
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('-'));
}

/** The language asked for, as far as there are texts in it; else English. A region is kept, for its dates. */
export function knownLocale(languages: Catalog, wanted: unknown): string {
  const tag = canonical(wanted);
  return tag !== undefined && bases(tag).some((base) => languages.has(base)) ? tag : 'en';
}

const rightToLeftScripts = new Set(['Adlm', 'Arab', 'Hebr', 'Mand', 'Nkoo', 'Rohg', 'Samr', 'Syrc', 'Thaa', 'Yezi']);

/** Whether the language is written from right to left: Arabic, Hebrew, Persian, Urdu and others. */
export const isRightToLeft = (locale: string): boolean =>
  rightToLeftScripts.has(new Intl.Locale(locale).maximize().script ?? '');

/**
 * The texts of a language, or of its base (`de` for `de-AT`), or English. Among text from right to left, what is filled
 * in (an address, a number) is kept apart from it: a phone number would end in its plus sign.
 */
export function translator(languages: Catalog, locale: string): Translate {
  const texts = languages.get(bases(locale).find((base) => languages.has(base)) ?? 'en') ?? en;
  const apart = (text: string): string => (isRightToLeft(locale) ? `\u2068${text}\u2069` : text);
  return (key, values = {}) =>
    texts[key].replace(/\{(\w+)\}/g, (whole, name: string) => {
      const value = values[name];
      return value === undefined ? whole : apart(String(value));
    });
}

const units = [
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

/** "30 seconds", "2 minutes": rounded up, so that nobody comes too early. */
export function duration(locale: string, seconds: number): string {
  const [unit, size] = units.find(([, length]) => seconds >= 2 * length) ?? ['second', 1];
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(Math.ceil(seconds / size));
}
