import { randomBytes } from 'node:crypto';
import { sha256 } from '../core/keyring.js';
import { maskContact } from '../core/contact.js';
import { methodNames, TwoFactorMechanism, type DeliveredMechanism } from '../core/mechanism.js';
import type { ChallengePurpose } from '../core/one-time-code.js';
import {
  DeliveryFailedError, TooManyAttemptsError, TwoFactorExpiredError, type AvailableContact, type AvailableMethods,
  type PublicMethods,
} from '../errors.js';
import type { StrategyKind } from '../options.js';
import type { TwoFactorAccount, TwoFactorAuthenticator, TwoFactorChallenge } from '../store/entities.js';
import type { Snapshot } from '../store/snapshot-store.js';
import { findUser, type Context, type Identity } from './context.js';
import { checkResend, readLiveCodes, type CodeScope, type Delivery, type LiveCodes } from './delivery.js';
import { isLive, missing, type Subject, type Verification } from './verification.js';

/** How the first factor was proved, kept until the second one is. */
export interface FirstFactor {
  readonly strategy: string;
  readonly kind: StrategyKind;
  readonly remember: boolean;
  /** The strategy's `info`, which becomes `req.authInfo`: JSON of 2 KB at the most. */
  readonly info: unknown;
}

/** A login that was halted. `token` stands for it and is the only thing that the session holds of it. */
export interface PendingLogin {
  readonly token: string;
  readonly methods: PublicMethods;
  readonly availableMethods: AvailableMethods;
  readonly expiresAt: number;
  /** Sends the codes, once the pending login is where the next request finds it. @throws DeliveryFailedError */
  readonly deliver: () => Promise<void>;
}

export interface FinishedLogin {
  readonly identity: Identity;
  readonly user: Express.User;
  readonly info: unknown;
  readonly remember: boolean;
  readonly securityEpoch: number;
}

export interface ChallengeSent {
  readonly maskedContact: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  /** Not enumerable, as on `SecondFactorRequiredError`. */
  readonly contact?: string;
  readonly otpValue?: string;
  readonly challengeToken?: string;
}

interface Outgoing {
  readonly mechanism: DeliveredMechanism;
  readonly scope: CodeScope;
  readonly contact: string;
  readonly code: string;
  readonly expiresAt: number;
  readonly quota: string;
}

const longestInfo = 2048;
const stepUpExpiry = 10 * 60_000;
const delivered: readonly DeliveredMechanism[] = [TwoFactorMechanism.EMAIL, TwoFactorMechanism.SMS];

const newToken = (): string => randomBytes(32).toString('base64url');

/** The newest verified contact: the one that codes are sent to. */
export const newestOf = (snapshot: Snapshot, mechanism: TwoFactorMechanism): TwoFactorAuthenticator | undefined =>
  snapshot.authenticators.findLast((authenticator) => authenticator.mechanism === mechanism);

/** Begins, feeds and ends the challenges of pending logins and step-ups. */
export class LoginChallenge {
  constructor(
    private readonly context: Context,
    private readonly delivery: Delivery,
    private readonly verification: Verification,
  ) {}

  /**
   * Halts a login of a user with a verified method.
   * @throws TooManyAttemptsError where nothing but spent methods is left
   */
  async begin(identity: Identity, snapshot: Snapshot & { account: TwoFactorAccount }, first: FirstFactor): Promise<PendingLogin> {
    const { settings, events } = this.context;
    const token = newToken();
    const now = settings.clock();
    const codes: LiveCodes = {};
    const outgoing: Outgoing[] = [];
    const refusals: Error[] = [];
    const contacts: { email?: AvailableContact; sms?: AvailableContact } = {};
    for (const mechanism of delivered) {
      const authenticator = newestOf(snapshot, mechanism);
      if (!authenticator) continue;
      const contact = await this.delivery.contactOf(authenticator, mechanism);
      const maskedContact = maskContact(mechanism, contact);
      if (settings.challengeOn === 'request') {
        contacts[methodNames[mechanism]] = { maskedContact, contact };
        continue;
      }
      const quota = this.delivery.userQuota(identity, mechanism);
      const refusal = await this.refusal(contact, mechanism, quota);
      if (refusal) {
        refusals.push(refusal);
        continue;
      }
      const scope: CodeScope = { challengeId: sha256(token), purpose: 'login', identity, mechanism };
      const { code, live } = this.delivery.issue(scope, authenticator.id);
      codes[methodNames[mechanism]] = live;
      if (this.delivery.sender(mechanism)) outgoing.push({ mechanism, scope, contact, code, expiresAt: live.expiresAt, quota });
      contacts[methodNames[mechanism]] = {
        maskedContact, contact, ...(!this.delivery.sender(mechanism) && { otpValue: code }),
      };
    }
    const availableMethods: AvailableMethods = {
      ...(newestOf(snapshot, TwoFactorMechanism.TOTP) && { totp: true as const }),
      ...contacts,
      ...(snapshot.unusedBackupCodes > 0 && { backupCode: true as const }),
    };
    if (Object.keys(availableMethods).length === 0) throw refusals[0] ?? new DeliveryFailedError();

    const row = this.row('login', token, identity, snapshot.account, codes, first, now + settings.loginExpiry);
    await this.context.challenges.add(row);
    await this.prune(snapshot, now);
    events.emit('challenged', { userId: identity.id, at: now });
    return {
      token, availableMethods, expiresAt: row.expiresAt,
      methods: {
        ...(availableMethods.totp && { totp: true as const }),
        ...(contacts.email && { email: contacts.email.maskedContact }),
        ...(contacts.sms && { sms: contacts.sms.maskedContact }),
        ...(availableMethods.backupCode && { backupCode: true as const }),
      },
      deliver: () => this.deliverAll(row, outgoing, availableMethods.totp === true),
    };
  }

