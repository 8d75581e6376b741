import {
  everyMethod,
  isDelivered,
  keyOf,
  type DeliveredMethod,
  type MethodName,
  type SpentMethods,
} from 'passport-two-factor';
import { html, type Html } from '../html.js';
import { hidden, page, withReturnTo } from '../layout.js';
import type { PageView } from '../page-types.js';

type View = PageView<'choose'>;

export function choosePage(view: View): string {
  const { t, methods, spent = {} } = view;
  const choices = everyMethod.map((method) => {
    const shown = methods[keyOf(method)];
    if (isDelivered(method))
      return typeof shown === 'string' ? sending(view, method, shown) : exhausted(view, method, spent[method]);
    return shown && html`<li>${link(view, method)}</li>`;
  });
  return page(
    view,
    t('choose.title'),
    html`
<p>${t('choose.text')}</p>
<ul class="tf-choices">
${choices}
</ul>`,
  );
}

const words = ({ t }: View, method: MethodName, contact = ''): Html =>
  html`<strong>${t(`method.${method}`)}</strong> <span>${t(`choose.${method}`, { contact })}</span>`;

function link(view: View, method: MethodName): Html {
  const { base, purpose, returnTo } = view;
  const path = purpose === 'login' ? `${base}/` : `${base}/step-up`;
  const href = withReturnTo(`${path}?method=${method}`, returnTo);
  return html`<a class="tf-choice" href="${href}">${words(view, method)}</a>`;
}

/** It is there, and nothing more can be sent to it for some time. */
function exhausted(view: View, method: DeliveredMethod, spent: SpentMethods[DeliveredMethod]): Html | false {
  const { t, duration } = view;
  return (
    spent !== undefined &&
    html`<li class="tf-choice tf-spent"><strong>${t(`method.${method}`)}</strong> <span>${t('choose.spent', {
      contact: spent.maskedContact,
      time: duration(spent.retryAfter),
    })}</span></li>`
  );
}

/** Sending is something done, not a page to look at. */
function sending(view: View, method: MethodName, contact: string): Html {
  const { base, returnTo } = view;
  return html`<li><form method="post" action="${base}/send">${hidden(view, { method, returnTo })}
<button class="tf-choice">${words(view, method, contact)}</button></form></li>`;
}
