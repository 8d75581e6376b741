/** Markup that `html` has made. It is not escaped again. */
export class Html {
  /** @param markup what is sent as it stands */
  constructor(
    /** The text, for `res.send`. */
    readonly markup: string,
  ) {}

  /** The same text. */
  toString(): string {
    return this.markup;
  }
}

/** What may stand in a template of `html`; lists are joined, `false` and `undefined` are nothing. */
export type HtmlValue = Html | string | number | false | undefined | readonly HtmlValue[];

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function toMarkup(value: HtmlValue): string {
  if (value instanceof Html) return value.markup;
  if (Array.isArray(value)) return value.map(toMarkup).join('');
  if (value === false || value === undefined) return '';
  return String(value).replace(/[&<>"']/g, (character) => entities[character] ?? '');
}

/**
 * A template whose values are escaped, unless they are templates themselves. Attributes have to stand in double
 * quotes.
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(strings.reduce((before, string, index) => `${before}${toMarkup(values[index - 1])}${string}`));
}
