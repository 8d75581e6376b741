import { parseBackupCode, stretchBackupCode } from '../core/backup-code.js';
import { sha256 } from '../core/keyring.js';
import { mechanisms, methodNames, TwoFactorMechanism, type MethodName } from '../core/mechanism.js';
import { readCode } from '../core/one-time-code.js';
import { afterFailure, afterSuccess, endsPendingLogins, retryAt, type AttemptCounts } from '../core/throttle.js';
import {
  InvalidBackupCodeError, InvalidTwoFactorCodeError, TooManyAttemptsError, TwoFactorExpiredError, TwoFactorNotSetupError,
} from '../errors.js';
import type { TwoFactorAccount, TwoFactorChallenge } from '../store/rows.js';
import type { Context, Identity } from './context.js';
import { secondsUntil } from './sending-quota.js';
import type { Matching } from './matching.js';
import { isLive, missing, type Match, type Subject, type Verified, type VerifiedLogin } from './subject.js';

/** Of parallel verdicts on one account one is committed; the others look again, at the most this often. */
const verdictTries = 3;

/** A pending login's token, and the Passport that is to finish it; '' for any. */
export interface PendingToken {
  readonly token: string;
  readonly passport: string;
}

const challengeId = (token: string): string => sha256(token);

/**
 * Decides on codes. Every verdict is committed to the account before it is answered, so that a burst of parallel
 * guesses buys none extra, a crash denies, and counts hold across logins, sessions and processes.
 */
export class Verification {
  constructor(private readonly context: Context, private readonly matching: Matching) {}

  /** Verifies a code for a pending login. The challenge stays: the caller uses it up or marks it verified. */
  async verifyLogin(
    pending: string | PendingToken | undefined, methods: readonly MethodName[], code: unknown,
  ): Promise<VerifiedLogin> {
    const text = readCode(code);
    if (pending === undefined) throw new TwoFactorExpiredError();
    const { token, passport } = typeof pending === 'string' ? { token: pending, passport: '' } : pending;
    const load = async () => {
      const subject = await this.ofChallenge(token);
      const { challenge } = subject;
      if (challenge.purpose !== 'login' || challenge.verifiedBy !== '') throw new TwoFactorExpiredError();
      // Begun by another Passport of the app: its users are others, and so is what they may do.
      if (passport !== '' && challenge.passport !== '' && challenge.passport !== passport) throw new TwoFactorExpiredError();
      return subject;
    };
    return this.verify(load, methods, text);
  }

  /** Verifies a code of a user who is logged in. @param token of the step-up challenge that a delivered code answers */
  async verifyUser(identity: Identity, methods: readonly MethodName[], code: unknown, token?: string): Promise<Verified> {
    const text = readCode(code);
    const load = async (): Promise<Subject> => {
      const snapshot = await this.context.snapshots.ofUser(identity.key, { purpose: 'step-up', mechanism: 0 });
      if (!snapshot.account) throw new TwoFactorNotSetupError();
      const { account } = snapshot;
      const now = this.context.settings.clock();
      const live = snapshot.challenges.filter((challenge) => isLive(challenge, snapshot, now));
      // A code sent to one session does not serve another: the session's token names its challenge.
      const challenge = token === undefined ? live.at(-1) : live.find(({ id }) => id === challengeId(token));
      return { identity, account, snapshot, challenge };
    };
    const verified = await this.verify(load, methods, text).catch(async (reason: unknown) => {
      const asked = mechanisms.filter((mechanism) => methods.includes(methodNames[mechanism]));
      throw reason instanceof TwoFactorNotSetupError ? await missing(this.context, identity, ...asked) : reason;
    });
    const { challenge } = verified.subject;
    if ((verified.method === 'email' || verified.method === 'sms') && challenge) {
      // Of parallel requests with one delivered code, one deletes the row that the code lives in.
      if (!(await this.context.challenges.consume(challenge.id, this.context.settings.clock()))) throw new TwoFactorExpiredError();
    }
    return verified;
  }

  /**
   * Reads a pending login to be completed. One that was verified stays completable when later failures end the others:
   * its verdict was committed before.
   * @throws TwoFactorExpiredError where there is none
   */
  async findLogin(token: string): Promise<{ challenge: TwoFactorChallenge; securityEpoch: number; live: boolean }> {
    const snapshot = await this.context.snapshots.ofChallenge(challengeId(token));
    const { challenges: [challenge], securityEpoch } = snapshot;
    const now = this.context.settings.clock();
    if (challenge?.purpose !== 'login' || challenge.expiresAt <= now) throw new TwoFactorExpiredError();
    // Verified by a factor that its owner has removed since: a thief's login must not outlive what it was verified by.
    if (challenge.securityEpoch !== securityEpoch) throw new TwoFactorExpiredError();
    return { challenge, securityEpoch, live: isLive(challenge, snapshot, now) };
  }

  /** Reads a live challenge and its user by the token alone. @throws TwoFactorExpiredError */
  async ofChallenge(token: string): Promise<Subject & { challenge: TwoFactorChallenge }> {
    const snapshot = await this.context.snapshots.ofChallenge(challengeId(token));
    const { account, challenges: [challenge] } = snapshot;
    if (!isLive(challenge, snapshot, this.context.settings.clock()) || !account) throw new TwoFactorExpiredError();
    return { identity: { id: challenge.userId, key: challenge.userKey }, account, snapshot, challenge };
  }

