import { parseBackupCode, stretchBackupCode } from '../core/backup-code.js';
import { sha256 } from '../core/keyring.js';
import { mechanisms, methodNames, TwoFactorMechanism, type MethodName } from '../core/mechanism.js';
import { readCode } from '../core/one-time-code.js';
import {
  afterFailure,
  afterSuccess,
  afterTakenBack,
  endsPendingLogins,
  retryAt,
  type AttemptCounts,
  type Guess,
} from '../core/throttle.js';
import {
  InvalidBackupCodeError,
  InvalidTwoFactorCodeError,
  TooManyAttemptsError,
  TwoFactorExpiredError,
  TwoFactorNotSetupError,
} from '../errors.js';
import type { TwoFactorAccount, TwoFactorChallenge } from '../store/rows.js';
import { refuseLocked } from './backoff.js';
import { comparisons } from './comparisons.js';
import type { Context, Identity } from './context.js';
import type { Matching } from './matching.js';
import {
  isLive,
  missing,
  type Judging,
  type Match,
  type Subject,
  type Verified,
  type VerifiedLogin,
} from './subject.js';

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
  constructor(
    private readonly context: Context,
    private readonly matching: Matching,
  ) {}

  /** Verifies a code for a pending login. The challenge stays: the caller uses it up or marks it verified. */
  async verifyLogin(
    pending: string | PendingToken | undefined,
    methods: readonly MethodName[],
    code: unknown,
  ): Promise<VerifiedLogin> {
    const text = readCode(code);
    if (pending === undefined) throw new TwoFactorExpiredError();
    const { token, passport } = typeof pending === 'string' ? { token: pending, passport: '' } : pending;
    const load = async () => {
      const subject = await this.ofChallenge(token);
      const { challenge } = subject;
      if (challenge.purpose !== 'login' || challenge.verifiedBy !== '') throw new TwoFactorExpiredError();
      // Begun by another Passport of the app: its users are others, and so is what they may do.
      if (passport !== '' && challenge.passport !== '' && challenge.passport !== passport)
        throw new TwoFactorExpiredError();
      return subject;
    };
    return this.verify(load, methods, text);
  }

  /** Verifies a code of a user who is logged in. @param token of the step-up challenge that a delivered code answers */
  async verifyUser(
    identity: Identity,
    methods: readonly MethodName[],
    code: unknown,
    token?: string,
  ): Promise<Verified> {
    const text = readCode(code);
    const load = async (): Promise<Subject> => {
      const snapshot = await this.context.snapshots.ofUser(identity, { purpose: 'step-up', mechanism: 0 });
      // Backup codes stand in for a factor: without one they are nothing.
      if (!snapshot.account || snapshot.authenticators.length === 0) throw new TwoFactorNotSetupError();
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
      if (!(await this.context.challenges.consume(challenge.id, this.context.settings.clock())))
        throw new TwoFactorExpiredError();
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
    const {
      challenges: [challenge],
      securityEpoch,
    } = snapshot;
    const now = this.context.settings.clock();
    if (challenge?.purpose !== 'login' || challenge.expiresAt <= now) throw new TwoFactorExpiredError();
    // Verified by a factor that its owner has removed since: a thief's login must not outlive what it was verified by.
    if (challenge.securityEpoch !== securityEpoch) throw new TwoFactorExpiredError();
    return { challenge, securityEpoch, live: isLive(challenge, snapshot, now) };
  }

  /** Reads a live challenge and its user by the token alone. @throws TwoFactorExpiredError */
  async ofChallenge(token: string): Promise<Subject & { challenge: TwoFactorChallenge }> {
    const snapshot = await this.context.snapshots.ofChallenge(challengeId(token));
    const {
      account,
      challenges: [challenge],
    } = snapshot;
    if (!isLive(challenge, snapshot, this.context.settings.clock()) || !account) throw new TwoFactorExpiredError();
    return { identity: { id: challenge.userId, key: challenge.userKey }, account, snapshot, challenge };
  }

  /** Loads, gates, decides, commits; again where another verdict on the account came first. */
  async judge<S extends Subject>({
    load,
    decide,
    compared,
    failed,
  }: Judging<S>): Promise<{ subject: S; match: Match }> {
    for (let attempt = 0; attempt < verdictTries; attempt += 1) {
      const subject = await load();
      refuseLocked(this.context, subject.account);
      const match = decide(subject);
      if (match && (await this.context.accounts.commit(subject.account, this.right(subject, match))))
        return { subject, match };
      const counts = match ? undefined : this.failed(subject.account, this.guess(compared(subject)));
      if (counts && (await this.charge(subject.account, counts, true))) {
        this.announceFailure(subject.identity, counts, failed);
        throw new InvalidTwoFactorCodeError();
      }
    }
    throw new TooManyAttemptsError(1);
  }

  private async verify<S extends Subject>(
    load: () => Promise<S>,
    methods: readonly MethodName[],
    code: string,
  ): Promise<Verified<S>> {
    const backupCode = methods.includes('backup_code') ? parseBackupCode(code) : undefined;
    const only = methods.length === 1 ? methods[0] : undefined;
    const { subject, match } = await (backupCode !== undefined
      ? this.judgeBackupCode(load, backupCode)
      : this.judge({
          load,
          decide: (given) => this.matching.decide(given, methods, code),
          compared: (given) => comparisons(this.context, given, { methods, code }),
          failed: only,
        }));
    const { method, authenticator } = match;
    if (method === 'totp' && authenticator) await this.matching.reseal(authenticator);
    this.context.events.emit('verified', this.event(subject.identity, method));
    return { subject, method };
  }

  /** The charge comes first, so that fifty parallel guesses cost five scrypts; a right code takes it back. */
  private async judgeBackupCode<S extends Subject>(
    load: () => Promise<S>,
    code: string,
  ): Promise<{ subject: S; match: Match }> {
    for (let attempt = 0; attempt < verdictTries; attempt += 1) {
      const subject = await load();
      const { account, identity } = subject;
      refuseLocked(this.context, account);
      if (account.backupSetId === '') throw new TwoFactorNotSetupError();
      const [keyId = '', salt = ''] = account.backupSalt.split('.');
      const tagOf = (stretched: string): string =>
        this.context.keyring.mac('backup-code', [identity.id, account.backupSetId, stretched], keyId);
      // Throws where the set's key is gone: a right code that cannot be recognised is not charged as a wrong one.
      tagOf('');
      const guess = this.guess(1);
      const counts = this.failed(account, guess);
      if (!(await this.charge(account, counts, false))) continue;

      const stretched = await stretchBackupCode(code, Buffer.from(salt, 'base64url'));
      const used = await this.context.backupCodes.use(account.backupSetId, tagOf(stretched.toString('hex')), guess.at);
      // The set was replaced while this code was being checked: it dies with its set.
      if (!used || !(await this.takeBack({ ...account, ...counts, version: account.version + 1 }, guess))) {
        if (endsPendingLogins(counts, this.context.settings.attemptLimits))
          await this.context.accounts.endChallenges(account.userKey);
        this.announceFailure(identity, counts, 'backup_code');
        throw new InvalidBackupCodeError();
      }
      const remainingBackupCodes = Math.max(0, subject.snapshot.unusedBackupCodes - 1);
      this.context.events.emit('backupCodeUsed', { ...this.event(identity, 'backup_code'), remainingBackupCodes });
      return { subject, match: { method: 'backup_code' } };
    }
    throw new TooManyAttemptsError(1);
  }

  private right({ account, snapshot }: Subject, { authenticator, step }: Match): Partial<TwoFactorAccount> {
    const { failures, nextAttemptAt } = afterSuccess(account);
    const used = JSON.parse(account.lastUsed) as Record<string, number>;
    if (authenticator) used[authenticator.id] = this.context.settings.clock();
    const lastUsed = Object.fromEntries(
      snapshot.authenticators.flatMap(({ id }) => (used[id] === undefined ? [] : [[id, used[id]]])),
    );
    return {
      failures,
      nextAttemptAt,
      lastStep: Math.max(account.lastStep, step ?? 0),
      lastUsed: JSON.stringify(lastUsed),
    };
  }

  /**
   * Commits a failure. False where another verdict came first and nothing was charged.
   * @param final whether the code is known to be wrong, so that the pending logins end with the last of the attempts
   */
  private charge(account: TwoFactorAccount, counts: AttemptCounts, final: boolean): Promise<boolean> {
    const ends = final && endsPendingLogins(counts, this.context.settings.attemptLimits);
    return this.context.accounts.commit(account, {
      ...counts,
      ...(ends && { challengeEpoch: account.challengeEpoch + 1 }),
    });
  }

  private guess(compared: number): Guess {
    return { at: this.context.settings.clock(), compared };
  }

  private failed(account: TwoFactorAccount, guess: Guess): AttemptCounts {
    return afterFailure(account, this.context.settings.attemptLimits, guess);
  }

  /** Takes the charge of a right backup code back. False where its set was replaced meanwhile. */
  private takeBack(charged: TwoFactorAccount, guess: Guess): Promise<boolean> {
    return this.context.accounts.settleBackupCode(charged, (account) => {
      const { failures, windowFailures, windowStart, nextAttemptAt, failureDays } = afterTakenBack(
        account,
        this.context.settings.attemptLimits,
        guess,
      );
      return { failures, windowFailures, windowStart, nextAttemptAt, failureDays };
    });
  }

  private announceFailure(identity: Identity, counts: AttemptCounts, method: MethodName | undefined): void {
    const now = this.context.settings.clock();
    const lockedUntil = retryAt(counts, this.context.settings.attemptLimits, now);
    this.context.events.emit('failed', this.event(identity, method));
    if (lockedUntil > now) this.context.events.emit('locked', { ...this.event(identity, method), lockedUntil });
  }

  private event(identity: Identity, method: MethodName | undefined) {
    const mechanism = {
      totp: TwoFactorMechanism.TOTP,
      email: TwoFactorMechanism.EMAIL,
      sms: TwoFactorMechanism.SMS,
      backup_code: undefined,
    }[method ?? 'backup_code'];
    return {
      userId: identity.id,
      at: this.context.settings.clock(),
      ...(method && { method }),
      ...(mechanism && { mechanism }),
    };
  }
}
