import { de } from './de.js';
import { en } from './en.js';

/** The name of a text of the pages, such as `'code.submit'`. */
export type MessageKey = keyof typeof en;

/** A whole language. */
export type Messages = Readonly<Record<MessageKey, string>>;

/** A language, or a part of one. */
export type MessageTable = Partial<Messages>;

/** Languages by their tags, such as `en` or `pt-BR`; the first is what an unknown one falls back to. */
export type Catalogue = ReadonlyMap<string, Messages>;

/** The text of a key in the page's language, with `{name}` filled in from `values`; plain text, not markup. */
export type Translate = (key: MessageKey, values?: Readonly<Record<string, string | number>>) => string;

/** The built-in languages with those of the app in them. @throws TypeError for what is no language or no known text */
export function catalogue(extra: unknown): Catalogue {
  const languages = new Map<string, Messages>([['en', en], ['de', de]]);
  for (const [tag, table] of Object.entries((extra ?? {}) as Record<string, MessageTable>)) {
    checkTag(tag);
    for (const [key, text] of Object.entries(table)) {
      if (!(key in en) || typeof text !== 'string') throw new TypeError(`twoFactorRouter: messages.${tag} must be texts by their keys; "${key}" is none`);
    }
    languages.set(tag, { ...en, ...languages.get(tag), ...table });
  }
  return languages;
}

function checkTag(tag: string): void {
  try {
    new Intl.Locale(tag);
  } catch (cause) {
    throw new TypeError(`twoFactorRouter: messages must name languages such as "fr" or "pt-BR"; got "${tag}"`, { cause });
  }
}

/** The language asked for, as far as there are texts in it; else English. A region is kept, for its dates. */
export function knownLocale(languages: Catalogue, wanted: unknown): string {
  const tag = typeof wanted === 'string' ? wanted : '';
  return /^[a-z]{2,3}(-[a-z0-9]{2,8})*$/i.test(tag) && (languages.has(tag) || languages.has(tag.split('-')[0] ?? '')) ? tag : 'en';
}

/** The texts of a language, or of its base (`de` for `de-AT`), or English. */
export function translator(languages: Catalogue, locale: string): Translate {
  const texts = languages.get(locale) ?? languages.get(locale.split('-')[0] ?? '') ?? en;
  return (key, values = {}) => texts[key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

const units = [['hour', 3600], ['minute', 60], ['second', 1]] as const;

/** "30 seconds", "2 minutes": rounded up, so that nobody comes too early. */
export function duration(locale: string, seconds: number): string {
  const [unit, size] = units.find(([, length]) => seconds >= 2 * length) ?? ['second', 1];
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(Math.ceil(seconds / size));
}
