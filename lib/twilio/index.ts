/**
 * Sends codes by SMS through Twilio, or anything that sends like it.
 *
 * ```ts
 * import { smsSender } from 'passport-two-factor/twilio';
 *
 * deliver: { sms: smsSender({ client: twilio(accountSid, authToken), messagingServiceSid, origin: 'example.com' }) }
 * ```
 * @module
 */
import type { CodeMessage } from 'passport-two-factor';
import { checkOptions } from '../core/options.js';
import { bindToOrigin, readOrigin } from '../core/origin-bound-code.js';

/** What is used of Twilio's client. */
export interface TwilioClient {
  /** Twilio's messages. */
  readonly messages: {
    /** Sends one text message; rejects where Twilio refuses it. */
    create(message: { to: string; body: string; from?: string; messagingServiceSid?: string }): unknown;
  };
}

/** Who the text messages come from: a number of yours, or a messaging service. */
export type SmsFrom =
  | {
      /** Your number in E.164. */
      readonly from: string;
      /** Either this or `from`. */
      readonly messagingServiceSid?: never;
    }
  | {
      /** The id of your messaging service. */
      readonly messagingServiceSid: string;
      /** Either this or `messagingServiceSid`. */
      readonly from?: never;
    };

/** What `smsSender` needs to know. */
export type SmsSenderOptions = SmsFrom & {
  /** `twilio(accountSid, authToken)` */
  readonly client: TwilioClient;
  /** The message, without the line of `origin`. One of more than 160 plain characters is charged as several. */
  readonly text?: (message: CodeMessage) => string;
  /** The host of your pages: phones then offer the code there, and on no other site. */
  readonly origin?: string;
};

const defaultText = ({ code, issuer, purpose }: CodeMessage): string =>
  purpose === 'enrollment'
    ? `${code} is your code to confirm this number for ${issuer}.`
    : `${code} is your ${issuer} code. Do not share it with anyone.`;

/**
 * A function for `deliver.sms`.
 * @throws TypeError that names the option that is wrong
 */
export function smsSender(options: SmsSenderOptions): (message: CodeMessage) => Promise<void> {
  checkOptions('smsSender', options, ['client', 'from', 'messagingServiceSid', 'text', 'origin']);
  const { client, text = defaultText } = options;
  if (typeof (client as Partial<TwilioClient> | undefined)?.messages?.create !== 'function') {
    throw new TypeError('smsSender: client must be a Twilio client, such as twilio(accountSid, authToken)');
  }
  if (typeof text !== 'function')
    throw new TypeError(`smsSender: text must be a function of the message; got ${typeof text}`);
  const sender = readSender(options);
  const host = options.origin === undefined ? undefined : readOrigin(options.origin);
  return async (message) => {
    await client.messages.create({ ...sender, to: message.to, body: bindToOrigin(text(message), host, message.code) });
  };
}

function readSender({
  from,
  messagingServiceSid,
}: {
  from?: unknown;
  messagingServiceSid?: unknown;
}): { from: string } | { messagingServiceSid: string } {
  const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
  if (isText(from) && messagingServiceSid === undefined) return { from };
  if (isText(messagingServiceSid) && from === undefined) return { messagingServiceSid };
  throw new TypeError('smsSender: give either from, your number, or messagingServiceSid');
}
