import { html } from '../html.js';
import { hidden, page } from '../layout.js';
import type { PageView } from '../page-types.js';

export function removePage(view: PageView<'remove'>): string {
  const { t, base, authenticator, last } = view;
  return page(
    view,
    t('remove.title'),
    html`
<p>${t('remove.text', { name: authenticator.label })}</p>
${last && html`<p class="tf-warning">${t('remove.last')}</p>`}
<form method="post" action="${base}/remove" class="tf-actions">${hidden(view, { id: authenticator.id })}
<button class="tf-button tf-danger">${t('remove.submit')}</button>
<a class="tf-button tf-plain" href="${base}/">${t('remove.cancel')}</a>
</form>`,
  );
}
