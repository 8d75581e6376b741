import { TwoFactorMechanism, type DeliveredMechanism, type MethodName } from '../core/mechanism.js';
import type { TwoFactorOptions } from '../options.js';
import type { Settings } from '../settings.js';
import type { Snapshot } from '../store/snapshot-store.js';
import { BackupCodes } from './backup-codes.js';
import { CodeSending, type ChallengeSent } from './code-sending.js';
import { createContext, identify, identityOf, type Context, type Identity } from './context.js';
import { Delivery } from './delivery.js';
import { Enabling } from './enabling.js';
import { Ending } from './ending.js';
import { Enrollment } from './enrollment.js';
import type { ContactSetup, TotpSetup, TotpSetupOptions } from './enrollment-input.js';
import { EnrollmentDrafts } from './enrollment-draft.js';
import type { TwoFactorEvent, TwoFactorEventName, TwoFactorListener } from './events.js';
import { HaltCoding } from './halt-codes.js';
import { Judge } from './judging.js';
import { LoginChallenge } from './login-challenge.js';
import { LoginFinish } from './login-finish.js';
import { Management, type Authenticator } from './management.js';
import { PasswordLimit } from './password-limit.js';
import { Policy } from './policy.js';
import { Matching } from './matching.js';
import { Verification } from './verification.js';

/**
 * The second factor of an app's users: set-up, verification and management. The strategies and `twoFactorAuth()` stand
 * on it; its own methods do by user id what `req.auth.twoFactor` does for the user of a request, for jobs and admin
 * pages. They trust their caller: whether the user has authenticated recently is asked by `req.auth` alone.
 *
 * @throws TypeError from the constructor, saying which option is wrong and what to write instead
 */
export class TwoFactorService {
  /** @internal */
  readonly settings: Settings;
  /** @internal */
  readonly verification: Verification;
  /** @internal */
  readonly enrollment: Enrollment;
  /** @internal */
  readonly logins: LoginChallenge;
  /** @internal */
  readonly finishing: LoginFinish;
  /** @internal */
  readonly management: Management;
  /** @internal */
  readonly backupCodes: BackupCodes;
  /** @internal */
  readonly policy: Policy;
  /** @internal */
  readonly passwords: PasswordLimit;
  private readonly context: Context;
  private readonly ending: Ending;

  constructor(options: TwoFactorOptions) {
    this.context = createContext(options);
    const delivery = new Delivery(this.context);
    this.settings = this.context.settings;
    const judge = new Judge(this.context);
    this.verification = new Verification(this.context, new Matching(this.context, delivery), judge);
    this.finishing = new LoginFinish(this.context, this.verification, judge);
    this.backupCodes = new BackupCodes(this.context);
    const enabling = new Enabling(this.context, this.backupCodes);
    const drafts = new EnrollmentDrafts(this.context, delivery);
    this.enrollment = new Enrollment(this.context, delivery, drafts, judge, enabling);
    this.logins = new LoginChallenge(
      this.context,
      new HaltCoding(this.context, delivery),
      new CodeSending(this.context, delivery),
      this.verification,
    );
    this.management = new Management(this.context, delivery);
    this.policy = new Policy(this.context);
    this.ending = new Ending(this.context);
    this.passwords = new PasswordLimit(this.context);
  }

  /**
   * Begins an enrolment, for `complete` to confirm within 15 minutes; with `requireVerification` false enables it at once.
   * @throws InvalidInputError, TwoFactorAlreadyEnabledError, TwoFactorNotSetupError where `users.find` finds nobody
   */
  readonly setup = {
    /** A new secret of 160 bits (RFC 4226 §4 R6), to be shown once. Default: to be confirmed. */
    totp: async (userId: string, requireVerification = true, options?: TotpSetupOptions): Promise<TotpSetup> =>
      (await this.enrollment.setupTotp(identityOf(userId), requireVerification, options)).result,
    /**
     * A contact; default: the account's own address, which is enabled at once. Any other is sent a code.
     * @throws TooManyAttemptsError, DeliveryFailedError
     */
    email: async (userId: string, address?: string, requireVerification?: boolean): Promise<ContactSetup> =>
      (await this.enrollment.setupContact(identityOf(userId), TwoFactorMechanism.EMAIL, address, requireVerification))
        .result,
    /**
     * A phone number with its country code, which is sent a code.
     * @throws TooManyAttemptsError, DeliveryFailedError
     */
    sms: async (userId: string, phone: string, requireVerification?: boolean): Promise<ContactSetup> =>
      (await this.enrollment.setupContact(identityOf(userId), TwoFactorMechanism.SMS, phone, requireVerification))
        .result,
  };

