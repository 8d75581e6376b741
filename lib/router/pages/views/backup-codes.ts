import { html } from '../html.js';
import { hidden, page } from '../layout.js';
import type { PageView } from '../page-types.js';

export function backupCodesPage(view: PageView<'backupCodes'>): string {
  const { t, base, codes, next, site } = view;
  const shown = codes.map((code) => [code.slice(0, 4), code.slice(4, 8), code.slice(8)].join('-'));
  const file = `${t('backup.file', { site })}\n\n${shown.join('\n')}\n`;
  return page(
    view,
    t('backup.title'),
    html`
<p>${t('backup.text')}</p>
<ul class="tf-codes" aria-label="${t('backup.list')}">${shown.map((code) => html`<li><code>${code}</code></li>`)}</ul>
<p class="tf-actions tf-noprint">
<a class="tf-button tf-plain" download="backup-codes.txt"
 href="data:text/plain;charset=utf-8;base64,${Buffer.from(file).toString('base64')}">${t('backup.download')}</a>
<button type="button" class="tf-button tf-plain" data-print hidden>${t('backup.print')}</button>
<button type="button" class="tf-button tf-plain" hidden
 data-copy="${shown.join('\n')}" data-copied="${t('backup.copied')}">${t('backup.copy')}</button>
</p>
<form method="post" action="${base}/saved" class="tf-noprint">${hidden(view, { returnTo: next })}
<label class="tf-check"><input type="checkbox" required> <span>${t('backup.saved')}</span></label>
<button class="tf-button">${t('backup.continue')}</button>
</form>`,
  );
}
