import { html } from '../html.js';
import { hidden, page } from '../layout.js';
import type { PageView } from '../page-types.js';

export function contactPage(view: PageView<'contact'>): string {
  const { t, base, csrfToken, method, value, error } = view;
  const kind = method === 'email'
    ? html`type="email" autocomplete="email"`
    : html`type="tel" autocomplete="tel" required`;
  return page(view, t(`contact.title.${method}`), html`
<form method="post" action="${base}/add/${method}">${hidden(csrfToken)}
<label for="contact">${t(`contact.label.${method}`)}</label>
<input id="contact" name="contact" ${kind} value="${value}" autofocus aria-describedby="${error && 'error '}contact-hint"${error && html` aria-invalid="true"`}>
<p class="tf-hint" id="contact-hint">${t(`contact.hint.${method}`)}</p>
<button class="tf-button">${t('contact.submit')}</button>
</form>
<p class="tf-links"><a href="${base}/add">${t('code.cancel')}</a></p>`);
}
