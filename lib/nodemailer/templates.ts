import type { CodeMessage } from 'passport-two-factor';

interface Wording {
  readonly subject: string;
  readonly lead: string;
  readonly warning: string;
}

function wordingOf({ purpose, issuer }: CodeMessage): Wording {
  switch (purpose) {
    case 'login':
      return {
        subject: `Your code to log in to ${issuer}`,
        lead: `Use this code to finish logging in to ${issuer}:`,
        warning: 'If you are not logging in just now, somebody else knows your password: change it.',
      };
    case 'enrollment':
      return {
        subject: `Confirm your e-mail address for ${issuer}`,
        lead: `Use this code to confirm that ${issuer} may send codes to this address:`,
        warning: 'If you did not ask for it, ignore this message: nothing changes.',
      };
    case 'step-up':
      return {
        subject: `Your code to confirm that it is you at ${issuer}`,
        lead: `Use this code to confirm that it is you at ${issuer}:`,
        warning: 'If you did not ask for it, somebody else is using your account: change your password.',
      };
  }
}

/** The message knows when the code ends, not how late it is by the reader's clock. */
const expiry = ({ expiresAt }: CodeMessage): string =>
  `It is valid until ${new Date(expiresAt).toISOString().slice(11, 16)} UTC and can be used once. Do not share ` +
  'it with anyone.';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character] ?? '');

/** @internal */
export const defaultSubject = (message: CodeMessage): string => wordingOf(message).subject;

/** @internal */
export function defaultText(message: CodeMessage): string {
  const { lead, warning } = wordingOf(message);
  return `${lead}\n\n${message.code}\n\n${expiry(message)}\n\n${warning}`;
}

/** @internal */
export function defaultHtml(message: CodeMessage): string {
  const { subject, lead, warning } = wordingOf(message);
  const paragraphs = [lead, expiry(message), warning].map((text) => `<p>${escape(text)}</p>`);
  paragraphs.splice(1, 0, `<p style="font-size:2em;letter-spacing:0.1em"><strong>${escape(message.code)}</strong></p>`);
  const head = `<head><meta charset="utf-8"><title>${escape(subject)}</title></head>`;
  return `<!doctype html><html lang="en">${head}<body>${paragraphs.join('')}</body></html>`;
}
