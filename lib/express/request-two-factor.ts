import type { Request } from 'express';
import { methodNames, TwoFactorMechanism, type DeliveredMechanism, type MethodName } from '../core/mechanism.js';
import { StepUpRequiredError, UserNotLoggedInError } from '../errors.js';
import { sessionPending, stepUp } from '../passport/second-factor.js';
import { nameOfPassport, type Passport } from '../passport/passports.js';
import type { Change, Identity } from '../service/context.js';
import type { ContactSetup, TotpSetup, TotpSetupOptions } from '../service/enrollment-input.js';
import type { ChallengeSent } from '../service/code-sending.js';
import type { Authenticator } from '../service/management.js';
import type { TwoFactorService } from '../service/two-factor-service.js';
import type { PendingToken } from '../service/pending-token.js';
import type { MarkedLogin } from '../service/verification.js';
import {
  carryOver,
  elevate,
  standingEpoch,
  standingOf,
  storeStepUp,
  stepUpToken,
} from '../standing/session-standing.js';
import { noteSent, renewPending, resendAt } from '../standing/pending-login.js';
import { hasSession, sessionId, sessionOf, unfitSession, userOf } from '../standing/session.js';
import { isRecent, withFactor } from '../standing/standing.js';

/** `req.auth.twoFactor`: what `TwoFactorService` does by id, for the user of this request and with its session's standing. */
export class RequestTwoFactor {
  /** @internal A pending login that this very request has verified, so that completing it need not read it again. */
  verified: MarkedLogin | undefined;

  /** The `verify.*` of this request that have not answered yet. */
  private readonly running = new Set<Promise<void>>();

  /** @internal */
  constructor(
    private readonly service: TwoFactorService,
    private readonly req: Request,
    private readonly passport: Passport,
  ) {}

  /**
   * Begins an enrolment. Needs a recent authentication. Anything but `true` or `false` for `requireVerification` is `INVALID_INPUT`.
   * @throws UserNotLoggedInError, StepUpRequiredError, TwoFactorAlreadyEnabledError, InvalidInputError
   */
  readonly setup = {
    /** Answers the secret to be scanned; `false` enables it at once. */
    totp: (requireVerification?: boolean, options?: TotpSetupOptions): Promise<TotpSetup> =>
      this.change((identity) => this.service.enrollment.setupTotp(identity, requireVerification, options)),
    /** The account's own address is enabled at once, any other is sent a code. @throws TooManyAttemptsError, DeliveryFailedError */
    email: (address?: string, requireVerification?: boolean): Promise<ContactSetup> =>
      this.change((identity) =>
        this.service.enrollment.setupContact(identity, TwoFactorMechanism.EMAIL, address, requireVerification),
      ),
    /** Sends a code to the number; `false` enables it at once. @throws TooManyAttemptsError, DeliveryFailedError */
    sms: (phone: string, requireVerification?: boolean): Promise<ContactSetup> =>
      this.change((identity) =>
        this.service.enrollment.setupContact(identity, TwoFactorMechanism.SMS, phone, requireVerification),
      ),
  };

  /**
   * Confirms an enrolment; answers fresh backup codes, `[]` where the user has a set. It is a second factor for this session.
   * @throws TwoFactorNotSetupError where none is waiting, InvalidTwoFactorCodeError, TooManyAttemptsError, InvalidInputError
   */
  readonly complete = {
    /** The authenticator app that was set up last. */
    totp: (code: string): Promise<string[]> => this.confirm(TwoFactorMechanism.TOTP, code),
    /** The address that was set up last. */
    email: (code: string): Promise<string[]> => this.confirm(TwoFactorMechanism.EMAIL, code),
    /** The phone number that was set up last. */
    sms: (code: string): Promise<string[]> => this.confirm(TwoFactorMechanism.SMS, code),
  };

  /**
   * While a login is pending: marks it verified, for `completeTwoFactorLogin`. While logged in: a step-up.
   * @throws InvalidTwoFactorCodeError, InvalidBackupCodeError, TwoFactorExpiredError where nothing is pending and nobody logged
   *   in, TooManyAttemptsError, TwoFactorNotSetupError, InvalidInputError
   */
  readonly verify = {
    /** A code of an authenticator app. */
    totp: (code: string): Promise<void> => this.verifying(this.check(['totp'], code)),
    /** A code sent by e-mail. */
    email: (code: string): Promise<void> => this.verifying(this.check(['email'], code)),
    /** A code sent by SMS. */
    sms: (code: string): Promise<void> => this.verifying(this.check(['sms'], code)),
    /** A code sent by either. */
    otp: (code: string): Promise<void> => this.verifying(this.check(['email', 'sms'], code)),
    /** A backup code. */
    backupCode: (code: string): Promise<void> => this.verifying(this.check(['backup_code'], code)),
  };