  /** Sends a code, or another one, for a pending login: to the stored contact, whatever the request says. */
  async sendForLogin(token: string, mechanism: DeliveredMechanism): Promise<ChallengeSent> {
    const subject = await this.verification.ofChallenge(token);
    if (subject.challenge.purpose !== 'login' || subject.challenge.verifiedBy !== '') throw new TwoFactorExpiredError();
    return this.send(subject, mechanism);
  }

  /** The same for a user who is logged in. @param token of the session's step-up, which is begun where there is none */
  async sendForStepUp(identity: Identity, mechanism: DeliveredMechanism, token: string | undefined): Promise<ChallengeSent> {
    const { snapshots, challenges, settings } = this.context;
    const snapshot = await snapshots.ofUser(identity.key, { purpose: 'step-up', mechanism: 0 });
    const { account } = snapshot;
    if (!account || !newestOf(snapshot, mechanism)) throw await missing(this.context, identity, mechanism);
    const now = settings.clock();
    let used = token;
    let challenge = snapshot.challenges.find(({ id }) => token !== undefined && id === sha256(token));
    if (used === undefined || !isLive(challenge, account, now)) {
      used = newToken();
      challenge = this.row('step-up', used, identity, account, {}, undefined, now + stepUpExpiry, snapshot.challenges.at(-1)?.createdAt);
      await challenges.add(challenge);
      await this.prune(snapshot as Snapshot & { account: TwoFactorAccount }, now);
    }
    const sent = await this.send({ identity, account, snapshot, challenge }, mechanism);
    return Object.defineProperty(sent, 'challengeToken', { value: used });
  }

  /** Marks a challenge as verified, for a later request to complete. @throws TwoFactorExpiredError */
  async markVerified(challenge: TwoFactorChallenge, method: string): Promise<void> {
    const marked = await this.context.challenges.markVerified(challenge.id, method, this.context.settings.clock());
    if (!marked) throw new TwoFactorExpiredError();
  }

  /**
   * Ends a verified login: uses the challenge up and asks the app for the user once more.
   * @param verified whether this very request has marked it, else the row must say so
   * @throws TwoFactorExpiredError where another request was first, or the user is removed or disabled by now
   */
  async finish(challenge: TwoFactorChallenge, account: TwoFactorAccount, marked: boolean): Promise<FinishedLogin> {
    const { challenges, settings, keyring } = this.context;
    const now = settings.clock();
    const consumed = marked ? await challenges.consumeVerified(challenge.id, now) : await challenges.consume(challenge.id, now);
    if (!consumed) throw new TwoFactorExpiredError();
    const identity = { id: challenge.userId, key: challenge.userKey };
    const user = await findUser(settings, identity);
    if (user === undefined) throw new TwoFactorExpiredError();
    const info: unknown = challenge.info === '' ? undefined : JSON.parse(keyring.open('auth-info', identity.id, challenge.id, challenge.info).toString());
    return { identity, user, info, remember: challenge.remember === 1, securityEpoch: account.securityEpoch };
  }

  private async refusal(contact: string, mechanism: DeliveredMechanism, quota: string): Promise<Error | undefined> {
    if (!(await this.delivery.allows(contact, mechanism))) return new DeliveryFailedError();
    try {
      await this.delivery.reserve(quota);
      return undefined;
    } catch (error) {
      if (error instanceof TooManyAttemptsError) return error;
      throw error;
    }
  }

