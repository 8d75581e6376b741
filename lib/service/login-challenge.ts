import type { DeliveredMethod } from '../core/methods.js';
import {
  InvalidCredentialsError,
  SecondFactorRequiredError,
  type AvailableMethods,
  type PublicMethods,
  type SpentMethods,
} from '../errors.js';
import type { FirstFactorKind, LoginChannel } from '../options.js';
import { available, masked } from './available-methods.js';
import { createdAfter } from './challenge.js';
import type { ChallengeSent, CodeSending } from './code-sending.js';
import type { Context } from './context.js';
import type { Identity } from './identity.js';
import { roomFor } from './crowd.js';
import { resendAfter } from './delivery.js';
import type { PreparedSnapshot } from './enrollment-draft.js';
import type { HaltCodes, HaltCoding } from './halt-codes.js';
import { longestInToken, sealKept, textOfKept } from './kept-login.js';
import {
  newId,
  rowOf,
  sealPending,
  withCodes,
  withoutChannel,
  type Carrier,
  type PendingChallenge,
  type PendingContent,
  type PendingToken,
} from './pending-token.js';
import type { Verification } from './verification.js';

/** How the first factor was proved, kept until the second one is. */
export interface FirstFactor {
  readonly kind: FirstFactorKind;
  readonly remember: boolean;
  /** The strategy's `info`, which becomes `req.authInfo`: JSON of 2 KB at the most. */
  readonly info: unknown;
  /** Names the Passport that began it; '' or absent for any. */
  readonly passport?: string;
  /** Who holds the pending login. */
  readonly carrier: Carrier;
  /** Where the message went that proved it. */
  readonly channel?: LoginChannel | undefined;
  /** What Passport would have kept of the user in the session. */
  readonly serialized?: unknown;
}

/** A login that was halted. `token` stands for it and is the only thing that the session holds of it. */
export interface PendingLogin {
  readonly token: string;
  readonly methods: PublicMethods;
  readonly availableMethods: AvailableMethods;
  readonly expiresAt: number;
  /** Names the Passport that began it; '' for any. */
  readonly passport: string;
  /** Per method whose code was made, or has to wait for a locked account: seconds until one may be asked for. */
  readonly resendAfter: Partial<Record<DeliveredMethod, number | null>>;
  /** Methods whose messages are spent, which `methods` leaves out: when they can be asked for again. */
  readonly spent: SpentMethods;
  /** Seconds until a code of the account is looked at; absent for an account that is not locked. */
  readonly retryAfter?: number;
  /** Sends the codes, once the pending login is where the next request finds it. @throws DeliveryFailedError */
  readonly deliver: () => Promise<void>;
}

/** What a halted login is told by. A client without a session is given its token; a session holds it. */
export const haltOf = (
  { token, methods, availableMethods, expiresAt }: PendingLogin,
  carrier: Carrier,
  redirect?: string,
): SecondFactorRequiredError =>
  new SecondFactorRequiredError({
    methods,
    availableMethods,
    expiresAt,
    ...(carrier === 'token' && { challengeToken: token }),
    ...(redirect !== undefined && { redirect }),
  });

/** Begins and feeds pending logins. */
export class LoginChallenge {
  constructor(
    private readonly context: Context,
    private readonly parts: {
      readonly halts: HaltCoding;
      readonly sending: CodeSending;
      readonly verification: Verification;
    },
  ) {}

  /**
   * Halts a login of a user with a verified method. Nothing is written for one that needs no codes.
   * @throws TooManyAttemptsError where nothing but spent methods is left, or codes were made for too many logins in a
   *   minute
   */
  async begin(identity: Identity, given: PreparedSnapshot, first: FirstFactor): Promise<PendingLogin> {
    const { settings, events, snapshots, challenges } = this.context;
    const { halts, sending } = this.parts;
    const now = settings.clock();
    const { carrier, channel } = first;
    const snapshot = withoutChannel(given, channel);
    if (snapshot.authenticators.length === 0) throw new InvalidCredentialsError(onlyThere);
    const kept = textOfKept(settings, first);
    const isLong = Buffer.byteLength(kept) > longestInToken;
    // Before anything is made: a login that has to wait sends nothing.
    const makesRow = isLong || halts.makesCodes(snapshot);
    const rows = makesRow ? await snapshots.withLogins(identity) : snapshot;
    const gone = makesRow ? roomFor(rows, settings.pendingLogins, now) : [];
    const id = newId();
    const made = await halts.prepare(id, identity, snapshot);
    const availableMethods = available(snapshot, made.contacts);
    if (Object.keys(availableMethods).length === 0) throw made.refusal;
    const methods = masked(availableMethods);

    const content: PendingContent = {
      id,
      row: id,
      userId: identity.id,
      challengeEpoch: snapshot.account.challengeEpoch,
      securityEpoch: snapshot.securityEpoch,
      createdAt: createdAfter(rows, now),
      expiresAt: now + settings.loginExpiry,
      hasRow: isLong || halts.hasContacts(snapshot),
      kind: first.kind,
      remember: first.remember,
      ...(channel && { channel }),
      ...(carrier === 'token' && { methods }),
      passport: first.passport ?? '',
      kept: isLong || kept,
    };
    const opened = withCodes(content, carrier, { identity, snapshot });
    const challenge = { ...opened, codes: JSON.stringify(made.codes) };
    if (isLong || Object.keys(made.codes).length > 0) {
      await this.store(challenge, isLong ? sealKept(this.context, challenge, kept) : '');
    }
    await challenges.remove(gone);
    events.emit('challenged', { userId: identity.id, at: now });
    return {
      token: sealPending(this.context, content, carrier),
      availableMethods,
      expiresAt: content.expiresAt,
      passport: content.passport,
      methods,
      resendAfter: waitsOf(made),
      spent: made.spent,
      ...(made.retryAfter !== undefined && { retryAfter: made.retryAfter }),
      deliver: () => sending.deliverAll(challenge, made.outgoing, snapshot),
    };
  }

  /** Sends a code, or another one, for a pending login: to the stored contact, whatever the request says. */
  async sendForLogin(pending: PendingToken, method: DeliveredMethod): Promise<ChallengeSent> {
    const subject = await this.parts.verification.ofLogin(pending);
    const { challenge, snapshot } = subject;
    const { settings, challenges, factors } = this.context;
    const factor = factors.sent(method);
    if (challenge.isStored) return this.parts.sending.send(subject, factor);
    const createdAt = createdAfter(snapshot, settings.clock());
    const gone = roomFor(snapshot, settings.pendingLogins, settings.clock());
    const add = (codes: string) => challenges.add(rowOf({ ...challenge, createdAt, codes }, ''));
    const sent = await this.parts.sending.sendFirst(subject, factor, add);
    await challenges.remove(gone);
    return sent;
  }

  private async store(challenge: PendingChallenge, info: string): Promise<void> {
    const { challenges, texts } = this.context;
    await texts.check('id', challenge.userId);
    if (!(await challenges.add(rowOf(challenge, info)))) throw new Error('Two challenges have the same id.');
  }
}

const onlyThere =
  'This login was proved where the second factor would be, too. Log in by another way, such as the password.';

/** Seconds until another code may be asked for: for every contact of a locked account, else where one was made. */
const waitsOf = ({ contacts, codes, retryAfter }: HaltCodes): PendingLogin['resendAfter'] => ({
  ...(retryAfter !== undefined && Object.fromEntries(Object.keys(contacts).map((method) => [method, retryAfter]))),
  ...Object.fromEntries(Object.entries(codes).map(([method, live]) => [method, resendAfter(live)])),
});
