import type { MethodName } from 'passport-two-factor';
import { html, type Html } from '../html.js';
import type { PageFrame } from '../page-types.js';

/**
 * One field for a code, as phones and password managers know it. It takes the focus where it is what the page is
 * about.
 */
export function codeField(
  { t, error }: PageFrame,
  { method, digits, focus = true }: { readonly method: MethodName; readonly digits: number; readonly focus?: boolean },
): Html {
  const backup = method === 'backup_code';
  const label = t(backup ? 'code.label.backup_code' : 'code.label');
  const hint = backup ? t('code.hint.backup_code') : t('code.hint', { digits });
  const described = error ? 'error code-hint' : 'code-hint';
  const kind = backup
    ? html`autocomplete="off" autocapitalize="characters"`
    : // No maxlength and no pattern: a pasted "123 456" has to get in.
      html`inputmode="numeric" autocomplete="one-time-code" data-digits="${digits}"`;
  return html`<label for="code">${label}</label>
<input class="tf-code" id="code" name="code" type="text"
 ${kind} spellcheck="false" autocorrect="off" required${focus && html` autofocus`}
 aria-describedby="${described}"${error && html` aria-invalid="true"`}>
<p class="tf-hint" id="code-hint"${!backup && html` data-auto="${t('code.hint.auto', { digits })}"`}>${hint}</p>`;
}
