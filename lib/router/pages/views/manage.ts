import { html, type Html } from '../html.js';
import { hidden, page } from '../layout.js';
import type { PageView } from '../page-types.js';

type View = PageView<'manage'>;

/** With so few left it is time for new ones. */
const few = 3;

export function managePage(view: View): string {
  const { t, base, authenticators, home, site, accepted } = view;
  const on = authenticators.length > 0;
  return page(
    view,
    t('manage.title'),
    html`
<p>${t(on ? 'manage.on' : 'manage.off')}</p>
${
  on &&
  html`<h2>${t('manage.methods')}</h2>
<ul class="tf-list">${authenticators.map((authenticator) => row(view, authenticator))}</ul>`
}
<p class="tf-actions"><a class="tf-button${on && ' tf-plain'}" href="${base}/add">${t('manage.add')}</a></p>
${on && backupCodes(view)}
<p class="tf-links"><a href="${home}">${t('manage.back', { site })}</a></p>
${accepted !== '' && html`<div hidden data-accepted="${accepted}"></div>`}`,
  );
}

/** Keeps the order of a number or an address, and of a name in another script, whatever stands around it. */
const apart = (text: string, contact: string | undefined): Html =>
  text === contact ? html`<bdi dir="ltr">${text}</bdi>` : html`<bdi>${text}</bdi>`;

function row(view: View, authenticator: View['authenticators'][number]): Html {
  const { t, base, locale } = view;
  const { id, method, label, maskedContact, createdAt, lastUsedAt, synced } = authenticator;
  const date = (time: number): string => new Intl.DateTimeFormat(locale, { dateStyle: 'medium' }).format(time);
  const field = `label-${id}`;
  const named = label === t(`method.${method}`);
  return html`
<li>
<div class="tf-method">
<strong>${apart(label, maskedContact)}</strong>
${!named && html`<span>${t(`method.${method}`)}</span>`}
${maskedContact !== undefined && maskedContact !== label && html`<span>${apart(maskedContact, maskedContact)}</span>`}
<span>${t('manage.addedOn', { date: date(createdAt) })} ·
${lastUsedAt === 0 ? t('manage.neverUsed') : t('manage.usedOn', { date: date(lastUsedAt) })}</span>
${synced === true && html`<span>${t('manage.synced')}</span>`}
</div>
<div class="tf-row">
<details>
<summary class="tf-small" aria-label="${t('manage.renameOf', { name: label })}">${t('manage.rename')}</summary>
<form method="post" action="${base}/rename">${hidden(view, { id })}
<label for="${field}">${t('manage.name')}</label>
<input id="${field}" name="label" type="text" value="${label}" maxlength="64" required autocomplete="off">
<button class="tf-button tf-plain">${t('manage.save')}</button>
</form>
</details>
<a class="tf-small tf-danger" href="${base}/remove?id=${id}"
 aria-label="${t('manage.removeOf', { name: label })}">${t('manage.remove')}</a>
</div>
</li>`;
}

function backupCodes(view: View): Html {
  const { t, base, backupCodes: count } = view;
  const some = count > 0;
  const words = !some ? 'manage.codes.none' : count <= few ? 'manage.codes.few' : 'manage.codes.left';
  return html`
<h2>${t('manage.codes')}</h2>
<p${count <= few && html` class="tf-warning"`}>${t(words, { count })}</p>
<form method="post" action="${base}/backup-codes" class="tf-actions">${hidden(view)}
<button class="tf-button tf-plain"${some && html` aria-describedby="codes-hint"`}>
${t(some ? 'manage.codes.renew' : 'manage.codes.make')}</button>
${some && html`<span class="tf-hint" id="codes-hint">${t('manage.codes.old')}</span>`}
</form>`;
}
