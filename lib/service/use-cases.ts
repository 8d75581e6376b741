import { CodeSending } from './code-sending.js';
import { BackupCodes } from './backup-codes.js';
import { createContext, type Context } from './context.js';
import { identify, identityOf, type Identity } from './identity.js';
import { Delivery } from './delivery.js';
import { Enabling } from './enabling.js';
import { Ending } from './ending.js';
import { EnrollmentConfirmation } from './enrollment-confirm.js';
import { Enrollment } from './enrollment.js';
import { EnrollmentDrafts } from './enrollment-draft.js';
import type { TwoFactorEvent, TwoFactorEventName, TwoFactorListener } from './events.js';
import { HaltCoding } from './halt-codes.js';
import { Judge } from './judging.js';
import { LoginChallenge } from './login-challenge.js';
import { LoginFinish } from './login-finish.js';
import { LoginGate } from './login-gate.js';
import { Management } from './management.js';
import { Matching } from './matching.js';
import { PasskeyCeremonies } from './passkeys.js';
import { PasskeyLogins } from './passkey-login.js';
import { PasswordLimit } from './password-limit.js';
import { Policy } from './policy.js';
import { Removal } from './removal.js';
import { StepUps } from './step-up.js';
import { TokenLogins } from './token-login.js';
import { Verification } from './verification.js';
import type { AcceptedPasskeys } from '../core/passkeys.js';
import type { TwoFactorOptions } from '../options.js';
import type { Settings } from '../settings.js';
import type { Snapshot } from '../store/snapshot-store.js';
import { deliveredMethods, mechanismOf, type DeliveredMechanism } from '../core/methods.js';

/** What a service is made of, and the events of it. */
export class UseCases {
  /** @internal */
  readonly settings: Settings;
  /** @internal */
  readonly verification: Verification;
  /** @internal */
  readonly enrollment: Enrollment;
  /** @internal */
  readonly confirming: EnrollmentConfirmation;
  /** @internal */
  readonly gate: LoginGate;
  /** @internal */
  readonly logins: LoginChallenge;
  /** @internal */
  readonly stepUps: StepUps;
  /** @internal */
  readonly finishing: LoginFinish;
  /** @internal */
  readonly management: Management;
  /** @internal */
  readonly removal: Removal;
  /** @internal */
  readonly passkeys: PasskeyCeremonies;
  /** @internal */
  readonly passkeyLogins: PasskeyLogins;
  /** @internal */
  readonly backupCodes: BackupCodes;
  /** @internal */
  readonly policy: Policy;
  /** @internal */
  readonly passwords: PasswordLimit;
  /** @internal */
  protected readonly context: Context;
  /** @internal */
  protected readonly ending: Ending;
  /** @internal */
  readonly tokenLogins: TokenLogins;

  constructor(options: TwoFactorOptions) {
    this.context = createContext(options);
    const delivery = new Delivery(this.context);
    this.settings = this.context.settings;
    const judge = new Judge(this.context);
    const matching = new Matching(this.context);
    this.verification = new Verification(this.context, matching, judge);
    this.finishing = new LoginFinish(this.context, this.verification, judge);
    this.backupCodes = new BackupCodes(this.context);
    const enabling = new Enabling(this.context, this.backupCodes);
    const drafts = new EnrollmentDrafts(this.context, delivery);
    this.enrollment = new Enrollment(this.context, { delivery, drafts, enabling });
    this.confirming = new EnrollmentConfirmation(this.context, { drafts, judge, enabling });
    const sending = new CodeSending(this.context, delivery);
    const halts = new HaltCoding(this.context, delivery);
    this.logins = new LoginChallenge(this.context, { halts, sending, verification: this.verification });
    this.stepUps = new StepUps(this.context, sending);
    this.management = new Management(this.context, delivery);
    this.removal = new Removal(this.context);
    const { enrollment, verification, stepUps } = this;
    this.passkeys = new PasskeyCeremonies(this.context, { enrollment, drafts, verification, stepUps });
    this.passkeyLogins = new PasskeyLogins(this.context, matching, judge);
    this.gate = new LoginGate(this.context);
    const { gate, logins, finishing, passkeys } = this;
    this.tokenLogins = new TokenLogins(this.context, { gate, logins, verification, finishing, passkeys });
    this.policy = new Policy(this.context);
    this.ending = new Ending(this.context);
    this.passwords = new PasswordLimit(this.context);
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

  /** The app's name, as authenticator apps and messages show it. */
  get issuer(): string {
    return this.settings.issuer;
  }

  /** Digits of a delivered code. */
  get codeLength(): number {
    return this.settings.codeLength;
  }

  /** Whether the service was given `passkeys`. */
  get hasPasskeys(): boolean {
    return this.settings.passkeys !== undefined;
  }

  /** The user's passkeys, for a browser to forget the others. */
  async acceptedPasskeys(userId: string): Promise<AcceptedPasskeys> {
    return this.passkeys.accepted(identityOf(userId));
  }

  /** Whether the app has a sender for the mechanism. */
  canSend(mechanism: DeliveredMechanism): boolean {
    const method = deliveredMethods.find((name) => mechanismOf(name) === mechanism);
    return method !== undefined && this.settings.deliver[method] !== undefined;
  }

  /** @internal Tells the listeners of what happened outside of the service. */
  announce(name: TwoFactorEventName, event: TwoFactorEvent): void {
    this.context.events.emit(name, event);
  }

  /** @internal The identity that `users.id` gives the app's user. */
  identify(user: unknown): Identity {
    return identify(this.settings, user);
  }

  /** @internal The user's state, in one SELECT. */
  async snapshot(identity: Identity): Promise<Snapshot> {
    return this.context.snapshots.ofUser(identity);
  }
}
