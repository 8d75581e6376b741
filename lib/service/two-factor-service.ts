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
import type { PasskeyCreationOptions, PasskeyRequestOptions } from '../core/passkeys.js';
import type { ChallengeSent } from './code-sending.js';
import { identityOf } from './identity.js';
import type { ContactSetup, TotpSetup, TotpSetupOptions } from './enrollment-input.js';
import { type Authenticator } from './management.js';
import { LoginService } from './login-service.js';

/**
 * The second factor of an app's users: set-up, verification and management. The strategies and `twoFactorAuth()` stand
 * on it; its own methods do by user id what `req.auth.twoFactor` does for the user of a request, for jobs and admin
 * pages. They trust their caller: whether the user has authenticated recently is asked by `req.auth` alone.
 *
 * @throws TypeError from the constructor, saying which option is wrong and what to write instead
 */
export class TwoFactorService extends LoginService {
  /**
   * Begins an enrollment, for `complete` to confirm within 15 minutes; with `requireVerification` false enables it at
   * once.
   * @throws InvalidInputError, TwoFactorAlreadyEnabledError, TwoFactorNotSetupError where `users.find` finds nobody
   */
  readonly setup: ByContact<[userId: string], ContactSetup> & {
    /** A new secret of 160 bits (RFC 4226 §4 R6), to be shown once. Default: to be confirmed. */
    readonly totp: (userId: string, requireVerification?: boolean, options?: TotpSetupOptions) => Promise<TotpSetup>;
    /** What the browser makes a passkey of. Default name: that of the authenticator. Needs the option `passkeys`. */
    readonly passkey: (userId: string, label?: string) => Promise<PasskeyCreationOptions>;
  } = {
    totp: async (userId, requireVerification = true, options) =>
      (await this.enrollment.setupTotp(identityOf(userId), requireVerification, options)).result,
    passkey: async (userId, label) => (await this.passkeys.setup(identityOf(userId), label)).result,
    ...byMethod(
      deliveredMethods,
      (method) => async (userId: string, contact?: string, requireVerification?: boolean) =>
        (await this.enrollment.setupContact(identityOf(userId), method, { contact, requireVerification })).result,
    ),
  };

  /**
   * Enables a TOTP that the user's authenticator app has already, as verified: SHA-1, 6 digits, 30 s. Gives no backup
   * codes.
   * @param base32 the app's secret, 16 bytes at least (RFC 4226 §4 R6); case, spaces and dashes do not matter
   * @throws InvalidInputError for any other secret, TwoFactorAlreadyEnabledError where the user has one of this label
   */
  async importTotp(userId: string, base32: string, options?: { readonly label?: string }): Promise<void> {
    return this.enrollment.importTotp(identityOf(userId), base32, options);
  }

  /**
   * Confirms the newest live enrollment of the mechanism; answers fresh backup codes, `[]` where there is a set.
   * @throws TwoFactorNotSetupError where none is waiting, InvalidTwoFactorCodeError, TooManyAttemptsError,
   *   InvalidInputError
   */
  readonly complete: Answering<EnrollableMethod, [userId: string], string[]> = byMethod(
    enrollableMethods,
    (method) =>
      async (userId: string, response: unknown): Promise<string[]> =>
        (await this.confirming.complete(identityOf(userId), method, response)).result,
  );

  /**
   * Checks a code of the user: void when it is right, else it throws. Each code is good once (RFC 6238 §5.2).
   * @throws InvalidTwoFactorCodeError, InvalidBackupCodeError, TooManyAttemptsError, TwoFactorNotSetupError,
   *   InvalidInputError
   */
  readonly verify: Answering<MethodName, [userId: string], void> & {
    /** A code that any `challenge` has sent. */
    readonly otp: (userId: string, code: string) => Promise<void>;
  } = {
    ...byMethod(everyMethod, (method) => (userId: string, response: unknown) => this.check(userId, [method], response)),
    otp: (userId, code) => this.check(userId, deliveredMethods, code),
  };

  /**
   * Sends a code to the user's newest contact, to be given to `verify`.
   * @throws TwoFactorNotSetupError, TooManyAttemptsError, DeliveryFailedError
   */
  readonly challenge: ByMethod<DeliveredMethod, (userId: string) => Promise<ChallengeSent>> & {
    /** What the browser uses a passkey by. Needs the option `passkeys`. */
    readonly passkey: (userId: string) => Promise<PasskeyRequestOptions>;
  } = {
    passkey: (userId) => this.passkeys.forStepUp(identityOf(userId)),
    ...byMethod(deliveredMethods, (method) => (userId: string) => this.stepUps.send(identityOf(userId), method)),
  };

  /** Whether the user has a verified method. */
  async isEnabled(userId: string): Promise<boolean> {
    return (await this.getEnabledMethods(userId)).length > 0;
  }

  /** Whether the user has a verified authenticator app. */
  async totpEnabled(userId: string): Promise<boolean> {
    return this.management.has(identityOf(userId), TwoFactorMechanism.TOTP);
  }

  /** Whether the user has a verified address. */
  async emailEnabled(userId: string): Promise<boolean> {
    return this.management.has(identityOf(userId), TwoFactorMechanism.EMAIL);
  }

  /** Whether the user has a verified phone number. */
  async smsEnabled(userId: string): Promise<boolean> {
    return this.management.has(identityOf(userId), TwoFactorMechanism.SMS);
  }

  /** Whether the user has a passkey. */
  async passkeyEnabled(userId: string): Promise<boolean> {
    return this.management.has(identityOf(userId), TwoFactorMechanism.PASSKEY);
  }

  /** Verified mechanisms, unique and ascending. */
  async getEnabledMethods(userId: string): Promise<TwoFactorMechanism[]> {
    return this.management.mechanisms(identityOf(userId));
  }

  /**
   * Removes all of a mechanism; with the last method the backup codes go too. Ends the second factor of the user's
   * sessions.
   * @throws TwoFactorNotSetupError, TwoFactorSetupIncompleteError
   */
  async disable(userId: string, mechanism: TwoFactorMechanism): Promise<void> {
    await this.removal.disable(identityOf(userId), mechanism);
  }

  /**
   * Replaces the whole set; the old codes are dead at once.
   * @throws TwoFactorNotSetupError for a user without a method
   */
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
    await this.removal.remove(identityOf(userId), id);
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

  private async check(userId: string, methods: readonly MethodName[], code: unknown): Promise<void> {
    await this.verification.verifyUser(identityOf(userId), { methods, code });
  }
}
