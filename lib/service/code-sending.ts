import { withHidden } from '../core/hidden.js';
import { isDelivered, methodOf, type DeliveredMethod } from '../core/methods.js';
import { TooManyAttemptsError } from '../errors.js';
import { readLiveCodes, type DeliveredFactor } from '../factors/delivered.js';
import type { Snapshot } from '../store/snapshot-store.js';
import { refuseLocked } from './backoff.js';
import type { Challenge, StoredChallenge } from './challenge.js';
import type { PendingChallenge } from './pending-token.js';
import type { Context } from './context.js';
import { checkResend, isUnsent, resendAfter, type Delivery, type Message } from './delivery.js';
import { whyMissing, type Subject } from './subject.js';

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
type Begun = Subject & { readonly challenge: PendingChallenge | StoredChallenge };

/** @internal Sends the codes of challenges, and lets another one be asked for where a sender has failed. */
export class CodeSending {
  constructor(
    private readonly context: Context,
    private readonly delivery: Delivery,
  ) {}

  /** Sends another code for a challenge: the one before it is dead from then on. */
  send(subject: Begun, factor: DeliveredFactor): Promise<ChallengeSent> {
    const { id, codeVersion } = subject.challenge;
    const store = async (codes: string) => {
      // Of twenty resends at once, one replaces the code and sends; the others cost nothing.
      const replaced = await this.context.challenges.replaceCodes(id, codeVersion, codes);
      return replaced && { ...subject.challenge, codeVersion: codeVersion + 1, codes };
    };
    return this.sendNext(subject, factor, store);
  }

  /**
   * Sends the first code of a challenge: where none may be sent there is no row.
   * @param add stores the challenge with its code; false where another request was first
   */
  sendFirst(subject: Begun, factor: DeliveredFactor, add: (codes: string) => Promise<boolean>): Promise<ChallengeSent> {
    const store = async (codes: string) => (await add(codes)) && { ...subject.challenge, codeVersion: 0, codes };
    return this.sendNext(subject, factor, store);
  }

  /** @param store answers the challenge with these codes as it is stored, false where another request was first */
  private async sendNext(
    { challenge, identity, account, snapshot }: Begun,
    factor: DeliveredFactor,
    store: (codes: string) => Promise<Challenge | false>,
  ): Promise<ChallengeSent> {
    const { settings, events } = this.context;
    const { method } = factor;
    const newest = await this.delivery.newest(snapshot, factor);
    if (!newest) throw await whyMissing(this.context, identity, method);
    const { authenticator, contact } = newest;
    refuseLocked(this.context, account);
    const codes = readLiveCodes(challenge);
    const quota = this.delivery.quota.ofUser(identity, method);
    // A login whose row went is sent codes no faster than before; an enrollment or a step-up begins with its row.
    const isNew = codes[method] === undefined && challenge.purpose === 'login';
    const previous = isNew ? await this.delivery.quota.lastSent(quota, challenge.id) : codes[method];
    checkResend(previous, challenge, settings.clock());
    await this.delivery.checkDestination(factor, contact);
    const sends = (previous?.sends ?? 0) + 1;
    await this.delivery.quota.reserve(quota, { challengeId: challenge.id, sends, sentAt: settings.clock() });
    const scope = { id: challenge.id, purpose: challenge.purpose, userId: identity.id };
    const { code, live } = factor.issue(scope, authenticator.id, previous);
    const row = await store(JSON.stringify({ ...codes, [method]: live }));
    if (!row) {
      await this.delivery.quota.release(quota);
      throw new TooManyAttemptsError(1);
    }
    const { expiresAt } = live;
    await this.deliverOne(row, { factor, scope, contact, code, expiresAt }, previous?.sentAt ?? 0);
    const { mechanism } = authenticator;
    events.emit('challenged', { userId: identity.id, mechanism, method, at: settings.clock() });
    const sent = { maskedContact: factor.kind.mask(contact), expiresAt, resendAfter: resendAfter(live) };
    return withHidden(sent, { contact, ...(!factor.sender && { otpValue: code }) });
  }

  /** At the halt. A sender that fails ends the login only where its code is what the user needs to go on. */
  async deliverAll(row: Challenge, outgoing: readonly Message[], { authenticators }: Snapshot): Promise<void> {
    const failures: unknown[] = [];
    let current = row;
    for (const [index, result] of (
      await Promise.allSettled(outgoing.map((message) => this.delivery.send(message)))
    ).entries()) {
      if (result.status === 'fulfilled') continue;
      failures.push(result.reason);
      const message = outgoing[index];
      if (message) current = await this.takeBack(current, message.factor.method, { sentAt: 0, failure: result.reason });
    }
    const otherCode = Object.keys(readLiveCodes(row)).length > failures.length;
    // Backup codes do not count: nobody should have to spend one for a mail server.
    const needsNone = authenticators.some(({ mechanism }) => !isDelivered(methodOf(mechanism)));
    if (failures.length > 0 && !otherCode && !needsNone) throw failures[0] as Error;
  }

  private async deliverOne(row: Challenge, message: Message, previouslySentAt: number): Promise<void> {
    try {
      await this.delivery.send(message);
    } catch (failure) {
      await this.takeBack(row, message.factor.method, { sentAt: previouslySentAt, failure });
      throw failure;
    }
  }

  /** The next request may ask again at once, and a message that was not sent is none of the challenge's four. */
  private async takeBack(
    row: Challenge,
    method: DeliveredMethod,
    { sentAt, failure }: { readonly sentAt: number; readonly failure: unknown },
  ): Promise<Challenge> {
    const codes = readLiveCodes(row);
    const live = codes[method];
    if (!live) return row;
    const sends = isUnsent(failure) ? live.sends - 1 : live.sends;
    const next = JSON.stringify({ ...codes, [method]: { ...live, sends, sentAt } });
    await this.context.challenges.replaceCodes(row.id, row.codeVersion, next);
    return { ...row, codes: next, codeVersion: row.codeVersion + 1 };
  }
}
