import { isDelivered, methodOf, type DeliveredMethod } from '../core/methods.js';
import {
  DeliveryFailedError,
  SealedDataError,
  TooManyAttemptsError,
  type AvailableContact,
  type SpentMethods,
} from '../errors.js';
import { lockedFor } from './backoff.js';
import type { DeliveredFactor, LiveCodes } from '../factors/delivered.js';
import type { Context } from './context.js';
import type { Identity } from './identity.js';
import type { CodeScope, Delivery, Message } from './delivery.js';
import type { PreparedSnapshot } from './enrollment-draft.js';

/** What a halted login can be finished with by a message, and what has to be sent for it. */
export interface HaltCodes {
  readonly contacts: Partial<Record<DeliveredMethod, AvailableContact>>;
  /** Those whose messages are spent. */
  readonly spent: SpentMethods;
  readonly codes: LiveCodes;
  readonly outgoing: readonly Message[];
  /** Why nothing can be sent, where nothing can. */
  readonly refusal: Error;
  /** Seconds until a code of the account is looked at; undefined for one that is free. */
  readonly retryAfter: number | undefined;
}

/** Makes the codes of a halt, for the newest contact of each method. */
export class HaltCoding {
  constructor(
    private readonly context: Context,
    private readonly delivery: Delivery,
  ) {}

  /** Whether the user has contacts that codes go to. */
  hasContacts({ authenticators }: PreparedSnapshot): boolean {
    return authenticators.some(({ mechanism }) => isDelivered(methodOf(mechanism)));
  }

  /** Whether a halt of this user may make codes. */
  makesCodes(snapshot: PreparedSnapshot): boolean {
    return this.context.settings.challengeOn !== 'request' && this.hasContacts(snapshot);
  }

  async prepare(id: string, identity: Identity, snapshot: PreparedSnapshot): Promise<HaltCodes> {
    const { settings, factors } = this.context;
    const retryAfter = lockedFor(this.context, snapshot.account);
    const [contacts, spent, codes]: [HaltCodes['contacts'], SpentMethods, LiveCodes] = [{}, {}, {}];
    const outgoing: Message[] = [];
    let unreadable: SealedDataError | undefined;
    for (const factor of factors.delivered) {
      const { method } = factor;
      const newest = await this.delivery.newest(snapshot, factor).catch((error: unknown) => {
        if (!(error instanceof SealedDataError)) throw error;
        unreadable ??= error;
        return undefined;
      });
      if (!newest) continue;
      const { authenticator, contact } = newest;
      const maskedContact = factor.kind.mask(contact);
      // A code that cannot be looked at is not sent either: it would cost money and end before it may be used.
      const onlyTold = settings.challengeOn === 'request' || retryAfter !== undefined;
      const refusal = onlyTold
        ? await this.whySpent(identity, factor)
        : await this.reserve(identity, factor, { contact, id });
      if (refusal instanceof TooManyAttemptsError) spent[method] = { maskedContact, retryAfter: refusal.retryAfter };
      if (refusal) continue;
      contacts[method] = { maskedContact, contact };
      if (onlyTold) continue;
      const scope: CodeScope = { id, purpose: 'login', userId: identity.id };
      const { code, live } = factor.issue(scope, authenticator.id);
      codes[method] = live;
      if (factor.sender) outgoing.push({ factor, scope, contact, code, expiresAt: live.expiresAt });
      else contacts[method] = { maskedContact, contact, otpValue: code };
    }
    const waits = Object.values(spent).map((method) => method.retryAfter);
    const refusal =
      waits.length > 0
        ? new TooManyAttemptsError(Math.min(...waits), spent)
        : (unreadable ?? new DeliveryFailedError());
    return { contacts, spent, codes, outgoing, refusal, retryAfter };
  }

  private whySpent(identity: Identity, { method }: DeliveredFactor): Promise<Error | undefined> {
    return this.delivery.quota.whySpent(this.delivery.quota.ofUser(identity, method));
  }

  /** Counts a message to this contact. @returns why none can be sent; undefined where it was counted */
  private async reserve(
    identity: Identity,
    factor: DeliveredFactor,
    { contact, id }: { readonly contact: string; readonly id: string },
  ): Promise<Error | undefined> {
    if (!(await this.delivery.allows(factor, contact))) return new DeliveryFailedError();
    try {
      const sent = { challengeId: id, sends: 1, sentAt: this.context.settings.clock() };
      await this.delivery.quota.reserve(this.delivery.quota.ofUser(identity, factor.method), sent);
      return undefined;
    } catch (error) {
      if (error instanceof TooManyAttemptsError) return error;
      throw error;
    }
  }
}