  /**
   * Sends a code, or another one, for the pending login or for a step-up.
   * @throws TooManyAttemptsError (`retryAfter`) where it is too soon, TwoFactorNotSetupError, DeliveryFailedError
   */
  readonly challenge = {
    /** To the newest address. */
    email: (): Promise<ChallengeSent> => this.send(TwoFactorMechanism.EMAIL),
    /** To the newest phone number. */
    sms: (): Promise<ChallengeSent> => this.send(TwoFactorMechanism.SMS),
  };

  /** Whether there is a verified method. */
  async isEnabled(): Promise<boolean> {
    return (await this.getEnabledMethods()).length > 0;
  }

  /** Whether a verified authenticator app is there. */
  async totpEnabled(): Promise<boolean> {
    return (await this.getEnabledMethods()).includes(TwoFactorMechanism.TOTP);
  }

  /** Whether a verified address is there. */
  async emailEnabled(): Promise<boolean> {
    return (await this.getEnabledMethods()).includes(TwoFactorMechanism.EMAIL);
  }

  /** Whether a verified phone number is there. */
  async smsEnabled(): Promise<boolean> {
    return (await this.getEnabledMethods()).includes(TwoFactorMechanism.SMS);
  }

  /** Verified mechanisms, unique and ascending; `[]` when nobody is logged in. */
  async getEnabledMethods(): Promise<TwoFactorMechanism[]> {
    const identity = this.current();
    return identity ? this.service.management.mechanisms(identity) : [];
  }

  /** Removes every authenticator of a mechanism. Needs a recent authentication. @throws StepUpRequiredError, TwoFactorNotSetupError */
  async disable(mechanism: TwoFactorMechanism): Promise<void> {
    await this.change((identity) => this.service.management.disable(identity, mechanism));
  }

  /** Removes one authenticator. Needs a recent authentication. @throws StepUpRequiredError, TwoFactorNotSetupError */
  async remove(id: string): Promise<void> {
    await this.change((identity) => this.service.management.remove(identity, id));
  }

  /** Replaces the whole set. Needs a recent authentication. @throws StepUpRequiredError, TwoFactorNotSetupError */
  generateNewBackupCodes(): Promise<string[]> {
    return this.change((identity) => this.service.backupCodes.regenerate(identity));
  }

  /** The whole address or number of the newest contact. Needs a recent authentication. */
  async getContact(mechanism: TwoFactorMechanism): Promise<string> {
    return this.service.management.getContact(await this.recent(), mechanism);
  }

  /** The key URI of the newest authenticator app. Needs a recent authentication. */
  async getTotpUri(): Promise<string> {
    return this.service.management.getTotpUri(await this.recent());
  }

  /** The verified methods, oldest first. @throws UserNotLoggedInError */
  async list(): Promise<Authenticator[]> {
    return this.service.management.list(this.loggedIn());
  }

  /** Gives one of `list()` another name. @throws TwoFactorNotSetupError, InvalidInputError, TwoFactorAlreadyEnabledError */
  async rename(id: string, label: string): Promise<void> {
    await this.service.management.rename(this.loggedIn(), id, label);
  }

  /** How many backup codes are unused. */
  async remainingBackupCodes(): Promise<number> {
    return this.service.management.remainingBackupCodes(this.loggedIn());
  }

  /** The mechanism that a halted login names first. @throws TwoFactorNotSetupError */
  async setPreferredMethod(mechanism: TwoFactorMechanism): Promise<void> {
    await this.service.management.setPreferred(this.loggedIn(), mechanism);
  }

  /** What `setPreferredMethod` has set. */
  async getPreferredMethod(): Promise<TwoFactorMechanism | undefined> {
    return this.service.management.getPreferred(this.loggedIn());
  }

  /** Epoch milliseconds by which this user must have a second factor (`enforce`); undefined for one who has or need not. */
  async enrollmentDeadline(): Promise<number | undefined> {
    return this.service.policy.deadline(this.loggedIn(), userOf(this.req) as Express.User);
  }

  /** @internal The pending login, where this Passport began it. */
  pendingToken(): PendingToken | undefined {
    return sessionPending(this.req, nameOfPassport(this.service, this.passport));
  }

  private current(): Identity | undefined {
    const user = userOf(this.req);
    return user === undefined ? undefined : this.service.identify(user);
  }

