import {
  byMethod,
  deliveredMethods,
  enrollableMethods,
  everyMethod,
  TwoFactorMechanism,
  type Answering,
  type ByContact,
  type ByMethod,
  type DeliveredMethod,
  type EnrollableMethod,
  type MethodName,
} from '../core/methods.js';
import type { AcceptedPasskeys, PasskeyCreationOptions, PasskeyRequestOptions } from '../core/passkeys.js';
import type { ChallengeSent } from '../service/code-sending.js';
import type { ContactSetup, TotpSetup, TotpSetupOptions } from '../service/enrollment-input.js';
import type { Authenticator } from '../service/management.js';
import { RequestUser } from './request-user.js';

/**
 * `req.auth.twoFactor`: what `TwoFactorService` does by id, for the user of this request and with its session's
 * standing.
 */
export class RequestTwoFactor extends RequestUser {
  /**
   * Begins an enrollment. Needs a recent authentication. Anything but `true` or `false` for `requireVerification` is
   * `INVALID_INPUT`.
   * @throws UserNotLoggedInError, StepUpRequiredError, TwoFactorAlreadyEnabledError, InvalidInputError
   */
  readonly setup: ByContact<[], ContactSetup> & {
    /** Answers the secret to be scanned; `false` enables it at once. */
    readonly totp: (requireVerification?: boolean, options?: TotpSetupOptions) => Promise<TotpSetup>;
    /** Answers what the browser makes a passkey of; `label` defaults to the name of its authenticator. */
    readonly passkey: (label?: string) => Promise<PasskeyCreationOptions>;
  } = {
    totp: (requireVerification, options) =>
      this.change((identity) => this.service.enrollment.setupTotp(identity, requireVerification, options)),
    passkey: (label) => this.change((identity) => this.service.passkeys.setup(identity, label)),
    ...byMethod(
      deliveredMethods,
      (method) => (contact?: string, requireVerification?: boolean) =>
        this.change((identity) =>
          this.service.enrollment.setupContact(identity, method, { contact, requireVerification }),
        ),
    ),
  };

  /**
   * Confirms an enrollment; answers fresh backup codes, `[]` where the user has a set. It is a second factor for this
   * session.
   * @throws TwoFactorNotSetupError where none is waiting, InvalidTwoFactorCodeError, TooManyAttemptsError,
   *   InvalidInputError
   */
  readonly complete: Answering<EnrollableMethod, [], string[]> = byMethod(
    enrollableMethods,
    (method) =>
      (response: unknown): Promise<string[]> =>
        this.confirm(method, response),
  );

  /**
   * While a login is pending: marks it verified, for `completeTwoFactorLogin`. While logged in: a step-up.
   * @throws InvalidTwoFactorCodeError, InvalidBackupCodeError, TwoFactorExpiredError where nothing is pending and
   *   nobody logged
   *   in, TooManyAttemptsError, TwoFactorNotSetupError, InvalidInputError
   */
  readonly verify: Answering<MethodName, [], void> & {
    /** A code that any `challenge` has sent. */
    readonly otp: (code: string) => Promise<void>;
  } = {
    ...byMethod(
      everyMethod,
      (method) =>
        (response: unknown): Promise<void> =>
          this.verifying(this.check([method], response)),
    ),
    otp: (code) => this.verifying(this.check(deliveredMethods, code)),
  };

  /**
   * Sends a code, or another one, for the pending login or for a step-up.
   * @throws TooManyAttemptsError (`retryAfter`) where it is too soon, TwoFactorNotSetupError, DeliveryFailedError
   */
  readonly challenge: ByMethod<DeliveredMethod, () => Promise<ChallengeSent>> & {
    /** Answers what the browser uses a passkey by; nothing is sent. */
    readonly passkey: () => Promise<PasskeyRequestOptions>;
  } = {
    passkey: () => this.askPasskey(),
    ...byMethod(deliveredMethods, (method) => () => this.send(method)),
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

  /** Whether a passkey is there. */
  async passkeyEnabled(): Promise<boolean> {
    return (await this.getEnabledMethods()).includes(TwoFactorMechanism.PASSKEY);
  }

  /** The passkeys that count, for the browser to forget the others. @throws UserNotLoggedInError */
  async acceptedPasskeys(): Promise<AcceptedPasskeys> {
    return this.service.passkeys.accepted(await this.loggedIn());
  }

  /** Verified mechanisms, unique and ascending; `[]` when nobody is logged in. */
  async getEnabledMethods(): Promise<TwoFactorMechanism[]> {
    const identity = this.current();
    return identity ? this.service.management.mechanisms(identity) : [];
  }

  /**
   * Removes every authenticator of a mechanism. Needs a recent authentication.
   * @throws StepUpRequiredError, TwoFactorNotSetupError
   */
  async disable(mechanism: TwoFactorMechanism): Promise<void> {
    await this.change((identity) => this.service.removal.disable(identity, mechanism));
  }

  /** Removes one authenticator. Needs a recent authentication. @throws StepUpRequiredError, TwoFactorNotSetupError */
  async remove(id: string): Promise<void> {
    await this.change((identity) => this.service.removal.remove(identity, id));
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
    return this.service.management.list(await this.loggedIn());
  }

  /**
   * Gives one of `list()` another name.
   * @throws TwoFactorNotSetupError, InvalidInputError, TwoFactorAlreadyEnabledError
   */
  async rename(id: string, label: string): Promise<void> {
    await this.service.management.rename(await this.loggedIn(), id, label);
  }

  /** How many backup codes are unused. */
  async remainingBackupCodes(): Promise<number> {
    return this.service.management.remainingBackupCodes(await this.loggedIn());
  }

  /** The mechanism that a halted login names first. @throws TwoFactorNotSetupError */
  async setPreferredMethod(mechanism: TwoFactorMechanism): Promise<void> {
    await this.service.management.setPreferred(await this.loggedIn(), mechanism);
  }

  /** What `setPreferredMethod` has set. */
  async getPreferredMethod(): Promise<TwoFactorMechanism | undefined> {
    return this.service.management.getPreferred(await this.loggedIn());
  }

  /**
   * Epoch milliseconds by which this user must have a second factor (`enforce`); undefined for one who has or need
   * not.
   */
  async enrollmentDeadline(): Promise<number | undefined> {
    const { identity, user } = await this.present();
    return this.service.policy.deadline(identity, user);
  }
}