  /**
   * Enables a TOTP that the user's authenticator app has already, as verified: SHA-1, 6 digits, 30 s. Gives no backup codes.
   * @param base32 the app's secret, 16 bytes at least (RFC 4226 §4 R6); case, spaces and dashes do not matter
   * @throws InvalidInputError for any other secret, TwoFactorAlreadyEnabledError where the user has one of this label
   */
  async importTotp(userId: string, base32: string, options?: { readonly label?: string }): Promise<void> {
    return this.enrollment.importTotp(identityOf(userId), base32, options);
  }

  /**
   * Confirms the newest live enrolment of the mechanism; answers fresh backup codes, `[]` where there is a set.
   * @throws TwoFactorNotSetupError where none is waiting, InvalidTwoFactorCodeError, TooManyAttemptsError, InvalidInputError
   */
  readonly complete = {
    /** By the six digits that the app shows. */
    totp: (userId: string, code: string) => this.confirm(userId, TwoFactorMechanism.TOTP, code),
    /** By the code that was sent to the address. */
    email: (userId: string, code: string) => this.confirm(userId, TwoFactorMechanism.EMAIL, code),
    /** By the code that was sent to the number. */
    sms: (userId: string, code: string) => this.confirm(userId, TwoFactorMechanism.SMS, code),
  };

  /**
   * Checks a code of the user: void when it is right, else it throws. Each code is good once (RFC 6238 §5.2).
   * @throws InvalidTwoFactorCodeError, InvalidBackupCodeError, TooManyAttemptsError, TwoFactorNotSetupError, InvalidInputError
   */
  readonly verify = {
    /** Of an authenticator app. */
    totp: (userId: string, code: string) => this.check(userId, ['totp'], code),
    /** That `challenge.email` has sent. */
    email: (userId: string, code: string) => this.check(userId, ['email'], code),
    /** That `challenge.sms` has sent. */
    sms: (userId: string, code: string) => this.check(userId, ['sms'], code),
    /** That either has sent. */
    otp: (userId: string, code: string) => this.check(userId, ['email', 'sms'], code),
    /** One of the user's backup codes. */
    backupCode: (userId: string, code: string) => this.check(userId, ['backup_code'], code),
  };

  /**
   * Sends a code to the user's newest contact, to be given to `verify`.
   * @throws TwoFactorNotSetupError, TooManyAttemptsError, DeliveryFailedError
   */
  readonly challenge = {
    /** To the newest address. */
    email: async (userId: string): Promise<ChallengeSent> =>
      this.logins.sendForStepUp(identityOf(userId), TwoFactorMechanism.EMAIL, undefined),
    /** To the newest phone number. */
    sms: async (userId: string): Promise<ChallengeSent> =>
      this.logins.sendForStepUp(identityOf(userId), TwoFactorMechanism.SMS, undefined),
  };

  /** Whether the user has a verified method. */
  async isEnabled(userId: string): Promise<boolean> {
    return (await this.getEnabledMethods(userId)).length > 0;
  }

  /** Whether the user has a verified authenticator app. */
  async totpEnabled(userId: string): Promise<boolean> {
    return this.has(userId, TwoFactorMechanism.TOTP);
  }

  /** Whether the user has a verified address. */
  async emailEnabled(userId: string): Promise<boolean> {
    return this.has(userId, TwoFactorMechanism.EMAIL);
  }

  /** Whether the user has a verified phone number. */
  async smsEnabled(userId: string): Promise<boolean> {
    return this.has(userId, TwoFactorMechanism.SMS);
  }

  /** Verified mechanisms, unique and ascending. */
  async getEnabledMethods(userId: string): Promise<TwoFactorMechanism[]> {
    return this.management.mechanisms(identityOf(userId));
  }

  /**
   * Removes all of a mechanism; with the last method the backup codes go too. Ends the second factor of the user's sessions.
   * @throws TwoFactorNotSetupError, TwoFactorSetupIncompleteError
   */
  async disable(userId: string, mechanism: TwoFactorMechanism): Promise<void> {
    await this.management.disable(identityOf(userId), mechanism);
  }

  /** Replaces the whole set; the old codes are dead at once. @throws TwoFactorNotSetupError for a user without a method */
  async generateNewBackupCodes(userId: string): Promise<string[]> {
    return (await this.backupCodes.regenerate(identityOf(userId))).result;
  }

  /** The whole address or number of the newest contact. @throws TwoFactorNotSetupError, InvalidInputError for TOTP */
  async getContact(userId: string, mechanism: TwoFactorMechanism): Promise<string> {
    return this.management.getContact(identityOf(userId), mechanism);
  }

