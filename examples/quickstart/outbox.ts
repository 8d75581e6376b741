/** What the library hands over for sending: on the error of a halted login, and from `setup.*` and `challenge.*`. */
interface Sendable {
  readonly contact?: string;
  readonly otpValue?: string;
}

export interface Message {
  readonly by: 'email' | 'sms';
  readonly to: string;
  readonly text: string;
  readonly at: Date;
}

const kept = 50;

/** Stands in for an e-mail and an SMS service. What it "sends" is shown at /outbox, which no real app may have. */
export class Outbox {
  readonly messages: Message[] = [];

  /** Sends the code, if one was made: there is none for a contact that was enabled at once. */
  send(by: Message['by'], { contact, otpValue }: Sendable = {}): void {
    if (contact === undefined || otpValue === undefined) return;
    // To the whole address: `maskedContact` is for the eyes only.
    this.messages.unshift({
      by,
      to: contact,
      text: `Your MyApp code is ${otpValue}. It expires in 5 minutes.`,
      at: new Date(),
    });
    this.messages.length = Math.min(this.messages.length, kept);
  }
}
