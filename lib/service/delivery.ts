import { maskContact } from '../core/contact.js';
import { methodNames, TwoFactorMechanism, type DeliveredMechanism } from '../core/mechanism.js';
import { generateOneTimeCode, type ChallengePurpose } from '../core/one-time-code.js';
import { DeliveryFailedError, InvalidInputError, SealedDataError, TooManyAttemptsError } from '../errors.js';
import type { Send } from '../options.js';
import type { TwoFactorAuthenticator, TwoFactorChallenge } from '../store/rows.js';
import type { Snapshot } from '../store/snapshot-store.js';
import { secondsUntil } from './budget.js';
import type { Context, Identity } from './context.js';
import { SendingQuota } from './sending-quota.js';
import { readIfReadable } from './unreadable.js';

/** The one live code of a method in a challenge. A new one takes its place. */
export interface LiveCode {
  /** `<key id>.<HMAC>` over purpose, mechanism, user, challenge and code: good for this challenge alone. */
  readonly tag: string;
  readonly expiresAt: number;
  readonly sentAt: number;
  /** Messages sent for this challenge. */
  readonly sends: number;
  /** The authenticator that it was sent to; '' during an enrolment. */
  readonly authenticator: string;
}

export type LiveCodes = Partial<Record<'email' | 'sms', LiveCode>>;

/** What a code is made for. */
export interface CodeScope {
  readonly challengeId: string;
  readonly purpose: ChallengePurpose;
  readonly identity: Identity;
  readonly mechanism: DeliveredMechanism;
}

/** Milliseconds after the first, second and third message of a challenge before the next; there is no fifth. */
const resendWaits = [0, 30_000, 60_000, 120_000];

export const readLiveCodes = (challenge: Pick<TwoFactorChallenge, 'codes'>): LiveCodes =>
  JSON.parse(challenge.codes) as LiveCodes;

/** Seconds from a code's sending until the next may be asked for; null where there will be none for this challenge. */
export function resendAfter({ sends }: LiveCode): number | null {
  const wait = resendWaits[sends];
  return wait === undefined ? null : wait / 1000;
}

/** @throws TooManyAttemptsError where the challenge's next message has to wait, or there will be none */
export function checkResend(
  previous: LiveCode | undefined,
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

/** Makes, counts, sends and recognises delivered codes. */
export class Delivery {
  readonly quota: SendingQuota;

  constructor(private readonly context: Context) {
    this.quota = new SendingQuota(context);
  }

  /** The app's sender; without one the code is handed to the app. */
  sender(mechanism: DeliveredMechanism): Send | undefined {
    const { deliver } = this.context.settings;
    return mechanism === TwoFactorMechanism.EMAIL ? deliver.email : deliver.sms;
  }

  async allows(contact: string, mechanism: DeliveredMechanism): Promise<boolean> {
    const allowed: unknown = await this.context.settings.allowDestination(contact, mechanism);
    return allowed === true;
  }

  /** @throws InvalidInputError where the app refuses the destination: before it is stored and before it is sent to */
  async checkDestination(contact: string, mechanism: DeliveredMechanism): Promise<void> {
    if (await this.allows(contact, mechanism)) return;
    throw new InvalidInputError(
      mechanism === TwoFactorMechanism.EMAIL ? 'address' : 'phone',
      'a destination that this service sends to',
    );
  }

  issue(scope: CodeScope, authenticator: string, previous?: LiveCode): { code: string; live: LiveCode } {
    const { settings, keyring } = this.context;
    const code = generateOneTimeCode(settings.codeLength);
    const now = settings.clock();
    const tag = keyring.tag('one-time-code', this.binding(scope, code));
    return {
      code,
      live: {
        tag,
        expiresAt: now + settings.tokenExpiry,
        sentAt: now,
        sends: (previous?.sends ?? 0) + 1,
        authenticator,
      },
    };
  }

  /** Whether `code` is this live code, compared as HMACs in constant time. */
  matches(scope: CodeScope, live: LiveCode | undefined, code: string): boolean {
    if (!live || live.expiresAt <= this.context.settings.clock()) return false;
    return this.context.keyring.checkTag('one-time-code', this.binding(scope, code), live.tag);
  }

  /**
   * Sends a message that was counted. It stays counted whatever the sender answers: a provider may have sent what it
   * reports as failed, and a sender that fails must not be called without limit.
   * @throws DeliveryFailedError where the sender throws or takes longer than `deliverTimeout`
   */
  async send(scope: CodeScope, to: string, code: string, expiresAt: number): Promise<void> {
    const send = this.sender(scope.mechanism);
    if (!send) return;
    const { deliverTimeout, issuer } = this.context.settings;
    const { mechanism, purpose, identity } = scope;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new SenderTooLate(`The sender took longer than ${deliverTimeout} ms.`));
      }, deliverTimeout);
    });
    try {
      const sending = Promise.resolve({ mechanism, to, code, purpose, userId: identity.id, issuer, expiresAt }).then(
        send,
      );
      await Promise.race([sending, late]);
    } catch (cause) {
      throw new DeliveryFailedError(cause);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Opens the contact of an authenticator; one under an older key is sealed again. */
  async contactOf(authenticator: TwoFactorAuthenticator, mechanism: DeliveredMechanism): Promise<string> {
    const { keyring, authenticators } = this.context;
    const contact = this.openContact(authenticator);
    if (!keyring.isCurrent(authenticator.sealed)) {
      await authenticators.update(authenticator.userKey, authenticator.id, {
        sealed: keyring.seal('contact', authenticator.userId, authenticator.id, contact),
        handle: this.handle(mechanism, authenticator.userId, contact),
      });
    }
    return contact;
  }

  /**
   * The newest contact that can be read, and where to send to; undefined for a user without one.
   * @throws SealedDataError where there are some and none can be read
   */
  async newest(
    { authenticators }: Snapshot,
    mechanism: DeliveredMechanism,
  ): Promise<{ authenticator: TwoFactorAuthenticator; contact: string } | undefined> {
    let unreadable: SealedDataError | undefined;
    for (const authenticator of authenticators.filter((one) => one.mechanism === mechanism).reverse()) {
      const contact = readIfReadable(this.context, authenticator, () => this.openContact(authenticator));
      if (!(contact instanceof SealedDataError))
        return { authenticator, contact: await this.contactOf(authenticator, mechanism) };
      unreadable ??= contact;
    }
    if (unreadable) throw unreadable;
    return undefined;
  }

  openContact(authenticator: TwoFactorAuthenticator): string {
    return this.context.keyring
      .open('contact', authenticator.userId, authenticator.id, authenticator.sealed)
      .toString();
  }

  handle(mechanism: DeliveredMechanism, userId: string, contact: string): string {
    return this.context.keyring.mac('contact', [methodNames[mechanism], userId, contact.toLowerCase()]);
  }

  /** Undefined for a contact that cannot be read. */
  mask(authenticator: TwoFactorAuthenticator): string | undefined {
    const contact = readIfReadable(this.context, authenticator, () => this.openContact(authenticator));
    return contact instanceof SealedDataError
      ? undefined
      : maskContact(authenticator.mechanism as DeliveredMechanism, contact);
  }

  private binding({ purpose, mechanism, identity, challengeId }: CodeScope, code: string): string[] {
    return [purpose, methodNames[mechanism], identity.id, challengeId, code];
  }
}