  /** The `otpauth:` URI of the newest authenticator app: it holds the secret. @throws TwoFactorNotSetupError */
  async getTotpUri(userId: string): Promise<string> {
    return this.management.getTotpUri(identityOf(userId));
  }

  /** The verified methods, oldest first. */
  async list(userId: string): Promise<Authenticator[]> {
    return this.management.list(identityOf(userId));
  }

  /** Removes one of `list()`, as `disable` does. @throws TwoFactorNotSetupError */
  async remove(userId: string, id: string): Promise<void> {
    await this.management.remove(identityOf(userId), id);
  }

  /**
   * Gives one of `list()` another name of 1 to 64 characters.
   * @throws TwoFactorNotSetupError, InvalidInputError, TwoFactorAlreadyEnabledError where another app has it
   */
  async rename(userId: string, id: string, label: string): Promise<void> {
    return this.management.rename(identityOf(userId), id, label);
  }

  /** How many backup codes are unused. */
  async remainingBackupCodes(userId: string): Promise<number> {
    return this.management.remainingBackupCodes(identityOf(userId));
  }

  /** The mechanism that `availableMethods` and `methods` name first. @throws TwoFactorNotSetupError */
  async setPreferredMethod(userId: string, mechanism: TwoFactorMechanism): Promise<void> {
    return this.management.setPreferred(identityOf(userId), mechanism);
  }

  /** What `setPreferredMethod` has set; undefined where the user no longer has it. */
  async getPreferredMethod(userId: string): Promise<TwoFactorMechanism | undefined> {
    return this.management.getPreferred(identityOf(userId));
  }

  /** Epoch milliseconds by which a user without a second factor must have one (`enforce`); undefined for the others. */
  async enrollmentDeadline(userId: string): Promise<number | undefined> {
    return this.policy.deadline(identityOf(userId));
  }

  /** Ends backoff and suspension, once somebody has made sure who is asking. @throws TwoFactorNotSetupError */
  async unlock(userId: string): Promise<void> {
    return this.management.unlock(identityOf(userId));
  }

  /** The app's name, as authenticator apps and messages show it. */
  get issuer(): string {
    return this.settings.issuer;
  }

  /** Digits of a delivered code. */
  get codeLength(): number {
    return this.settings.codeLength;
  }

  /** Whether the app has a sender for the mechanism. */
  canSend(mechanism: DeliveredMechanism): boolean {
    return (
      (mechanism === TwoFactorMechanism.EMAIL ? this.settings.deliver.email : this.settings.deliver.sms) !== undefined
    );
  }

  /** Calls the listener after each such event. One that throws becomes a process warning; it never breaks a login. */
  on(event: TwoFactorEventName, listener: TwoFactorListener): this {
    this.context.events.on(event, listener);
    return this;
  }

  /** Takes away what `on` has added. */
  off(event: TwoFactorEventName, listener: TwoFactorListener): this {
    this.context.events.off(event, listener);
    return this;
  }

  /** @internal Tells the listeners of what happened outside of the service. */
  announce(name: TwoFactorEventName, event: TwoFactorEvent): void {
    this.context.events.emit(name, event);
  }

  /** @internal The identity that `users.id` gives the app's user. */
  identify(user: unknown): Identity {
    return identify(this.settings, user);
  }

  /** @internal The user's state and pending logins, in one SELECT. */
  async snapshot(identity: Identity): Promise<Snapshot> {
    return this.context.snapshots.ofUser(identity, { purpose: 'login', mechanism: 0 });
  }

  /**
   * Ends what every session of the user stands for: second factors and recent authentications. Factors stay, and nobody is
   * logged out. For a changed password and "log out everywhere".
   */
  async endStandings(userId: string): Promise<void> {
    return this.ending.endStandings(identityOf(userId));
  }

  /**
   * Erases a user whom the app has erased: no row of any table is left. An error leaves a user whom nobody logs in as until
   * the call is made again. Whoever is given the id later begins with nothing.
   */
  async forget(userId: string): Promise<void> {
    return this.ending.forget(identityOf(userId));
  }

  private async confirm(userId: string, mechanism: TwoFactorMechanism, code: string): Promise<string[]> {
    return (await this.enrollment.complete(identityOf(userId), mechanism, code)).result;
  }

  private async check(userId: string, methods: readonly MethodName[], code: string): Promise<void> {
    await this.verification.verifyUser(identityOf(userId), { methods, code });
  }

  private async has(userId: string, mechanism: TwoFactorMechanism): Promise<boolean> {
    return (await this.getEnabledMethods(userId)).includes(mechanism);
  }
}
