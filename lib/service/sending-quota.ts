import { deliveredMethods, mechanismOf, type DeliveredMethod } from '../core/methods.js';
import type { TooManyAttemptsError } from '../errors.js';
import { Budgets, type Budget } from './budget.js';
import type { Context } from './context.js';
import type { Identity } from './identity.js';

/** A message of a challenge. */
export interface SentMessage {
  readonly challengeId: string;
  /** How many of the challenge it was. */
  readonly sends: number;
  /** Epoch milliseconds. */
  readonly sentAt: number;
}

/** How many messages may still be sent, to a user by a method and to a contact that nobody has confirmed. */
export class SendingQuota {
  private readonly budgets: Budgets;

  constructor(private readonly context: Context) {
    this.budgets = new Budgets(context);
  }

  /** The budget of messages to a user by one method, whatever they are for. */
  ofUser(identity: Identity, method: DeliveredMethod): Budget {
    return {
      id: this.context.keyring.mac('quota', ['user', identity.id, String(mechanismOf(method))]),
      userKey: identity.key,
    };
  }

  /** The budget of messages to a contact that nobody has confirmed: many accounts cannot flood one stranger. */
  ofDestination(contact: string): Budget {
    return { id: this.context.keyring.mac('quota', ['destination', contact.toLowerCase()]), userKey: '' };
  }

  /** Counts one message before it is sent. @throws TooManyAttemptsError where the hour's or day's messages are spent */
  reserve(budget: Budget, sent?: SentMessage): Promise<void> {
    const lastSent = sent && [sent.challengeId, sent.sends, sent.sentAt].join(':');
    return this.budgets.reserve(budget, this.context.settings.sendLimits, lastSent);
  }

  /**
   * What was sent for a challenge before, where its row is gone: a row that is made anew must not let messages follow
   * each other faster. Undefined where nothing was, or something else was since.
   */
  async lastSent(budget: Budget, challengeId: string): Promise<SentMessage | undefined> {
    const [id, sends, sentAt] = ((await this.context.quotas.find(budget.id))?.lastSent ?? '').split(':');
    return id === challengeId ? { challengeId, sends: Number(sends), sentAt: Number(sentAt) } : undefined;
  }

  /** Why no message could be counted now; undefined where one could. */
  whySpent(budget: Budget): Promise<TooManyAttemptsError | undefined> {
    return this.budgets.whySpent(budget, this.context.settings.sendLimits);
  }

  /** Forgets what was counted for a user, passwords too. */
  async forget(identity: Identity): Promise<void> {
    await this.context.quotas.removeOfUser(identity.key);
    // By name as well: a row of version 0.1 does not say whose it is.
    await this.context.quotas.remove(deliveredMethods.map((method) => this.ofUser(identity, method).id));
  }

  /** Counts one message against several budgets, or against none of them. */
  async reserveAll(budgets: readonly Budget[]): Promise<void> {
    const reserved: Budget[] = [];
    for (const budget of budgets) {
      try {
        await this.reserve(budget);
        reserved.push(budget);
      } catch (error) {
        await this.releaseAll(reserved);
        throw error;
      }
    }
  }

  async releaseAll(budgets: readonly Budget[]): Promise<void> {
    for (const budget of budgets) await this.release(budget);
  }

  /** Gives back what a message that was not sent has cost. */
  release(budget: Budget): Promise<void> {
    return this.budgets.release(budget);
  }
}
