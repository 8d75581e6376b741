import { maskContact } from '../core/contact.js';
import { methodNames, TwoFactorMechanism, type DeliveredMechanism } from '../core/mechanism.js';
import {
  DeliveryFailedError,
  SealedDataError,
  TooManyAttemptsError,
  type AvailableContact,
  type SpentMethods,
} from '../errors.js';
import { lockedFor } from './backoff.js';
import type { Outgoing } from './code-sending.js';
import type { Context, Identity } from './context.js';
import type { CodeScope, Delivery, LiveCodes } from './delivery.js';
import type { PreparedSnapshot } from './enrollment-draft.js';

type Delivered = 'email' | 'sms';

/** What a halted login can be finished with by a message, and what has to be sent for it. */
export interface HaltCodes {
  readonly contacts: Partial<Record<Delivered, AvailableContact>>;
  /** Those whose messages are spent. */
  readonly spent: SpentMethods;
  readonly codes: LiveCodes;
  readonly outgoing: readonly Outgoing[];
  /** Why nothing can be sent, where nothing can. */
  readonly refusal: Error;
  /** Seconds until a code of the account is looked at; undefined for one that is free. */
  readonly retryAfter: number | undefined;
}

const mechanisms: readonly DeliveredMechanism[] = [TwoFactorMechanism.EMAIL, TwoFactorMechanism.SMS];

/** Makes the codes of a halt, for the newest contact of each mechanism. */
export class HaltCoding {
  constructor(
    private readonly context: Context,
    private readonly delivery: Delivery,
  ) {}

  /** Whether a halt of this user may make codes. */
  makesCodes({ authenticators }: PreparedSnapshot): boolean {
    const isDelivered = mechanisms.some((mechanism) => authenticators.some((one) => one.mechanism === mechanism));
    return isDelivered && this.context.settings.challengeOn !== 'request';
  }

  async prepare(challengeId: string, identity: Identity, snapshot: PreparedSnapshot): Promise<HaltCodes> {
    const { settings } = this.context;
    const retryAfter = lockedFor(this.context, snapshot.account);
    const [contacts, spent, codes]: [HaltCodes['contacts'], SpentMethods, LiveCodes] = [{}, {}, {}];
    const outgoing: Outgoing[] = [];
    let unreadable: SealedDataError | undefined;
    for (const mechanism of mechanisms) {
      const newest = await this.delivery.newest(snapshot, mechanism).catch((error: unknown) => {
        if (!(error instanceof SealedDataError)) throw error;
        unreadable ??= error;
        return undefined;
      });
      if (!newest) continue;
      const { authenticator, contact } = newest;
      const method = methodNames[mechanism];
      const maskedContact = maskContact(mechanism, contact);
      // A code that cannot be looked at is not sent either: it would cost money and end before it may be used.
      const onlyTold = settings.challengeOn === 'request' || retryAfter !== undefined;
      const refusal = onlyTold
        ? await this.spent(identity, mechanism)
        : await this.refusal(contact, identity, mechanism);
      if (refusal instanceof TooManyAttemptsError) spent[method] = { maskedContact, retryAfter: refusal.retryAfter };
      if (refusal) continue;
      contacts[method] = { maskedContact, contact };
      if (onlyTold) continue;
      const scope: CodeScope = { challengeId, purpose: 'login', identity, mechanism };
      const { code, live } = this.delivery.issue(scope, authenticator.id);
      codes[method] = live;
      if (this.delivery.sender(mechanism))
        outgoing.push({ mechanism, scope, contact, code, expiresAt: live.expiresAt });
      else contacts[method] = { maskedContact, contact, otpValue: code };
    }
    const waits = Object.values(spent).map((method) => method.retryAfter);
    const refusal =
      waits.length > 0
        ? new TooManyAttemptsError(Math.min(...waits), spent)
        : (unreadable ?? new DeliveryFailedError());
    return { contacts, spent, codes, outgoing, refusal, retryAfter };
  }

  private spent(identity: Identity, mechanism: DeliveredMechanism): Promise<Error | undefined> {
    return this.delivery.quota.spent(this.delivery.quota.ofUser(identity, mechanism));
  }

  /** Why no code can be sent to this contact now; reserved where one can. */
  private async refusal(
    contact: string,
    identity: Identity,
    mechanism: DeliveredMechanism,
  ): Promise<Error | undefined> {
    if (!(await this.delivery.allows(contact, mechanism))) return new DeliveryFailedError();
    try {
      await this.delivery.quota.reserve(this.delivery.quota.ofUser(identity, mechanism));
      return undefined;
    } catch (error) {
      if (error instanceof TooManyAttemptsError) return error;
      throw error;
    }
  }
}
