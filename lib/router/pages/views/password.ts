import { html } from '../html.js';
import { hidden, page, waiting, withReturnTo } from '../layout.js';
import type { PageView } from '../page-types.js';

export function passwordPage(view: PageView<'password'>): string {
  const { t, base, returnTo, error, name, wait } = view;
  const cancel = html`<p class="tf-links"><a href="${base}/">${t('code.cancel')}</a></p>`;
  if (wait !== undefined) {
    const again = html`<a class="tf-button" href="${withReturnTo(`${base}/step-up`, returnTo)}">${t('wait.retry')}</a>`;
    return page(view, t('password.title'), html`${waiting(view, wait, again)}${cancel}`);
  }
  return page(
    view,
    t('password.title'),
    html`
<p>${t('password.text')}</p>
<form method="post" action="${base}/step-up/password">${hidden(view, { returnTo })}
${name !== '' && html`<input type="text" name="username" value="${name}" autocomplete="username" readonly hidden>`}
<label for="password">${t('password.label')}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required autofocus
${error && html` aria-invalid="true" aria-describedby="error"`}>
<button class="tf-button">${t('password.submit')}</button>
</form>
${cancel}`,
  );
}
