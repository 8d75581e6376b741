import { parseBackupCode, stretchBackupCode } from '../core/backup-code.js';
import { sha256 } from '../core/keyring.js';
import { methodNames, TwoFactorMechanism, type MethodName } from '../core/mechanism.js';
import { isDigits, readCode } from '../core/one-time-code.js';
import { afterFailure, afterSuccess, endsPendingLogins, retryAt } from '../core/throttle.js';
import { matchTotp } from '../core/totp.js';
import {
  InvalidBackupCodeError, InvalidInputError, InvalidTwoFactorCodeError, TooManyAttemptsError, TwoFactorExpiredError,
  TwoFactorNotSetupError, TwoFactorSetupIncompleteError,
} from '../errors.js';
import type { TwoFactorAccount, TwoFactorAuthenticator, TwoFactorChallenge } from '../store/entities.js';
import type { Snapshot } from '../store/snapshot-store.js';
import type { Context, Identity } from './context.js';
import { readLiveCodes, secondsUntil, type Delivery } from './delivery.js';

/** What a verdict is about: a user, as one SELECT saw it, and the challenge that the code answers, where there is one. */
export interface Subject {
  readonly identity: Identity;
  readonly account: TwoFactorAccount;
  readonly snapshot: Snapshot;
  readonly challenge: TwoFactorChallenge | undefined;
}

/** A right code. */
export interface Match {
  readonly method: MethodName;
  readonly authenticator?: TwoFactorAuthenticator;
  /** The time step that it spends. */
  readonly step?: number;
  /** The time step of a code that confirms an enrolment: spent for the new authenticator, not for the others. */
  readonly confirmedStep?: number;
}

export interface Verified<S extends Subject = Subject> {
  readonly subject: S;
  readonly method: MethodName;
}

export type VerifiedLogin = Verified<Subject & { readonly challenge: TwoFactorChallenge }>;

/** Of parallel verdicts on one account one is committed; the others look again, at the most this often. */
const verdictTries = 3;

const challengeId = (token: string): string => sha256(token);

export function isLive(challenge: TwoFactorChallenge | undefined, account: TwoFactorAccount | undefined, now: number): challenge is TwoFactorChallenge {
  return challenge !== undefined && account !== undefined && challenge.expiresAt > now && challenge.challengeEpoch === account.challengeEpoch;
}

/**
 * Decides on codes. Every verdict is committed to the account before it is answered, so that a burst of parallel
 * guesses buys none extra, a crash denies, and counts hold across logins, sessions and processes.
 */
export class Verification {
  constructor(private readonly context: Context, private readonly delivery: Delivery) {}

  /** Verifies a code for a pending login. The challenge stays: the caller uses it up or marks it verified. */
  async verifyLogin(token: string | undefined, methods: readonly MethodName[], code: unknown): Promise<VerifiedLogin> {
    const text = readCode(code);
    if (token === undefined) throw new TwoFactorExpiredError();
    const load = async () => {
      const subject = await this.ofChallenge(token);
      if (subject.challenge.purpose !== 'login' || subject.challenge.verifiedBy !== '') throw new TwoFactorExpiredError();
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
      const live = snapshot.challenges.filter((challenge) => isLive(challenge, account, now));
      // A code sent to one session does not serve another: the session's token names its challenge.
      const challenge = token === undefined ? live.at(-1) : live.find(({ id }) => id === challengeId(token));
      return { identity, account, snapshot, challenge };
    };
    const verified = await this.verify(load, methods, text);
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
  async findLogin(token: string): Promise<{ challenge: TwoFactorChallenge; account: TwoFactorAccount; live: boolean }> {
    const { account, challenges: [challenge] } = await this.context.snapshots.ofChallenge(challengeId(token));
    const now = this.context.settings.clock();
    if (!account || challenge?.purpose !== 'login' || challenge.expiresAt <= now) throw new TwoFactorExpiredError();
    return { challenge, account, live: isLive(challenge, account, now) };
  }

  /** Reads a live challenge and its user by the token alone. @throws TwoFactorExpiredError */
  async ofChallenge(token: string): Promise<Subject & { challenge: TwoFactorChallenge }> {
    const snapshot = await this.context.snapshots.ofChallenge(challengeId(token));
    const { account, challenges: [challenge] } = snapshot;
    if (!isLive(challenge, account, this.context.settings.clock()) || !account) throw new TwoFactorExpiredError();
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
      if (!match && (await this.charge(subject, failed))) throw new InvalidTwoFactorCodeError();
    }
    throw new TooManyAttemptsError(1);
  }

