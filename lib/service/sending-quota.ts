import type { DeliveredMechanism } from '../core/mechanism.js';
import { afterSend, afterUnsent } from '../core/throttle.js';
import { TooManyAttemptsError } from '../errors.js';
import type { Context, Identity } from './context.js';

const quotaTries = 50;

export const secondsUntil = (time: number, now: number): number => Math.max(1, Math.ceil((time - now) / 1000));

/** How many messages may still be sent, to a user by a method and to a contact that nobody has confirmed. */
export class SendingQuota {
  constructor(private readonly context: Context) {}

  /** The budget of messages to a user by one method, whatever they are for. */
  ofUser(identity: Identity, mechanism: DeliveredMechanism): string {
    return this.context.keyring.mac('quota', ['user', identity.id, String(mechanism)]);
  }

  /** The budget of messages to a contact that nobody has confirmed: many accounts cannot flood one stranger. */
  ofDestination(contact: string): string {
    return this.context.keyring.mac('quota', ['destination', contact.toLowerCase()]);
  }

  /** Counts one message before it is sent. @throws TooManyAttemptsError where the hour's or day's messages are spent */
  async reserve(quota: string): Promise<void> {
    const { quotas, settings } = this.context;
    for (let attempt = 0; attempt < quotaTries; attempt += 1) {
      const now = settings.clock();
      const read = await quotas.find(quota);
      const counts = afterSend(read ?? { hourStart: now, hourCount: 0, dayStart: now, dayCount: 0 }, settings.sendLimits, now);
      if ('retryAt' in counts) throw new TooManyAttemptsError(secondsUntil(counts.retryAt, now));
      // Lost to a parallel request: that one was counted, so a limit of n is reached after n lost tries.
      if (await quotas.commit(quota, read, counts)) return;
    }
    throw new TooManyAttemptsError(1);
  }

  /** Why no message could be counted now; undefined where one could. */
  async spent(quota: string): Promise<TooManyAttemptsError | undefined> {
    const now = this.context.settings.clock();
    const read = await this.context.quotas.find(quota);
    const counts = read && afterSend(read, this.context.settings.sendLimits, now);
    return counts && 'retryAt' in counts ? new TooManyAttemptsError(secondsUntil(counts.retryAt, now)) : undefined;
  }

  /** Counts one message against several budgets, or against none of them. */
  async reserveAll(quotas: readonly string[]): Promise<void> {
    const reserved: string[] = [];
    for (const quota of quotas) {
      try {
        await this.reserve(quota);
        reserved.push(quota);
      } catch (error) {
        await this.releaseAll(reserved);
        throw error;
      }
    }
  }

  async releaseAll(quotas: readonly string[]): Promise<void> {
    for (const quota of quotas) await this.release(quota);
  }

  /** Gives back what a message that was not sent has cost. */
  async release(quota: string): Promise<void> {
    for (let attempt = 0; attempt < quotaTries; attempt += 1) {
      const read = await this.context.quotas.find(quota);
      if (!read || (await this.context.quotas.commit(quota, read, afterUnsent(read)))) return;
    }
  }
}
