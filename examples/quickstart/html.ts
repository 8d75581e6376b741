/** Markup that was made by `html` and is not escaped again. */
export class Html {
  constructor(readonly markup: string) {}
}

type Value = Html | string | number | false | undefined | readonly Value[];

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function toMarkup(value: Value): string {
  if (value instanceof Html) return value.markup;
  if (value === false || value === undefined) return '';
  if (typeof value === 'object') return value.map(toMarkup).join('');
  return String(value).replace(/[&<>"']/g, (character) => entities[character]!);
}

/** A template whose values are escaped, unless they are templates themselves. Attributes have to be in double quotes. */
export function html(strings: TemplateStringsArray, ...values: Value[]): Html {
  return new Html(String.raw({ raw: strings }, ...values.map(toMarkup)));
}
