import { randomBytes } from 'node:crypto';
import { maskContact } from '../core/contact.js';
import { sha256 } from '../core/keyring.js';
import { methodNames, TwoFactorMechanism, type DeliveredMechanism } from '../core/mechanism.js';
import type { ChallengePurpose } from '../core/one-time-code.js';
import {
  DeliveryFailedError, TwoFactorExpiredError, type AvailableContact, type AvailableMethods, type PublicMethods,
} from '../errors.js';
import type { StrategyKind } from '../options.js';
import { newChallenge, type TwoFactorChallenge } from '../store/rows.js';
import { masked, preferredFirst } from './available-methods.js';
import { newestOf, type ChallengeSent, type CodeSending, type Outgoing } from './code-sending.js';
import { findUser, type Context, type Deserialize, type Identity } from './context.js';
import { resendAfter, type CodeScope, type Delivery, type LiveCodes } from './delivery.js';
import type { PreparedSnapshot } from './enrollment-draft.js';
import { createdAfter, isLive, missing } from './subject.js';
import { openKept, sealKept } from './kept-login.js';
import type { Verification } from './verification.js';

/** How the first factor was proved, kept until the second one is. */
export interface FirstFactor {
  readonly strategy: string;
  readonly kind: StrategyKind;
  readonly remember: boolean;
  /** The strategy's `info`, which becomes `req.authInfo`: JSON of 2 KB at the most. */
  readonly info: unknown;
  /** Names the Passport that began it; '' or absent for any. */
  readonly passport?: string;
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
  /** Per method whose code was made: seconds until another one may be asked for. */
  readonly resendAfter: Partial<Record<'email' | 'sms', number | null>>;
  /** Sends the codes, once the pending login is where the next request finds it. @throws DeliveryFailedError */
  readonly deliver: () => Promise<void>;
}

/** How a login is finished. */
export interface Finish {
  /** Whether the row says that it is verified; else this very request has judged its code. */
  readonly marked: boolean;
  /** Passport's `deserializeUser`, for an app without `users.find`. */
  readonly deserialize?: Deserialize | undefined;
}

export interface FinishedLogin {
  readonly identity: Identity;
  readonly user: Express.User;
  readonly info: unknown;
  readonly remember: boolean;
  readonly securityEpoch: number;
}

const stepUpExpiry = 10 * 60_000;
const delivered: readonly DeliveredMechanism[] = [TwoFactorMechanism.EMAIL, TwoFactorMechanism.SMS];

const newToken = (): string => randomBytes(32).toString('base64url');

/** Begins, feeds and ends the challenges of pending logins and step-ups. */
export class LoginChallenge {
  constructor(
    private readonly context: Context,
    private readonly delivery: Delivery,
    private readonly sending: CodeSending,
    private readonly verification: Verification,
  ) {}

  /**
   * Halts a login of a user with a verified method.
   * @throws TooManyAttemptsError where nothing but spent methods is left
   */
  async begin(identity: Identity, snapshot: PreparedSnapshot, first: FirstFactor): Promise<PendingLogin> {
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
      const quota = this.delivery.quota.ofUser(identity, mechanism);
      if (settings.challengeOn === 'request') {
        const spent = await this.delivery.quota.spent(quota);
        if (spent) refusals.push(spent);
        else contacts[methodNames[mechanism]] = { maskedContact, contact };
        continue;
      }
      const refusal = await this.sending.refusal(contact, mechanism, quota);
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
    const availableMethods: AvailableMethods = preferredFirst(snapshot.account.preferred, {
      ...(newestOf(snapshot, TwoFactorMechanism.TOTP) && { totp: true as const }),
      ...contacts,
      ...(snapshot.unusedBackupCodes > 0 && { backupCode: true as const }),
    });
    if (Object.keys(availableMethods).length === 0) throw refusals[0] ?? new DeliveryFailedError();

    const row = this.row('login', token, identity, snapshot, codes, first, now + settings.loginExpiry);
    await this.context.challenges.add(row);
    await this.prune(snapshot, now);
    events.emit('challenged', { userId: identity.id, at: now });
    return {
      token, availableMethods, expiresAt: row.expiresAt, passport: row.passport,
      methods: masked(availableMethods),
      resendAfter: Object.fromEntries(Object.entries(codes).map(([method, live]) => [method, resendAfter(live)])),
      deliver: () => this.sending.deliverAll(row, outgoing, availableMethods.totp === true),
    };
  }