  /**
   * Loads, gates, decides, commits; again where another verdict on the account came first.
   * @param decide answers the right code's match or undefined for a wrong one; what it throws is not charged
   */
  async judge<S extends Subject>(
    load: () => Promise<S>, decide: (subject: S) => Match | undefined, failed: MethodName | undefined,
  ): Promise<{ subject: S; match: Match }> {
    for (let attempt = 0; attempt < verdictTries; attempt += 1) {
      const subject = await load();
      this.gate(subject.account);
      const match = decide(subject);
      if (match && (await this.context.accounts.commit(subject.account, this.right(subject, match)))) return { subject, match };
      if (!match && (await this.charge(subject, true))) {
        this.announceFailure(subject, failed);
        throw new InvalidTwoFactorCodeError();
      }
    }
    throw new TooManyAttemptsError(1);
  }

  private async verify<S extends Subject>(load: () => Promise<S>, methods: readonly MethodName[], code: string): Promise<Verified<S>> {
    const backupCode = methods.includes('backup_code') ? parseBackupCode(code) : undefined;
    const only = methods.length === 1 ? methods[0] : undefined;
    const { subject, match } = await (backupCode !== undefined
      ? this.judgeBackupCode(load, backupCode)
      : this.judge(load, (given) => this.matching.decide(given, methods, code), only));
    const { method, authenticator } = match;
    if (method === 'totp' && authenticator) await this.matching.reseal(authenticator);
    this.context.events.emit('verified', this.event(subject.identity, method));
    return { subject, method };
  }

  /** The charge comes first, so that fifty parallel guesses cost five scrypts; a right code takes it back. */
  private async judgeBackupCode<S extends Subject>(load: () => Promise<S>, code: string): Promise<{ subject: S; match: Match }> {
    for (let attempt = 0; attempt < verdictTries; attempt += 1) {
      const subject = await load();
      const { account, identity } = subject;
      this.gate(account);
      if (account.backupSetId === '') throw new TwoFactorNotSetupError();
      if (!(await this.charge(subject, false))) continue;

      const [keyId = '', salt = ''] = account.backupSalt.split('.');
      const stretched = await stretchBackupCode(code, Buffer.from(salt, 'base64url'));
      const tag = this.context.keyring.mac('backup-code', [identity.id, account.backupSetId, stretched.toString('hex')], keyId);
      const now = this.context.settings.clock();
      const used = await this.context.backupCodes.use(account.backupSetId, tag, now);
      // The set was replaced while this code was being checked: it dies with its set.
      if (!used || !(await this.context.accounts.settleBackupCode(account.userKey, account.backupSetId))) {
        if (endsPendingLogins(this.failed(account), this.context.settings.attemptLimits)) await this.context.accounts.endChallenges(account.userKey);
        this.announceFailure(subject, 'backup_code');
        throw new InvalidBackupCodeError();
      }
      const remainingBackupCodes = Math.max(0, subject.snapshot.unusedBackupCodes - 1);
      this.context.events.emit('backupCodeUsed', { ...this.event(identity, 'backup_code'), remainingBackupCodes });
      return { subject, match: { method: 'backup_code' } };
    }
    throw new TooManyAttemptsError(1);
  }

  /** Right and wrong codes are answered alike while the account has to wait. */
  private gate(account: TwoFactorAccount): void {
    const now = this.context.settings.clock();
    const next = retryAt(account, this.context.settings.attemptLimits);
    if (next > now) throw new TooManyAttemptsError(secondsUntil(next, now));
  }

  private right({ account, snapshot }: Subject, { authenticator, step }: Match): Partial<TwoFactorAccount> {
    const { failures, nextAttemptAt } = afterSuccess(account);
    const used = JSON.parse(account.lastUsed) as Record<string, number>;
    if (authenticator) used[authenticator.id] = this.context.settings.clock();
    const lastUsed = Object.fromEntries(snapshot.authenticators.flatMap(({ id }) => (used[id] === undefined ? [] : [[id, used[id]]])));
    return { failures, nextAttemptAt, lastStep: Math.max(account.lastStep, step ?? 0), lastUsed: JSON.stringify(lastUsed) };
  }

  /**
   * Commits a failure. False where another verdict came first and nothing was charged.
   * @param final whether the code is known to be wrong, so that the pending logins end with the last of the attempts
   */
  private charge({ account }: Subject, final: boolean): Promise<boolean> {
    const counts = this.failed(account);
    const ends = final && endsPendingLogins(counts, this.context.settings.attemptLimits);
    return this.context.accounts.commit(account, { ...counts, ...(ends && { challengeEpoch: account.challengeEpoch + 1 }) });
  }

  private failed(account: TwoFactorAccount): AttemptCounts {
    return afterFailure(account, this.context.settings.attemptLimits, this.context.settings.clock());
  }

  private announceFailure({ account, identity }: Subject, method: MethodName | undefined): void {
    const lockedUntil = retryAt({ ...account, ...this.failed(account) }, this.context.settings.attemptLimits);
    this.context.events.emit('failed', this.event(identity, method));
    if (lockedUntil > this.context.settings.clock()) this.context.events.emit('locked', { ...this.event(identity, method), lockedUntil });
  }

  private event(identity: Identity, method: MethodName | undefined) {
    const mechanism = { totp: TwoFactorMechanism.TOTP, email: TwoFactorMechanism.EMAIL, sms: TwoFactorMechanism.SMS, backup_code: undefined }[method ?? 'backup_code'];
    return { userId: identity.id, at: this.context.settings.clock(), ...(method && { method }), ...(mechanism && { mechanism }) };
  }
}
