import { twoFactorMethods } from 'passport-two-factor';
import { html } from '../html.js';
import { hidden, page } from '../layout.js';
import type { PageView } from '../page-types.js';

export function contactPage(view: PageView<'contact'>): string {
  const { t, base, method, value, error } = view;
  const { input } = twoFactorMethods[method].contact;
  const isNumber = input === 'tel';
  const described = [error && 'error', isNumber && 'contact-hint'].filter((id) => typeof id === 'string').join(' ');
  return page(
    view,
    t(`contact.title.${method}`),
    html`
<form method="post" action="${base}/add/${method}">${hidden(view)}
<label for="contact">${t(`contact.label.${method}`)}</label>
<input id="contact" name="contact" type="${input}" autocomplete="${input}" value="${value}" required autofocus
${described !== '' && html` aria-describedby="${described}"`}${error && html` aria-invalid="true"`}>
${isNumber && html`<p class="tf-hint" id="contact-hint">${t('contact.hint.number')}</p>`}
<button class="tf-button">${t('contact.submit')}</button>
</form>
<p class="tf-links"><a href="${base}/add">${t('code.cancel')}</a></p>`,
  );
}