  private async verify<S extends Subject>(load: () => Promise<S>, methods: readonly MethodName[], code: string): Promise<Verified<S>> {
    const backupCode = methods.includes('backup_code') ? parseBackupCode(code) : undefined;
    const only = methods.length === 1 ? methods[0] : undefined;
    const { subject, match } = await (backupCode !== undefined
      ? this.judgeBackupCode(load, backupCode)
      : this.judge(load, (given) => this.decide(given, methods, code), only));
    const { method, authenticator } = match;
    if (method === 'totp' && authenticator) await this.reseal(authenticator);
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
      if (!(await this.charge(subject, 'backup_code', false))) continue;

      const [keyId = '', salt = ''] = account.backupSalt.split('.');
      const stretched = await stretchBackupCode(code, Buffer.from(salt, 'base64url'));
      const tag = this.context.keyring.mac('backup-code', [identity.id, account.backupSetId, stretched.toString('hex')], keyId);
      const now = this.context.settings.clock();
      const used = await this.context.backupCodes.use(account.backupSetId, tag, now);
      // The set was replaced while this code was being checked: it dies with its set.
      if (!used || !(await this.context.accounts.settleBackupCode(account.userKey, account.backupSetId))) {
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

  /** Commits a failure. False where another verdict came first and nothing was charged. */
  private async charge(subject: Subject, method: MethodName | undefined, announce = true): Promise<boolean> {
    const { account } = subject;
    const { attemptLimits, clock } = this.context.settings;
    const counts = afterFailure(account, attemptLimits, clock());
    const ends = endsPendingLogins(counts, attemptLimits);
    const next = { ...counts, ...(ends && { challengeEpoch: account.challengeEpoch + 1 }) };
    if (!(await this.context.accounts.commit(account, next))) return false;
    if (announce) this.announceFailure(subject, method);
    return true;
  }

  private announceFailure({ account, identity }: Subject, method: MethodName | undefined): void {
    const { attemptLimits, clock } = this.context.settings;
    const now = clock();
    const lockedUntil = retryAt({ ...account, ...afterFailure(account, attemptLimits, now) }, attemptLimits);
    this.context.events.emit('failed', this.event(identity, method));
    if (lockedUntil > now) this.context.events.emit('locked', { ...this.event(identity, method), lockedUntil });
  }

  /** One verdict over every method asked for. Only what the user has and what the code could be is tried. */
  private decide(subject: Subject, methods: readonly MethodName[], code: string): Match | undefined {
    const { authenticators } = subject.snapshot;
    const asked = authenticators.filter(({ mechanism }) => methods.includes(methodNames[mechanism]));
    if (asked.length === 0 && !(methods.includes('backup_code') && subject.account.backupSetId !== '')) throw new TwoFactorNotSetupError();
    const shaped = asked.filter(({ mechanism, digits }) =>
      isDigits(code, mechanism === TwoFactorMechanism.TOTP ? digits : this.context.settings.codeLength));
    if (shaped.length === 0) throw new InvalidInputError('code', 'a code of a known shape');

    let match: Match | undefined;
    for (const authenticator of shaped) match ??= this.match(subject, authenticator, code);
    return match;
  }

  private match(subject: Subject, authenticator: TwoFactorAuthenticator, code: string): Match | undefined {
    const { mechanism } = authenticator;
    if (mechanism === TwoFactorMechanism.TOTP) {
      const step = this.matchTotp(authenticator, code, Math.max(subject.account.lastStep, authenticator.confirmedStep));
      return step === undefined ? undefined : { method: 'totp', authenticator, step };
    }
    const { challenge, identity } = subject;
    if (!challenge) return undefined;
    const method = methodNames[mechanism];
    const live = readLiveCodes(challenge)[method];
    if (live?.authenticator !== authenticator.id) return undefined;
    const scope = { challengeId: challenge.id, purpose: challenge.purpose, identity, mechanism };
    return this.delivery.matches(scope, live, code) ? { method, authenticator } : undefined;
  }

  private matchTotp(authenticator: TwoFactorAuthenticator, code: string, after: number): number | undefined {
    const { keyring, settings } = this.context;
    const secret = keyring.open('totp-secret', authenticator.userId, authenticator.id, authenticator.sealed);
    return matchTotp(secret, code, authenticator, {
      now: settings.clock(), window: settings.totpWindow, after,
    });
  }

  /** A secret under an older key is sealed with the first one, now that its user has come by. */
  private async reseal({ sealed, userId, userKey, id }: TwoFactorAuthenticator): Promise<void> {
    const { keyring, authenticators } = this.context;
    if (keyring.isCurrent(sealed)) return;
    const secret = keyring.open('totp-secret', userId, id, sealed);
    await authenticators.update(userKey, id, { sealed: keyring.seal('totp-secret', userId, id, secret) });
  }

  private event(identity: Identity, method: MethodName | undefined) {
    const mechanism = { totp: TwoFactorMechanism.TOTP, email: TwoFactorMechanism.EMAIL, sms: TwoFactorMechanism.SMS, backup_code: undefined }[method ?? 'backup_code'];
    return { userId: identity.id, at: this.context.settings.clock(), ...(method && { method }), ...(mechanism && { mechanism }) };
  }
}

/** Why there is nothing to use: it was begun and never confirmed, or never begun. */
export async function missing(context: Context, identity: Identity, mechanism: TwoFactorMechanism): Promise<Error> {
  const { account, challenges } = await context.snapshots.ofUser(identity.key, { purpose: 'enrollment', mechanism });
  const begun = challenges.some((challenge) => isLive(challenge, account, context.settings.clock()));
  return begun ? new TwoFactorSetupIncompleteError() : new TwoFactorNotSetupError();
}
