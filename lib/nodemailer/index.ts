/**
 * Sends codes by e-mail through any Nodemailer transport.
 *
 * ```ts
 * import { emailSender } from 'passport-two-factor/nodemailer';
 *
 * deliver: { email: emailSender({ transport: nodemailer.createTransport(smtp), from: 'MyApp <no-reply@example.com>'
 * }) }
 * ```
 * @module
 */
import type { CodeMessage } from 'passport-two-factor';
import { checkOptions } from '../core/options.js';
import { bindToOrigin, readOrigin } from '../core/origin-bound-code.js';
import { defaultHtml, defaultSubject, defaultText } from './templates.js';

/** A name and an address, kept apart so that neither can be read as the other. */
export interface MailAddress {
  /** The name that mail programs show. */
  readonly name: string;
  /** The address alone, such as `no-reply@example.com`. */
  readonly address: string;
}

/** What is handed to the transport. */
export interface Mail {
  /** The sender, as configured. */
  from: string | MailAddress;
  /** The one receiver. */
  to: MailAddress;
  /** One line. */
  subject: string;
  /** The plain text. */
  text: string;
  /** The same as HTML, where there is one. */
  html?: string;
}

/** What is used of a Nodemailer transport. */
export interface MailTransport {
  /** Sends one message; rejects where it cannot. */
  sendMail(mail: Mail): unknown;
}

/** What `emailSender` needs to know. A template is a function of the message; the defaults are plain English. */
export interface EmailSenderOptions {
  /** `nodemailer.createTransport(…)` */
  readonly transport: MailTransport;
  /** `'MyApp <no-reply@example.com>'`, or name and address. */
  readonly from: string | MailAddress;
  /**
   * The subject; whatever it holds, it stays one line. By default the code is not in it: screens show it while
   * locked.
   */
  readonly subject?: (message: CodeMessage) => string;
  /** The plain text, without the line of `origin`. */
  readonly text?: (message: CodeMessage) => string;
  /** The HTML; escape what you put into it. Where only `text` is given, the message has no HTML. */
  readonly html?: (message: CodeMessage) => string;
  /** The host of your pages: mail programs then offer the code there, and on no other site. */
  readonly origin?: string;
}

/**
 * A function for `deliver.email`.
 * @throws TypeError that names the option that is wrong
 */
export function emailSender(options: EmailSenderOptions): (message: CodeMessage) => Promise<void> {
  checkOptions('emailSender', options, ['transport', 'from', 'subject', 'text', 'html', 'origin']);
  const { transport, subject = defaultSubject, text = defaultText } = options;
  const html = options.html === undefined && options.text === undefined ? defaultHtml : options.html;
  if (typeof (transport as MailTransport | undefined)?.sendMail !== 'function') {
    throw new TypeError('emailSender: transport must be a Nodemailer transport, such as nodemailer.createTransport(…)');
  }
  for (const [name, template] of Object.entries({ subject, text, html })) {
    if (template !== undefined && typeof template !== 'function')
      throw new TypeError(`emailSender: ${name} must be a function of the message; got ${typeof template}`);
  }
  const from = readFrom(options.from);
  const host = options.origin === undefined ? undefined : readOrigin(options.origin);
  return async (message) => {
    await transport.sendMail({
      from: typeof from === 'string' ? from : { ...from },
      // As an object: a list of addresses in it would be one address that no server knows.
      to: { name: '', address: readAddress(message.to) },
      subject: render('subject', subject, message)
        .replace(/[\p{Cc}\s]+/gu, ' ')
        .trim(),
      text: bindToOrigin(render('text', text, message), host, message.code),
      ...(html && { html: render('html', html, message) }),
    });
  };
}

/** Nodemailer would take an object as a file or an address to read from. */
function render(name: string, template: (message: CodeMessage) => unknown, message: CodeMessage): string {
  const text = template(message);
  if (typeof text === 'string') return text;
  throw new TypeError(`emailSender: ${name} must return a string; got ${typeof text}`);
}

function readFrom(from: unknown): string | MailAddress {
  const { name, address } = (
    typeof from === 'string' ? { name: '', address: from } : (from ?? {})
  ) as Partial<MailAddress>;
  const isLine = (value: unknown): boolean => typeof value === 'string' && !/\p{Cc}/u.test(value);
  if (isLine(name) && isLine(address) && address !== '') return from as string | MailAddress;
  throw new TypeError(
    'emailSender: from must be an address such as "MyApp <no-reply@example.com>", or { name, address }',
  );
}

/** The library hands over checked addresses; this holds for whoever else calls a sender. */
function readAddress(address: string): string {
  if (/^(?:[^\p{Cc}\s<>,;@"]+|"(?:[^\p{Cc}<>"\\]|\\[^\p{Cc}<>])*")@[^\p{Cc}\s<>,;@"]+$/u.test(address)) return address;
  throw new TypeError('The address to send to is not one address.');
}
