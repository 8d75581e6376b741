import { randomBytes } from 'node:crypto';
import { withHidden } from '../core/hidden.js';
import { sha256 } from '../core/keyring.js';
import { TwoFactorMechanism, type DeliveredMechanism } from '../core/mechanism.js';
import type { ChallengePurpose } from '../core/one-time-code.js';
import { TwoFactorExpiredError, type AvailableMethods, type PublicMethods, type SpentMethods } from '../errors.js';
import type { StrategyKind } from '../options.js';
import { newChallenge, type TwoFactorChallenge } from '../store/rows.js';
import { masked, preferredFirst } from './available-methods.js';
import { newestOf, type ChallengeSent, type CodeSending } from './code-sending.js';
import { findUser, type Context, type Deserialize, type Identity } from './context.js';
import { roomFor } from './crowd.js';
import { resendAfter, type LiveCodes } from './delivery.js';
import type { PreparedSnapshot } from './enrollment-draft.js';
import type { HaltCoding } from './halt-codes.js';
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
  /** Per method whose code was made, or has to wait for a locked account: seconds until one may be asked for. */
  readonly resendAfter: Partial<Record<'email' | 'sms', number | null>>;
  /** Methods whose messages are spent, which `methods` leaves out: when they can be asked for again. */
  readonly spent: SpentMethods;
  /** Seconds until a code of the account is looked at; absent for an account that is not locked. */
  readonly retryAfter?: number;
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

/** A pending login that was verified, under the token that it has since. */
export interface MarkedLogin {
  readonly token: string;
  readonly challenge: TwoFactorChallenge;
}

/** Where the token of a step-up is kept between its requests. */
export interface StepUpSession {
  readonly token?: string;
  /** Called before the code is sent. What it throws ends the sending. */
  readonly keep?: (token: string) => Promise<void>;
}

const stepUpExpiry = 10 * 60_000;

const newToken = (): string => randomBytes(32).toString('base64url');

/** Begins, feeds and ends the challenges of pending logins and step-ups. */
export class LoginChallenge {
  constructor(
    private readonly context: Context,
    private readonly halts: HaltCoding,
    private readonly sending: CodeSending,
    private readonly verification: Verification,
  ) {}

  /**
   * Halts a login of a user with a verified method.
   * @throws TooManyAttemptsError where nothing but spent methods is left, or too many logins were begun in a minute
   */
  async begin(identity: Identity, snapshot: PreparedSnapshot, first: FirstFactor): Promise<PendingLogin> {
    const { settings, events, texts } = this.context;
    await texts.check('id', identity.id);
    const token = newToken();
    const now = settings.clock();
    // Before anything is made: a login that has to wait sends nothing.
    const gone = roomFor(snapshot, settings.pendingLogins, now);
    const { contacts, codes, outgoing, spent, refusal, retryAfter } = await this.halts.prepare(
      token,
      identity,
      snapshot,
    );
    const availableMethods: AvailableMethods = preferredFirst(snapshot.account.preferred, {
      ...(newestOf(snapshot, TwoFactorMechanism.TOTP) && { totp: true as const }),
      ...contacts,
      ...(snapshot.unusedBackupCodes > 0 && { backupCode: true as const }),
    });
    if (Object.keys(availableMethods).length === 0) throw refusal;

    const row = this.row('login', token, identity, snapshot, codes, first, now + settings.loginExpiry);
    await this.context.challenges.add(row);
    await this.context.challenges.remove(gone);
    events.emit('challenged', { userId: identity.id, at: now });
    return {
      token,
      availableMethods,
      expiresAt: row.expiresAt,
      passport: row.passport,
      methods: masked(availableMethods),
      resendAfter: {
        ...(retryAfter !== undefined &&
          Object.fromEntries(Object.keys(contacts).map((method) => [method, retryAfter]))),
        ...Object.fromEntries(Object.entries(codes).map(([method, live]) => [method, resendAfter(live)])),
      },
      spent,
      ...(retryAfter !== undefined && { retryAfter }),
      deliver: () => this.sending.deliverAll(row, outgoing, availableMethods.totp === true),
    };
  }

  /** Sends a code, or another one, for a pending login: to the stored contact, whatever the request says. */
  async sendForLogin(token: string, mechanism: DeliveredMechanism): Promise<ChallengeSent> {
    const subject = await this.verification.ofChallenge(token);
    if (subject.challenge.purpose !== 'login' || subject.challenge.verifiedBy !== '') throw new TwoFactorExpiredError();
    return this.sending.send(subject, mechanism);
  }