  private loggedIn(): Identity {
    const identity = this.current();
    // A login that waits for its second factor is none, whatever the app has put on the request.
    if (!identity || this.pendingToken() !== undefined) throw new UserNotLoggedInError();
    return identity;
  }

  /** @internal */
  async isRecent(): Promise<boolean> {
    try {
      await this.recent();
      return true;
    } catch (error) {
      if (error instanceof StepUpRequiredError || error instanceof UserNotLoggedInError) return false;
      throw error;
    }
  }

  /**
   * For an account with a factor the mark of this epoch comes from a second factor, or is that of the session that has
   * enabled the first one without a code: a password renews neither (`reauthenticate`).
   * @throws StepUpRequiredError where this session's last authentication is too old or skipped an enrolled factor
   */
  private async recent(): Promise<Identity> {
    const identity = this.loggedIn();
    const { recentAuthentication, clock } = this.service.settings;
    if (recentAuthentication === false) return identity;
    const { securityEpoch } = await this.service.snapshot(identity);
    const standing = standingOf(this.req, identity.key, securityEpoch);
    if (!standing || !isRecent(standing.at, clock(), recentAuthentication)) {
      // A step-up would not help a session that can hold nothing.
      if (hasSession(this.req) && sessionId(sessionOf(this.req)) === undefined) throw unfitSession();
      throw new StepUpRequiredError();
    }
    return { ...identity, judgedAt: securityEpoch };
  }

  /** A change of factors by this session, which keeps its standing while the others lose theirs. */
  private async change<T>(use: (identity: Identity) => Promise<Change<T>>): Promise<T> {
    const identity = await this.recent();
    const { result, epochs } = await use(identity);
    // The epochs just before and after: where another session's change came in between, this one's standing ends with it.
    if (epochs && hasSession(this.req)) await carryOver(this.req, identity.key, epochs);
    return result;
  }

  private async confirm(mechanism: TwoFactorMechanism, code: string): Promise<string[]> {
    // Beginning it needed a recent authentication; fetching the phone may take longer than that lasts.
    // But a session whose standing has ended meanwhile must not confirm what another one has begun.
    const identity = this.loggedIn();
    const judged =
      this.service.settings.recentAuthentication === false ? {} : { judgedAt: standingEpoch(this.req, identity.key) };
    const { result, epochs } = await this.service.enrollment.complete({ ...identity, ...judged }, mechanism, code);
    if (epochs && hasSession(this.req)) {
      // What the session has proved before counts at the epoch that the new factor begins, too.
      const before = standingOf(this.req, identity.key, epochs.from);
      const whose = { userKey: identity.key, epoch: epochs.to };
      const factor = { method: methodNames[mechanism], at: this.service.settings.clock() };
      await elevate(this.req, withFactor({ ...whose, at: factor.at, factors: before?.factors ?? [] }, factor));
    }
    return result;
  }

  /**
   * @internal For what rests on the verdict of a `verify.*` of this request.
   * @throws Error where one is still running, since its `await` was forgotten
   */
  checkAwaited(): void {
    if (this.running.size === 0) return;
    // What they reject with is told by this error; nobody else waits for it.
    for (const verdict of this.running) verdict.catch(() => undefined);
    throw new Error(
      'completeTwoFactorLogin was called while a verify.* of this request is still running: write "await req.auth.twoFactor.verify.totp(code)".',
    );
  }

  private verifying(verdict: Promise<void>): Promise<void> {
    this.running.add(verdict);
    const done = (): void => {
      this.running.delete(verdict);
    };
    verdict.then(done, done);
    return verdict;
  }

  private async check(methods: readonly MethodName[], code: unknown): Promise<void> {
    const pending = this.pendingToken();
    const response = { methods, code };
    if (!pending) {
      const identity = this.current();
      if (identity) return stepUp({ service: this.service, req: this.req }, identity, response);
    }
    const marked = await this.service.verification.markLogin(pending, response);
    await renewPending(this.req, marked.token);
    this.verified = marked;
  }

  private async send(mechanism: DeliveredMechanism): Promise<ChallengeSent> {
    const pending = this.pendingToken();
    if (pending) {
      const sent = await this.service.logins.sendForLogin(pending, mechanism);
      await noteSent(this.req, methodNames[mechanism], resendAt(sent.resendAfter, this.service.settings.clock()));
      return sent;
    }
    const kept = stepUpToken(this.req);
    return this.service.logins.sendForStepUp(this.loggedIn(), mechanism, {
      ...(kept !== undefined && { token: kept }),
      // Before the code is sent: a session that is ended while the sender is slow is not brought back by its token.
      keep: async (fresh) => {
        if (hasSession(this.req)) await storeStepUp(this.req, fresh);
      },
    });
  }
}
