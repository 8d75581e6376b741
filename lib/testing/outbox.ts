import type { CodeMessage } from 'passport-two-factor';
import { checkOptions } from '../core/options.js';

/** Keeps what would have been sent. */
export interface Outbox {
  /** Give it to the service as it is: `deliver: outbox.deliver`. */
  readonly deliver: {
    /** Keeps an e-mail. */
    readonly email: (message: CodeMessage) => void;
    /** Keeps a text message. */
    readonly sms: (message: CodeMessage) => void;
  };
  /** Oldest first. */
  readonly messages: readonly CodeMessage[];
  /**
   * The newest message, or the newest to this address or number.
   * @throws Error where there is none
   */
  readonly last: (to?: string) => CodeMessage;
  /** Forgets all messages. */
  readonly clear: () => void;
}

/**
 * E-mail and SMS for tests: nothing is sent, everything can be read.
 * @param options there are none
 * @throws TypeError for an option
 */
export function createOutbox(options: Readonly<Record<string, never>> = {}): Outbox {
  checkOptions('createOutbox', options, []);
  const messages: CodeMessage[] = [];
  const keep = (message: CodeMessage): void => {
    messages.push(message);
  };
  return {
    deliver: { email: keep, sms: keep },
    messages,
    last: (to) => {
      const message = messages.findLast((sent) => to === undefined || sent.to === to);
      if (message) return message;
      throw new Error(
        to === undefined
          ? 'No message was sent.'
          : `No message was sent to ${to}; there are ${messages.length} to others.`,
      );
    },
    clear: () => {
      messages.length = 0;
    },
  };
}