  /** The same for a user who is logged in. @param session of the step-up, which is begun where there is none */
  async sendForStepUp(
    identity: Identity,
    mechanism: DeliveredMechanism,
    session: StepUpSession = {},
  ): Promise<ChallengeSent> {
    const { token } = session;
    const { snapshots, settings } = this.context;
    const snapshot = await snapshots.ofUser(identity, { purpose: 'step-up', mechanism: 0 });
    const { account } = snapshot;
    if (!account || !newestOf(snapshot, mechanism)) throw await missing(this.context, identity, mechanism);
    const now = settings.clock();
    const begun = snapshot.challenges.find(({ id }) => token !== undefined && id === sha256(token));
    if (token !== undefined && isLive(begun, snapshot, now)) {
      const sent = await this.sending.send({ identity, account, snapshot, challenge: begun }, mechanism);
      return withHidden(sent, { challengeToken: token });
    }
    const gone = roomFor(snapshot, settings.pendingLogins, now);
    const fresh = newToken();
    const challenge = this.row('step-up', fresh, identity, { ...snapshot, account }, {}, undefined, now + stepUpExpiry);
    const sent = await this.sending.begin({ identity, account, snapshot, challenge }, mechanism, () =>
      session.keep?.(fresh),
    );
    await this.context.challenges.remove(gone);
    return withHidden(sent, { challengeToken: fresh });
  }

  /**
   * Marks a challenge as verified, for a later request to complete, and gives it another token in the same statement:
   * whoever knows the one of before, by a planted cookie or a copy of the session, completes nothing.
   * @throws TwoFactorExpiredError
   */
  async markVerified(challenge: TwoFactorChallenge, verifiedBy: string): Promise<MarkedLogin> {
    const { challenges, settings, keyring } = this.context;
    const token = newToken();
    const id = sha256(token);
    // What is sealed is bound to the id of its row.
    const info =
      challenge.info === ''
        ? ''
        : keyring.seal(
            'auth-info',
            challenge.userId,
            id,
            keyring.open('auth-info', challenge.userId, challenge.id, challenge.info),
          );
    if (!(await challenges.markVerified(challenge.id, { id, info, verifiedBy }, settings.clock())))
      throw new TwoFactorExpiredError();
    return { token, challenge: { ...challenge, id, info, verifiedBy } };
  }

  /**
   * Ends a verified login: uses the challenge up and asks the app for the user once more.
   * @param securityEpoch as it was when the code was judged
   * @throws TwoFactorExpiredError where another request was first, or the user is removed or disabled by now
   */
  async finish(
    challenge: TwoFactorChallenge,
    securityEpoch: number,
    { marked, deserialize }: Finish,
  ): Promise<FinishedLogin> {
    const { challenges, settings, keyring } = this.context;
    const now = settings.clock();
    const identity = { id: challenge.userId, key: challenge.userKey };
    const kept = openKept(keyring, challenge);
    // Beside the challenge's end, since neither needs the other's answer; both have to be there before anybody is logged in.
    const looking = findUser(settings, identity, { ...kept, deserialize });
    looking.catch(() => undefined);
    const consumed = marked
      ? await challenges.consumeVerified(challenge.id, now)
      : await challenges.consume(challenge.id, now);
    if (!consumed) throw new TwoFactorExpiredError();
    const user = await looking;
    if (user === undefined) throw new TwoFactorExpiredError();
    return { identity, user, info: kept.info, remember: challenge.remember === 1, securityEpoch };
  }

  private row(
    purpose: ChallengePurpose,
    token: string,
    identity: Identity,
    snapshot: PreparedSnapshot,
    codes: LiveCodes,
    first: FirstFactor | undefined,
    expiresAt: number,
  ): TwoFactorChallenge {
    const id = sha256(token);
    return newChallenge({
      id,
      userKey: identity.key,
      userId: identity.id,
      purpose,
      challengeEpoch: snapshot.account.challengeEpoch,
      securityEpoch: snapshot.securityEpoch,
      strategy: first?.strategy ?? '',
      kind: first?.kind ?? '',
      remember: first?.remember ? 1 : 0,
      passport: first?.passport ?? '',
      info: sealKept(this.context, { identity, id, info: first?.info, serialized: first?.serialized }),
      codes: JSON.stringify(codes),
      createdAt: createdAfter(snapshot, this.context.settings.clock()),
      expiresAt,
    });
  }
}
