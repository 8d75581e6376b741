import { html } from '../html.js';
import { hidden, page, problem, waiting } from '../layout.js';
import type { PageView } from '../page-types.js';
import { codeField } from './code-field.js';

export function totpPage(view: PageView<'totp'>): string {
  const { t, base, secret, uri, qrCode, digits, wait } = view;
  const groups = secret.match(/.{1,4}/g) ?? [];
  const form = html`<form method="post" action="${base}/confirm/totp">${hidden(view, { uri })}
${codeField(view, { method: 'totp', digits, focus: view.error !== undefined })}
<button class="tf-button">${t('code.submit')}</button>
</form>`;
  const again = html`<form method="post" action="${base}/confirm/totp">${hidden(view, { uri, again: 'yes' })}
<button class="tf-button">${t('wait.retry')}</button></form>`;
  return page(
    { ...view, isSaid: true },
    t('totp.title'),
    html`
<ol class="tf-steps">
<li><p>${t('totp.scan')}</p>
<img class="tf-qr" src="${qrCode}" alt="${t('totp.qr')}" width="220" height="220">
<p><a href="${uri}">${t('totp.open')}</a></p></li>
<li><p>${t('totp.key')}</p>
<p><code class="tf-key" id="key">${groups.map((group) => html`<span>${group}</span> `)}</code></p>
<button type="button" class="tf-small" hidden
 data-copy="${secret}" data-copied="${t('backup.copied')}">${t('totp.copy')}</button></li>
<li><p>${t('totp.enter')}</p>
${problem(view)}
${wait === undefined ? form : waiting(view, wait, again)}</li>
</ol>
<p class="tf-hint">${t('totp.once')}</p>
<p class="tf-links"><a href="${base}/add">${t('code.cancel')}</a></p>`,
  );
}
