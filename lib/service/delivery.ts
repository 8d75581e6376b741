import { mechanismOf } from '../core/methods.js';
import type { ChallengePurpose } from '../core/one-time-code.js';
import { DeliveryFailedError, InvalidInputError, SealedDataError, TooManyAttemptsError } from '../errors.js';
import type { DeliveredFactor, LiveCode } from '../factors/delivered.js';
import type { TwoFactorAuthenticator, TwoFactorChallenge } from '../store/rows.js';
import type { Snapshot } from '../store/snapshot-store.js';
import { secondsUntil } from './budget.js';
import type { Context } from './context.js';
import { SendingQuota } from './sending-quota.js';
import { readIfReadable } from './unreadable.js';

/** What a code is made for. */
export interface CodeScope {
  readonly id: string;
  readonly purpose: ChallengePurpose;
  readonly userId: string;
}

/** A message with a code. */
export interface Message {
  readonly factor: DeliveredFactor;
  readonly scope: CodeScope;
  readonly contact: string;
  readonly code: string;
  readonly expiresAt: number;
}

/** Milliseconds after the first, second and third message of a challenge before the next; there is no fifth. */
const resendWaits = [0, 30_000, 60_000, 120_000];

/** Seconds from a code's sending until the next may be asked for; null where there will be none for this challenge. */
export function resendAfter({ sends }: LiveCode): number | null {
  const wait = resendWaits[sends];
  return wait === undefined ? null : wait / 1000;
}

/** @throws TooManyAttemptsError where the challenge's next message has to wait, or there will be none */
export function checkResend(
  previous: Pick<LiveCode, 'sends' | 'sentAt'> | undefined,
  challenge: Pick<TwoFactorChallenge, 'expiresAt'>,
  now: number,
): void {
  if (!previous) return;
  const wait = resendWaits[previous.sends];
  const next = wait === undefined ? challenge.expiresAt : previous.sentAt + wait;
  if (wait === undefined || next > now) throw new TooManyAttemptsError(secondsUntil(next, now));
}

/** The sender was not waited for: what it sends is likely to arrive. */
class SenderTooLate extends Error {}

/** @internal Whether nothing was sent, as far as the sender tells: then another one may be asked for at once. */
export const isUnsent = (error: unknown): boolean =>
  error instanceof DeliveryFailedError && !(error.cause instanceof SenderTooLate);

/** Finds contacts, counts messages and sends them. */
export class Delivery {
  readonly quota: SendingQuota;

  constructor(private readonly context: Context) {
    this.quota = new SendingQuota(context);
  }

  async allows(factor: DeliveredFactor, contact: string): Promise<boolean> {
    const allowed: unknown = await this.context.settings.allowDestination(contact, mechanismOf(factor.method));
    return allowed === true;
  }

  /** @throws InvalidInputError where the app refuses the destination: before it is stored and before it is sent to */
  async checkDestination(factor: DeliveredFactor, contact: string): Promise<void> {
    if (await this.allows(factor, contact)) return;
    throw new InvalidInputError(factor.field, 'a destination that this service sends to');
  }

  /**
   * Sends a message that was counted. It stays counted whatever the sender answers: a provider may have sent what it
   * reports as failed, and a sender that fails must not be called without limit.
   * @throws DeliveryFailedError where the sender throws or takes longer than `deliverTimeout`
   */
  async send({ factor, scope, contact: to, code, expiresAt }: Message): Promise<void> {
    const { sender } = factor;
    if (!sender) return;
    const { deliverTimeout, issuer } = this.context.settings;
    const { purpose, userId } = scope;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new SenderTooLate(`The sender took longer than ${deliverTimeout} ms.`));
      }, deliverTimeout);
    });
    try {
      const message = { mechanism: mechanismOf(factor.method), to, code, purpose, userId, issuer, expiresAt };
      await Promise.race([Promise.resolve(message).then(sender), late]);
    } catch (cause) {
      throw new DeliveryFailedError(cause);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * The newest contact that can be read, and where to send to; undefined for a user without one.
   * @throws SealedDataError where there are some and none can be read
   */
  async newest(
    { authenticators }: Snapshot,
    factor: DeliveredFactor,
  ): Promise<{ authenticator: TwoFactorAuthenticator; contact: string } | undefined> {
    let unreadable: SealedDataError | undefined;
    for (const authenticator of authenticators.filter((row) => this.context.factors.of(row) === factor).reverse()) {
      const contact = await readIfReadable(this.context, authenticator, () => factor.contactOf(authenticator));
      if (!(contact instanceof SealedDataError)) {
        await reseal(this.context, authenticator);
        return { authenticator, contact };
      }
      unreadable ??= contact;
    }
    if (unreadable) throw unreadable;
    return undefined;
  }

  /** Undefined for a factor without a contact, and for one that cannot be read. */
  async mask(authenticator: TwoFactorAuthenticator): Promise<string | undefined> {
    const factor = this.context.factors.sentOf(authenticator);
    if (!factor) return undefined;
    const contact = await readIfReadable(this.context, authenticator, () => factor.contactOf(authenticator));
    return contact instanceof SealedDataError ? undefined : factor.kind.mask(contact);
  }
}

/** What was sealed with an older key is sealed with the first one when it is used. */
export async function reseal({ factors, authenticators }: Context, row: TwoFactorAuthenticator): Promise<void> {
  const columns = factors.of(row).resealed(row);
  if (columns) await authenticators.update(row.userKey, row.id, columns);
}