  private async send(subject: Subject & { challenge: TwoFactorChallenge }, mechanism: DeliveredMechanism): Promise<ChallengeSent> {
    const { challenge, identity, snapshot } = subject;
    const { challenges, settings, events } = this.context;
    const authenticator = newestOf(snapshot, mechanism);
    if (!authenticator) throw await missing(this.context, identity, mechanism);
    const codes = readLiveCodes(challenge);
    const previous = codes[methodNames[mechanism]];
    checkResend(previous, challenge, settings.clock());
    const contact = await this.delivery.contactOf(authenticator, mechanism);
    await this.delivery.checkDestination(contact, mechanism);
    const quota = this.delivery.userQuota(identity, mechanism);
    await this.delivery.reserve(quota);
    const scope: CodeScope = { challengeId: challenge.id, purpose: challenge.purpose, identity, mechanism };
    const { code, live } = this.delivery.issue(scope, authenticator.id, previous);
    const next = { ...codes, [methodNames[mechanism]]: live };
    // Of twenty resends at once, one replaces the code and sends; the others cost nothing.
    if (!(await challenges.replaceCodes(challenge.id, challenge.codeVersion, JSON.stringify(next)))) {
      await this.delivery.release(quota);
      throw new TooManyAttemptsError(1);
    }
    const row = { ...challenge, codeVersion: challenge.codeVersion + 1, codes: JSON.stringify(next) };
    await this.deliverOne(row, { mechanism, scope, contact, code, expiresAt: live.expiresAt, quota }, previous?.sentAt ?? 0);
    events.emit('challenged', { userId: identity.id, mechanism, method: methodNames[mechanism], at: settings.clock() });
    const sent: ChallengeSent = { maskedContact: maskContact(mechanism, contact), expiresAt: live.expiresAt };
    Object.defineProperty(sent, 'contact', { value: contact });
    if (!this.delivery.sender(mechanism)) Object.defineProperty(sent, 'otpValue', { value: code });
    return sent;
  }

  /** At the halt. A sender that fails ends the login only where its code is what the user needs to go on. */
  private async deliverAll(row: TwoFactorChallenge, outgoing: readonly Outgoing[], hasTotp: boolean): Promise<void> {
    const failures: unknown[] = [];
    let current = row;
    for (const [index, result] of (await Promise.allSettled(outgoing.map((message) => this.sendOut(message)))).entries()) {
      if (result.status === 'fulfilled') continue;
      failures.push(result.reason);
      const message = outgoing[index];
      if (message) current = await this.takeBack(current, message, 0);
    }
    const otherWay = hasTotp || Object.keys(readLiveCodes(row)).length > failures.length;
    if (failures.length > 0 && !otherWay) throw failures[0] as Error;
  }

  private async deliverOne(row: TwoFactorChallenge, message: Outgoing, previouslySentAt: number): Promise<void> {
    try {
      await this.sendOut(message);
    } catch (error) {
      await this.takeBack(row, message, previouslySentAt);
      throw error;
    }
  }

  private sendOut({ scope, contact, code, expiresAt, quota }: Outgoing): Promise<void> {
    return this.delivery.sendReserved(scope, contact, code, expiresAt, [quota]);
  }

  /** A message that was not sent is not counted: the next request may ask again at once. */
  private async takeBack(row: TwoFactorChallenge, { mechanism }: Outgoing, sentAt: number): Promise<TwoFactorChallenge> {
    const codes = readLiveCodes(row);
    const live = codes[methodNames[mechanism]];
    if (!live) return row;
    const next = JSON.stringify({ ...codes, [methodNames[mechanism]]: { ...live, sends: live.sends - 1, sentAt } });
    await this.context.challenges.replaceCodes(row.id, row.codeVersion, next);
    return { ...row, codes: next, codeVersion: row.codeVersion + 1 };
  }

  private row(
    purpose: ChallengePurpose, token: string, identity: Identity, account: TwoFactorAccount, codes: LiveCodes,
    first: FirstFactor | undefined, expiresAt: number, newest = 0,
  ): TwoFactorChallenge {
    const id = sha256(token);
    return {
      id, userKey: identity.key, userId: identity.id, purpose, mechanism: 0, handle: '',
      challengeEpoch: account.challengeEpoch, strategy: first?.strategy ?? '', kind: first?.kind ?? '',
      remember: first?.remember ? 1 : 0, info: this.sealInfo(first?.info, identity, id), sealed: '',
      codes: JSON.stringify(codes), codeVersion: 0, verifiedBy: '',
      createdAt: Math.max(this.context.settings.clock(), newest + 1), expiresAt,
    };
  }

  private sealInfo(info: unknown, identity: Identity, id: string): string {
    if (info === undefined || info === null) return '';
    const text = JSON.stringify(info) as string | undefined;
    if (text === undefined || Buffer.byteLength(text) > longestInfo) {
      throw new Error(`The info that the strategy gave with the user must be JSON of at most ${longestInfo} bytes to be kept until the second factor.`);
    }
    return this.context.keyring.seal('auth-info', identity.id, id, text);
  }

  /** Makes room for the challenge that was just added: rows do not grow with traffic. */
  private async prune(snapshot: Snapshot & { account: TwoFactorAccount }, now: number): Promise<void> {
    const { challenges, settings } = this.context;
    const live = snapshot.challenges.filter((challenge) => isLive(challenge, snapshot.account, now));
    const crowded = live.slice(0, Math.max(0, live.length - settings.pendingLogins + 1));
    // A verified challenge whose epoch is over may still be completed until it expires.
    const dead = snapshot.challenges.filter((challenge) => challenge.expiresAt <= now || (!live.includes(challenge) && challenge.verifiedBy === ''));
    await challenges.remove([...new Set([...dead, ...crowded].map(({ id }) => id))]);
  }
}
