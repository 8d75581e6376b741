import { isRightToLeft } from '../messages/index.js';
import { explainError } from './explain-error.js';
import { html, type Html } from './html.js';
import type { PageFrame } from './page-types.js';

export interface Frame {
  readonly locale: string;
  readonly site: string;
  readonly stylesheets: readonly string[];
  readonly scripts: readonly string[];
}

export function layout({ locale, site, stylesheets, scripts }: Frame, title: string, body: Html): string {
  return html`<!doctype html>
<html lang="${locale}"${isRightToLeft(locale) && html` dir="rtl"`}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} – ${site}</title>
${stylesheets.map(
  (href) => html`<link rel="stylesheet" href="${href}">
`,
)}${scripts.map(
    (src) => html`<script src="${src}" defer></script>
`,
  )}</head>
<body>
<main class="tf">
<p class="tf-site">${site}</p>
${body}
</main>
</body>
</html>
`.markup;
}

/** Why the last try failed. Its field is described by it. */
export const problem = (view: PageFrame): Html | false =>
  view.error !== undefined && html`<p class="tf-error" role="alert" id="error">${explainError(view, view.error)}</p>`;

/** The heading, and below it what there is to say about the last step, unless the page says it nearer to its form. */
export function page(view: PageFrame & { readonly isSaid?: boolean }, title: string, body: Html): string {
  const { t, notice, error, layout: frame, isSaid = false } = view;
  return frame(
    error ? t('page.error', { title }) : title,
    html`<h1>${title}</h1>
${notice !== undefined && html`<p class="tf-notice" role="status">${t(notice)}</p>`}
${!isSaid && problem(view)}
${body}`,
  );
}

/** In place of a form that would be refused for some time. The script counts, and shows `control` when it is over. */
export const waiting = ({ t, duration }: PageFrame, seconds: number, control: Html): Html => html`
<div class="tf-resend" data-resend-after="${seconds}">
${control}
<p class="tf-hint" data-wait="${t('wait.text', { time: '{time}' })}">${t('wait.text', { time: duration(seconds) })}</p>
</div>`;

/** What a form needs to be accepted. */
export const hidden = (
  { csrfField, csrfToken }: PageFrame,
  fields: Readonly<Record<string, string | undefined>> = {},
): Html => html`
<input type="hidden" name="${csrfField}" value="${csrfToken}">${Object.entries(fields).map(
  ([name, value]) => value !== undefined && value !== '' && html`<input type="hidden" name="${name}" value="${value}">`,
)}`;

export const withReturnTo = (path: string, returnTo: string): string =>
  returnTo === '' ? path : `${path}${path.includes('?') ? '&' : '?'}returnTo=${encodeURIComponent(returnTo)}`;
