import { isEnrollable, mechanismOf, type MethodName } from '../core/methods.js';
import { withUse } from '../core/last-used.js';
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
import type { TwoFactorAccount } from '../store/rows.js';
import { refuseLocked } from './backoff.js';
import type { Context } from './context.js';
import { reseal } from './delivery.js';
import type { Identity } from './identity.js';
import { provedOf, type Proved } from './proved.js';
import type { Judging, Match, Subject } from './subject.js';
import { isOpen, Verdicts } from './verdicts.js';

/** Of parallel verdicts on one account one is committed; the others look again, at the most this often. */
const verdictTries = 3;

interface Judged<S extends Subject> {
  /** The account is as the verdict has left it. */
  readonly subject: S;
  readonly match: Match;
}

/**
 * Decides on codes. Every verdict is committed to the account before it is answered, so that a burst of parallel
 * guesses buys none extra, a crash denies, and counts hold across logins, sessions and processes.
 */
export class Judge {
  readonly verdicts: Verdicts;

  constructor(private readonly context: Context) {
    this.verdicts = new Verdicts(context);
  }

  /** Loads, decides, commits; again where another verdict on the account came first. */
  async judge<S extends Subject>(judging: Judging<S>): Promise<Judged<S>> {
    for (let attempt = 0; attempt < verdictTries; attempt += 1) {
      const subject = await judging.load();
      refuseLocked(this.context, subject.account);
      const judged = await (judging.backupCode === undefined
        ? this.compare(subject, judging)
        : this.spend(subject, judging, judging.backupCode));
      if (judged) return judged;
    }
    throw new TooManyAttemptsError(1);
  }

  private async compare<S extends Subject>(subject: S, judging: Judging<S>): Promise<Judged<S> | undefined> {
    const { account } = subject;
    const match = await judging.decide(subject);
    if (match) {
      const next = { ...this.right(subject, match), ...this.written(account, judging.verdicts(subject, match)) };
      if (!(await this.context.accounts.commit(account, next))) return undefined;
      return { subject: { ...subject, account: { ...account, ...next, version: account.version + 1 } }, match };
    }
    const counts = this.failed(account, this.guess(judging.compared(subject)));
    if (!(await this.charge(account, counts, 'wrong'))) return undefined;
    this.announceFailure(subject.identity, counts, judging.failed);
    throw new InvalidTwoFactorCodeError();
  }

  /** The charge comes first, so that fifty parallel guesses cost five scrypts; a right code takes it back. */
  private async spend<S extends Subject>(
    subject: S,
    judging: Judging<S>,
    code: string,
  ): Promise<Judged<S> | undefined> {
    const { account, identity } = subject;
    const { accounts, backupCodes, events, factors, settings } = this.context;
    if (account.backupSetId === '') throw new TwoFactorNotSetupError();
    const tagOf = factors.backupCode.tagger(identity.id, account);
    const guess = this.guess(1);
    const counts = this.failed(account, guess);
    if (!(await this.charge(account, counts, 'unknown'))) return undefined;

    const used = await backupCodes.use(account.backupSetId, await tagOf(code), guess.at);
    const charged = { ...account, ...counts, version: account.version + 1 };
    // The set was replaced while this code was being checked: it dies with its set.
    const settled = used && (await this.settle(subject, judging, { charged, guess }));
    if (!settled) {
      if (endsPendingLogins(counts, settings.attemptLimits)) await accounts.endChallenges(account.userKey);
      this.announceFailure(identity, counts, 'backup_code');
      throw new InvalidBackupCodeError();
    }
    const remainingBackupCodes = Math.max(0, subject.snapshot.unusedBackupCodes - 1);
    events.emit('backupCodeUsed', { ...this.event(identity, 'backup_code'), remainingBackupCodes });
    return { subject: { ...subject, account: settled }, match: { method: 'backup_code' } };
  }

  /** Takes the charge of a right backup code back. Undefined where its set was replaced meanwhile. */
  private settle<S extends Subject>(
    subject: S,
    judging: Judging<S>,
    { charged, guess }: { readonly charged: TwoFactorAccount; readonly guess: Guess },
  ): Promise<TwoFactorAccount | undefined> {
    const verdicts = judging.verdicts(subject, { method: 'backup_code' });
    return this.context.accounts.settleBackupCode(charged, (account) => {
      // Another code has answered the same challenge since.
      if (!verdicts.every(({ challenge }) => isOpen(account, challenge))) throw new TwoFactorExpiredError();
      const { failures, windowFailures, windowStart, nextAttemptAt, failureDays } = afterTakenBack(
        account,
        this.context.settings.attemptLimits,
        guess,
      );
      const counts = { failures, windowFailures, windowStart, nextAttemptAt, failureDays };
      return { ...counts, ...this.written(account, verdicts) };
    });
  }

  private written(account: TwoFactorAccount, verdicts: Parameters<Verdicts['after']>[1]): Partial<TwoFactorAccount> {
    return verdicts.length > 0 ? this.verdicts.after(account, verdicts) : {};
  }

  private right({ account, snapshot }: Subject, { authenticator, step, use }: Match): Partial<TwoFactorAccount> {
    const { failures, nextAttemptAt } = afterSuccess(account);
    const used = { authenticator: authenticator?.id, at: this.context.settings.clock(), state: use };
    const lastUsed = withUse(account.lastUsed, used, snapshot.authenticators);
    return { failures, nextAttemptAt, lastStep: Math.max(account.lastStep, step ?? 0), lastUsed };
  }

  /**
   * Commits a failure. False where another verdict came first and nothing was charged.
   * @param code what is known of it: a wrong one ends the pending logins with the last of the attempts
   */
  private charge(account: TwoFactorAccount, counts: AttemptCounts, code: 'wrong' | 'unknown'): Promise<boolean> {
    const ends = code === 'wrong' && endsPendingLogins(counts, this.context.settings.attemptLimits);
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

  private announceFailure(identity: Identity, counts: AttemptCounts, method: MethodName | undefined): void {
    const now = this.context.settings.clock();
    const lockedUntil = retryAt(counts, this.context.settings.attemptLimits, now);
    this.context.events.emit('failed', this.event(identity, method));
    if (lockedUntil > now) this.context.events.emit('locked', { ...this.event(identity, method), lockedUntil });
  }

  /** What follows a right code: its row is sealed anew where its key is old, and listeners are told. */
  async accept(identity: Identity, match: Match): Promise<Proved> {
    const { authenticator, method, wentBack } = match;
    if (authenticator) await reseal(this.context, authenticator);
    this.context.events.emit('verified', this.event(identity, method));
    if (wentBack) this.context.events.emit('counterWentBack', this.event(identity, method));
    return provedOf(match);
  }

  /** What is told of a code. */
  private event(identity: Identity, method: MethodName | undefined) {
    const mechanism = method && isEnrollable(method) ? mechanismOf(method) : undefined;
    return {
      userId: identity.id,
      at: this.context.settings.clock(),
      ...(method && { method }),
      ...(mechanism && { mechanism }),
    };
  }
}