  /** Sends a code, or another one, for a pending login: to the stored contact, whatever the request says. */
  async sendForLogin(token: string, mechanism: DeliveredMechanism): Promise<ChallengeSent> {
    const subject = await this.verification.ofChallenge(token);
    if (subject.challenge.purpose !== 'login' || subject.challenge.verifiedBy !== '') throw new TwoFactorExpiredError();
    return this.sending.send(subject, mechanism);
  }

  /** The same for a user who is logged in. @param token of the session's step-up, which is begun where there is none */
  async sendForStepUp(identity: Identity, mechanism: DeliveredMechanism, token: string | undefined): Promise<ChallengeSent> {
    const { snapshots, settings } = this.context;
    const snapshot = await snapshots.ofUser(identity.key, { purpose: 'step-up', mechanism: 0 });
    const { account } = snapshot;
    if (!account || !newestOf(snapshot, mechanism)) throw await missing(this.context, identity, mechanism);
    const now = settings.clock();
    const begun = snapshot.challenges.find(({ id }) => token !== undefined && id === sha256(token));
    if (isLive(begun, snapshot, now)) {
      const sent = await this.sending.send({ identity, account, snapshot, challenge: begun }, mechanism);
      return Object.defineProperty(sent, 'challengeToken', { value: token });
    }
    const fresh = newToken();
    const challenge = this.row('step-up', fresh, identity, { ...snapshot, account }, {}, undefined, now + stepUpExpiry);
    const sent = await this.sending.begin({ identity, account, snapshot, challenge }, mechanism);
    await this.prune({ ...snapshot, account }, now);
    return Object.defineProperty(sent, 'challengeToken', { value: fresh });
  }

  /** Marks a challenge as verified, for a later request to complete. @throws TwoFactorExpiredError */
  async markVerified(challenge: TwoFactorChallenge, method: string): Promise<void> {
    const marked = await this.context.challenges.markVerified(challenge.id, method, this.context.settings.clock());
    if (!marked) throw new TwoFactorExpiredError();
  }

  /**
   * Ends a verified login: uses the challenge up and asks the app for the user once more.
   * @param securityEpoch as it was when the code was judged
   * @throws TwoFactorExpiredError where another request was first, or the user is removed or disabled by now
   */
  async finish(challenge: TwoFactorChallenge, securityEpoch: number, { marked, deserialize }: Finish): Promise<FinishedLogin> {
    const { challenges, settings, keyring } = this.context;
    const now = settings.clock();
    const identity = { id: challenge.userId, key: challenge.userKey };
    const kept = openKept(keyring, challenge);
    // Beside the challenge's end, since neither needs the other's answer; both have to be there before anybody is logged in.
    const looking = findUser(settings, identity, { ...kept, deserialize });
    looking.catch(() => undefined);
    const consumed = marked ? await challenges.consumeVerified(challenge.id, now) : await challenges.consume(challenge.id, now);
    if (!consumed) throw new TwoFactorExpiredError();
    const user = await looking;
    if (user === undefined) throw new TwoFactorExpiredError();
    return { identity, user, info: kept.info, remember: challenge.remember === 1, securityEpoch };
  }

  private row(
    purpose: ChallengePurpose, token: string, identity: Identity, snapshot: PreparedSnapshot, codes: LiveCodes,
    first: FirstFactor | undefined, expiresAt: number,
  ): TwoFactorChallenge {
    const id = sha256(token);
    return newChallenge({
      id, userKey: identity.key, userId: identity.id, purpose,
      challengeEpoch: snapshot.account.challengeEpoch, securityEpoch: snapshot.securityEpoch, strategy: first?.strategy ?? '', kind: first?.kind ?? '',
      remember: first?.remember ? 1 : 0, passport: first?.passport ?? '',
      info: sealKept(this.context, { identity, id, info: first?.info, serialized: first?.serialized }),
      codes: JSON.stringify(codes), createdAt: createdAfter(snapshot, this.context.settings.clock()), expiresAt,
    });
  }

  /** Makes room for the challenge that was just added: rows do not grow with traffic. */
  private async prune(snapshot: PreparedSnapshot, now: number): Promise<void> {
    const { challenges, settings } = this.context;
    const live = snapshot.challenges.filter((challenge) => isLive(challenge, snapshot, now));
    const crowded = live.slice(0, Math.max(0, live.length - settings.pendingLogins + 1));
    // A verified challenge whose epoch is over may still be completed until it expires.
    const dead = snapshot.challenges.filter((challenge) => challenge.expiresAt <= now || (!live.includes(challenge) && challenge.verifiedBy === ''));
    await challenges.remove([...new Set([...dead, ...crowded].map(({ id }) => id))]);
  }
}
