import { html, type Html } from '../html.js';
import { hidden, page } from '../layout.js';
import type { PageView } from '../page-types.js';

type View = PageView<'add'>;

export function addPage(view: View): string {
  const { t, base, methods } = view;
  const words = (method: View['methods'][number]): Html =>
    html`<strong>${t(`method.${method}`)}</strong>${
      method === 'totp' && methods.length > 1 && html` <em class="tf-badge">${t('add.recommended')}</em>`
    } <span>${t(`add.${method}`)}</span>`;
  return page(
    view,
    t('add.title'),
    html`
<p>${t('add.text')}</p>
<ul class="tf-choices">${methods.map(
      (method) => html`
<li>${
        method === 'totp'
          ? // It makes a secret, so it is no link.
            html`<form method="post" action="${base}/add/totp">
${hidden(view)}<button class="tf-choice">${words(method)}</button></form>`
          : html`<a class="tf-choice" href="${base}/add/${method}">${words(method)}</a>`
      }</li>`,
    )}
</ul>
<p class="tf-links"><a href="${base}/">${t('code.cancel')}</a></p>`,
  );
}
