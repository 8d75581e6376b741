import { html, type Html } from '../html.js';
import { hidden, page, waiting, withReturnTo } from '../layout.js';
import type { PageView } from '../page-types.js';

type View = PageView<'passkey'>;

const title = ({ t, purpose }: View): string =>
  purpose === 'enrollment' ? t('passkey.title.enrollment') : t(`code.title.${purpose}`);

/** Needs the script: without it, or without WebAuthn, the page says so and leads on. */
export function passkeyPage(view: View): string {
  const { t, purpose, wait } = view;
  const retry = html`<a class="tf-button" href="">${t('wait.retry')}</a>`;
  if (wait !== undefined) return page(view, title(view), html`${waiting(view, wait, retry)}${links(view)}`);
  const isNew = purpose === 'enrollment';
  return page(
    view,
    title(view),
    html`
<p>${t(isNew ? 'passkey.text' : 'code.from.passkey')}</p>
${form(view, isNew)}
${links(view)}`,
  );
}

function form(view: View, isNew: boolean): Html {
  const { t, base, returnTo, purpose, csrfToken, csrfField } = view;
  const action = isNew ? '/confirm/passkey' : purpose === 'login' ? '/verify' : '/step-up';
  const options = `${base}/api/${isNew ? 'enroll/passkey' : 'challenge'}`;
  return html`
<form method="post" action="${base}${action}" data-passkey="${isNew ? 'create' : 'get'}"
 data-options="${options}" data-field="${csrfField}" data-token="${csrfToken}">
${hidden(view, { method: 'passkey', returnTo })}
<input type="hidden" name="response" value="">
${isNew && name(view)}
<p class="tf-warning" data-unsupported>${t('passkey.unsupported')}</p>
<p class="tf-error" role="alert" data-failed hidden>${t('passkey.failed')}</p>
<button type="button" class="tf-button" hidden>${t(isNew ? 'passkey.make' : 'passkey.use')}</button>
</form>`;
}

const name = ({ t }: View): Html => html`
<label for="label">${t('passkey.name')}</label>
<input id="label" name="label" type="text" maxlength="64" autocomplete="off" aria-describedby="label-hint">
<p class="tf-hint" id="label-hint">${t('passkey.name.hint')}</p>`;

function links({ t, base, loginPath, returnTo, purpose, others }: View): Html {
  if (purpose === 'enrollment') return html`<p class="tf-links"><a href="${base}/add">${t('code.cancel')}</a></p>`;
  return html`<p class="tf-links">
${others && html`<a href="${withReturnTo(`${base}/choose`, returnTo)}">${t('code.other')}</a>`}
${
  purpose === 'login'
    ? html`<a href="${loginPath}">${t('code.logInAgain')}</a>`
    : html`<a href="${base}/">${t('code.cancel')}</a>`
}
</p>`;
}
