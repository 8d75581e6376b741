import { isDelivered } from 'passport-two-factor';
import { html, type Html } from '../html.js';
import { hidden, page, waiting, withReturnTo } from '../layout.js';
import type { PageView } from '../page-types.js';
import { codeField } from './code-field.js';

type View = PageView<'code'>;

const actions = {
  login: () => '/verify',
  'step-up': () => '/step-up',
  enrollment: (method: string) => `/confirm/${method}`,
};

export function codePage(view: View): string {
  const { t, purpose, method, maskedContact = '', sent, wait } = view;
  if (wait !== undefined)
    return page(view, t(`code.title.${purpose}`), html`${waiting(view, wait, again(view))}${links(view)}`);
  return page(
    view,
    t(`code.title.${purpose}`),
    html`
<p${sent && html` role="status"`}>${t(sent ? 'code.sent' : `code.from.${method}`, { contact: maskedContact })}</p>
${form(view)}
${resend(view)}
${links(view)}`,
  );
}

function form(view: View): Html {
  const { t, base, returnTo, purpose, method, digits, contact } = view;
  return html`
<form method="post" action="${base}${actions[purpose](method)}">${hidden(view, { method, returnTo, contact })}
${codeField(view, { method, digits })}
<button class="tf-button">${t('code.submit')}</button>
</form>`;
}

/** Back to the form, once the wait is over. What is being set up is kept in the form alone. */
function again(view: View): Html {
  const { t, base, returnTo, purpose, method, contact } = view;
  if (purpose === 'enrollment') {
    return html`<form method="post" action="${base}/confirm/${method}">
${hidden(view, { method, contact, again: 'yes' })}
<button class="tf-button">${t('wait.retry')}</button></form>`;
  }
  const path = `${base}${purpose === 'login' ? '/' : '/step-up'}?method=${method}`;
  return html`<a class="tf-button" href="${withReturnTo(path, returnTo)}">${t('wait.retry')}</a>`;
}

/** Asking for another code. The script counts the seconds; without it the server says how many are left. */
function resend(view: View): Html | false {
  const { t, base, returnTo, method, resendAfter, contact, duration } = view;
  if (!isDelivered(method) || resendAfter === null) return false;
  const action = contact === undefined ? '/send' : `/add/${method}`;
  const seconds = resendAfter ?? 0;
  return html`
<form method="post" action="${base}${action}" class="tf-resend"
${seconds > 0 && html` data-resend-after="${seconds}"`}>
${hidden(view, { method, returnTo, contact })}
<button class="tf-button tf-plain">${t('code.resend')}</button>
${
  seconds > 0 &&
  html`<p class="tf-hint" data-wait="${t('code.resendIn', { time: '{time}' })}">
${t('code.resendIn', { time: duration(seconds) })}</p>`
}
</form>`;
}

function links({ t, base, loginPath, returnTo, purpose, others, method }: View): Html {
  if (purpose === 'enrollment')
    return html`<p class="tf-links"><a href="${base}/add/${method}">${t('code.cancel')}</a></p>`;
  return html`<p class="tf-links">
${others && html`<a href="${withReturnTo(`${base}/choose`, returnTo)}">${t('code.other')}</a>`}
${
  purpose === 'login'
    ? html`<a href="${loginPath}">${t('code.logInAgain')}</a>`
    : html`<a href="${base}/">${t('code.cancel')}</a>`
}
</p>`;
}
