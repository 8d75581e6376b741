import { Injectable } from '@nestjs/common';
import type { CodeMessage } from 'passport-two-factor';

const kept = 50;

/** Stands in for an e-mail service: what it "sends" is shown at /outbox. */
@Injectable()
export class Mailer {
  readonly sent: { to: string; text: string }[] = [];

  send({ to, code, issuer }: CodeMessage): void {
    this.sent.unshift({ to, text: `Your ${issuer} code is ${code}.` });
    this.sent.length = Math.min(this.sent.length, kept);
  }
}
