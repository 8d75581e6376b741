import { maskContact } from '../core/contact.js';
import { withHidden } from '../core/hidden.js';
import { methodNames, type DeliveredMechanism, type TwoFactorMechanism } from '../core/mechanism.js';
import { TooManyAttemptsError } from '../errors.js';
import type { TwoFactorAuthenticator } from '../store/rows.js';
import type { Snapshot } from '../store/snapshot-store.js';
import { refuseLocked } from './backoff.js';
import type { Challenge } from './challenge.js';
import type { Context } from './context.js';
import { checkResend, isUnsent, readLiveCodes, resendAfter, type CodeScope, type Delivery } from './delivery.js';
import { missing, type Subject } from './subject.js';

/** A code that was sent, or that waits for the app to send it. */
export interface ChallengeSent {
  /** For display: `j***@example.com`. */
  readonly maskedContact: string;
  /** Epoch milliseconds at which the code ends. */
  readonly expiresAt: number;
  /** Seconds until another one may be asked for; null where there will be none for this challenge. */
  readonly resendAfter: number | null;
  /** Where to send it, for the server alone: JSON and logs do not show it. */
  readonly contact?: string;
  /** The code to send; hidden likewise, absent where the library sends. */
  readonly otpValue?: string;
  /** Names the step-up that the code is for, which `req.auth` keeps in the session; hidden likewise. */
  readonly challengeToken?: string;
}

/** A subject whose challenge is there, or is to be stored with its first code. */
type Begun = Subject & { readonly challenge: Challenge };

/** @internal A code that waits to be sent by the app's sender. */
export interface Outgoing {
  readonly mechanism: DeliveredMechanism;
  readonly scope: CodeScope;
  readonly contact: string;
  readonly code: string;
  readonly expiresAt: number;
}

/** @internal The newest verified contact: the one that codes are sent to. */
export const newestOf = (snapshot: Snapshot, mechanism: TwoFactorMechanism): TwoFactorAuthenticator | undefined =>
  snapshot.authenticators.findLast((authenticator) => authenticator.mechanism === mechanism);

/** @internal Sends the codes of challenges, and lets another one be asked for where a sender has failed. */
export class CodeSending {
  constructor(
    private readonly context: Context,
    private readonly delivery: Delivery,
  ) {}

  /** Sends another code for a challenge: the one before it is dead from then on. */
  send(subject: Begun, mechanism: DeliveredMechanism): Promise<ChallengeSent> {
    const { id, codeVersion } = subject.challenge;
    return this.sendNext(subject, mechanism, async (codes) => {
      // Of twenty resends at once, one replaces the code and sends; the others cost nothing.
      const replaced = await this.context.challenges.replaceCodes(id, codeVersion, codes);
      return replaced && { ...subject.challenge, codeVersion: codeVersion + 1, codes };
    });
  }

  /**
   * Sends the first code of a challenge: where none may be sent there is no row.
   * @param add stores the challenge with its code; false where another request was first
   */
  sendFirst(
    subject: Begun,
    mechanism: DeliveredMechanism,
    add: (codes: string) => Promise<boolean>,
  ): Promise<ChallengeSent> {
    return this.sendNext(
      subject,
      mechanism,
      async (codes) => (await add(codes)) && { ...subject.challenge, codeVersion: 0, codes },
    );
  }

  /** @param store answers the challenge with these codes as it is stored, false where another request was first */
  private async sendNext(
    { challenge, identity, account, snapshot }: Begun,
    mechanism: DeliveredMechanism,
    store: (codes: string) => Promise<Challenge | false>,
  ): Promise<ChallengeSent> {
    const { settings, events } = this.context;
    const newest = await this.delivery.newest(snapshot, mechanism);
    if (!newest) throw await missing(this.context, identity, mechanism);
    const { authenticator, contact } = newest;
    refuseLocked(this.context, account);
    const codes = readLiveCodes(challenge);
    const previous = codes[methodNames[mechanism]];
    checkResend(previous, challenge, settings.clock());
    await this.delivery.checkDestination(contact, mechanism);
    const quota = this.delivery.quota.ofUser(identity, mechanism);
    await this.delivery.quota.reserve(quota);
    const scope: CodeScope = { challengeId: challenge.id, purpose: challenge.purpose, identity, mechanism };
    const { code, live } = this.delivery.issue(scope, authenticator.id, previous);
    const row = await store(JSON.stringify({ ...codes, [methodNames[mechanism]]: live }));
    if (!row) {
      await this.delivery.quota.release(quota);
      throw new TooManyAttemptsError(1);
    }
    await this.deliverOne(row, { mechanism, scope, contact, code, expiresAt: live.expiresAt }, previous?.sentAt ?? 0);
    events.emit('challenged', { userId: identity.id, mechanism, method: methodNames[mechanism], at: settings.clock() });
    const sent = {
      maskedContact: maskContact(mechanism, contact),
      expiresAt: live.expiresAt,
      resendAfter: resendAfter(live),
    };
    return withHidden(sent, { contact, ...(!this.delivery.sender(mechanism) && { otpValue: code }) });
  }

  /** At the halt. A sender that fails ends the login only where its code is what the user needs to go on. */
  async deliverAll(row: Challenge, outgoing: readonly Outgoing[], hasTotp: boolean): Promise<void> {
    const failures: unknown[] = [];
    let current = row;
    for (const [index, result] of (
      await Promise.allSettled(outgoing.map((message) => this.sendOut(message)))
    ).entries()) {
      if (result.status === 'fulfilled') continue;
      failures.push(result.reason);
      const message = outgoing[index];
      if (message) current = await this.takeBack(current, message, 0, result.reason);
    }
    const otherWay = hasTotp || Object.keys(readLiveCodes(row)).length > failures.length;
    if (failures.length > 0 && !otherWay) throw failures[0] as Error;
  }

  private async deliverOne(row: Challenge, message: Outgoing, previouslySentAt: number): Promise<void> {
    try {
      await this.sendOut(message);
    } catch (error) {
      await this.takeBack(row, message, previouslySentAt, error);
      throw error;
    }
  }

  private sendOut({ scope, contact, code, expiresAt }: Outgoing): Promise<void> {
    return this.delivery.send(scope, contact, code, expiresAt);
  }

  /** The next request may ask again at once, and a message that was not sent is none of the challenge's four. */
  private async takeBack(
    row: Challenge,
    { mechanism }: Outgoing,
    sentAt: number,
    failure: unknown,
  ): Promise<Challenge> {
    const codes = readLiveCodes(row);
    const live = codes[methodNames[mechanism]];
    if (!live) return row;
    const next = JSON.stringify({
      ...codes,
      [methodNames[mechanism]]: { ...live, sends: isUnsent(failure) ? live.sends - 1 : live.sends, sentAt },
    });
    await this.context.challenges.replaceCodes(row.id, row.codeVersion, next);
    return { ...row, codes: next, codeVersion: row.codeVersion + 1 };
  }
}
