import { randomBytes } from 'node:crypto';
import { isSpellingOf, maskContact, normalizeContact, sameContact } from '../core/contact.js';
import { sha256 } from '../core/keyring.js';
import { methodNames, TwoFactorMechanism, type DeliveredMechanism } from '../core/mechanism.js';
import { isDigits, readCode } from '../core/one-time-code.js';
import { encodeBase32, qrCode, totpUri } from '../core/provisioning.js';
import { defaultTotpParameters, generateTotpSecret, matchTotp } from '../core/totp.js';
import { InvalidInputError, TwoFactorAlreadyEnabledError, TwoFactorNotSetupError } from '../errors.js';
import type { TwoFactorAuthenticator } from '../store/rows.js';
import type { BackupCodes } from './backup-codes.js';
import {
  accountLabel, readBoolean, readSecret, readTotpOptions, type ContactSetup, type TotpSetup, type TotpSetupOptions,
} from './enrollment-input.js';
import { findUser, readState, type Change, type Context, type Identity } from './context.js';
import { readLiveCodes, type CodeScope, type Delivery } from './delivery.js';
import type { Draft, EnrollmentDrafts, PreparedSnapshot } from './enrollment-draft.js';
import { isLive, type Match, type Subject } from './subject.js';
import type { Verification } from './verification.js';

/**
 * Enrols methods. An enrolment is a challenge until a code confirms it: begun and abandoned it leaves no method, and it
 * never touches one that is verified.
 */
export class Enrollment {
  constructor(
    private readonly context: Context,
    private readonly delivery: Delivery,
    private readonly drafts: EnrollmentDrafts,
    private readonly verification: Verification,
    private readonly backupCodes: BackupCodes,
  ) {}

  async setupTotp(identity: Identity, requireVerification: unknown = true, options?: TotpSetupOptions): Promise<Change<TotpSetup>> {
    const verify = readBoolean('requireVerification', requireVerification);
    const { label, qr } = readTotpOptions(options);
    await this.context.texts.check('label', label);
    const user = await this.user(identity);
    const handle = sha256(label);
    const snapshot = await this.prepare(identity, TwoFactorMechanism.TOTP, (authenticator) => authenticator.handle === handle);

    const secret = generateTotpSecret();
    const uri = totpUri({ ...defaultTotpParameters, issuer: this.context.settings.issuer, label: accountLabel(this.context, user, identity), secret });
    const setup = { secret: encodeBase32(secret), uri, qrCode: await qrCode(uri, qr) };
    const draft = { label, value: secret.toString('base64') };
    if (verify) {
      await this.drafts.begin(identity, TwoFactorMechanism.TOTP, handle, draft, snapshot);
      return { result: setup };
    }
    const { result: backupCodes, epochs } = await this.enable(identity, TwoFactorMechanism.TOTP, handle, draft, 0, snapshot);
    return { result: { ...setup, backupCodes }, ...(epochs && { epochs }) };
  }

  /**
   * Enables a TOTP whose secret the user's app has already, from a table of the app's own.
   * @param base32 at least 16 bytes; its codes are SHA-1, 6 digits, 30 s
   */
  async importTotp(identity: Identity, base32: unknown, options?: Pick<TotpSetupOptions, 'label'>): Promise<void> {
    const secret = readSecret(base32);
    const { label } = readTotpOptions(options);
    await this.context.texts.check('label', label);
    const handle = sha256(label);
    const snapshot = await this.prepare(identity, TwoFactorMechanism.TOTP, (authenticator) => authenticator.handle === handle);
    await this.enable(identity, TwoFactorMechanism.TOTP, handle, { label, value: secret.toString('base64') }, 0, snapshot, false);
  }

  async setupContact(
    identity: Identity, mechanism: DeliveredMechanism, given: unknown, requireVerification?: unknown,
  ): Promise<Change<ContactSetup>> {
    const user = await this.user(identity);
    const own = mechanism === TwoFactorMechanism.EMAIL ? this.context.settings.users.email?.(user) : undefined;
    if (given === undefined && (own === undefined || own === null || own === '')) throw new InvalidInputError(mechanism === TwoFactorMechanism.EMAIL ? 'address' : 'phone', 'given: the account has none');
    const contact = normalizeContact(mechanism, given ?? own);
    // The app vouches for the account's own address, as it does by an explicit `false`. Any other has to be proved.
    const vouched = isSpellingOf(mechanism, own, contact);
    const verify = readBoolean('requireVerification', requireVerification ?? !vouched);
    await this.delivery.checkDestination(contact, mechanism);
    const snapshot = await this.prepare(identity, mechanism, (authenticator) => sameContact(this.delivery.openContact(authenticator), contact));

    const handle = this.delivery.handle(mechanism, identity.id, contact);
    const maskedContact = maskContact(mechanism, contact);
    const draft = { label: maskedContact, value: contact };
    if (!verify) {
      const { epochs } = await this.enable(identity, mechanism, handle, draft, 0, snapshot, false);
      return { result: { maskedContact, verified: true }, ...(epochs && { epochs }) };
    }
    const otpValue = await this.drafts.beginWithCode(identity, mechanism, handle, draft, snapshot);
    const result: ContactSetup = { maskedContact, verified: false };
    Object.defineProperty(result, 'contact', { value: contact });
    if (otpValue !== undefined) Object.defineProperty(result, 'otpValue', { value: otpValue });
    return { result };
  }

  /**
   * Confirms the newest live enrolment of the mechanism.
   * @returns fresh backup codes, `[]` where the user has a set already
   */
  async complete(identity: Identity, mechanism: TwoFactorMechanism, code: unknown): Promise<Change<string[]>> {
    const text = readCode(code);
    const load = async (): Promise<Subject> => {
      const snapshot = await this.context.snapshots.ofUser(identity, { purpose: 'enrollment', mechanism });
      const { account } = snapshot;
      if (!account) throw new TwoFactorNotSetupError();
      const challenge = snapshot.challenges.findLast((candidate) => isLive(candidate, snapshot, this.context.settings.clock()));
      return { identity, account, snapshot, challenge };
    };
    const { subject, match } = await this.verification.judge(load, (given) => this.confirm(given, mechanism, text), methodNames[mechanism]);
    const challenge = subject.challenge;
    // Of parallel confirmations one deletes the row and enrols.
    if (!challenge || !(await this.context.challenges.consume(challenge.id, this.context.settings.clock()))) throw new TwoFactorNotSetupError();
    const before = { ...subject.snapshot, account: subject.account };
    return this.enable(identity, mechanism, challenge.handle, this.drafts.open(challenge), match.confirmedStep ?? 0, before);
  }

  private confirm({ challenge, identity }: Subject, mechanism: TwoFactorMechanism, code: string): Match | undefined {
    if (!challenge) throw new TwoFactorNotSetupError();
    const { settings } = this.context;
    const length = mechanism === TwoFactorMechanism.TOTP ? defaultTotpParameters.digits : settings.codeLength;
    if (!isDigits(code, length)) throw new InvalidInputError('code', `${length} digits`);
    const method = methodNames[mechanism];
    if (mechanism !== TwoFactorMechanism.TOTP) {
      const scope: CodeScope = { challengeId: challenge.id, purpose: 'enrollment', identity, mechanism };
      return this.delivery.matches(scope, readLiveCodes(challenge)[method as 'email' | 'sms'], code) ? { method } : undefined;
    }
    const secret = Buffer.from(this.drafts.open(challenge).value, 'base64');
    const step = matchTotp(secret, code, defaultTotpParameters, { now: settings.clock(), window: settings.totpWindow, after: 0 });
    return step === undefined ? undefined : { method, confirmedStep: step };
  }

  private async user(identity: Identity): Promise<Express.User> {
    const user = await findUser(this.context.settings, identity);
    if (user === undefined) throw new TwoFactorNotSetupError();
    return user;
  }

  /** Reads the user's state, with an account to charge attempts to. */
  private async prepare(
    identity: Identity, mechanism: TwoFactorMechanism, same: (authenticator: TwoFactorAuthenticator) => boolean,
  ): Promise<PreparedSnapshot> {
    await this.context.texts.check('id', identity.id);
    const read = () => readState(this.context, identity, { purpose: 'enrollment', mechanism });
    let snapshot = await read();
    if (!snapshot.account) {
      await this.context.accounts.ensure(identity.key, identity.id);
      snapshot = await read();
    }
    if (!snapshot.account) throw new Error('The account of the user could not be made.');
    if (snapshot.authenticators.some((authenticator) => authenticator.mechanism === mechanism && same(authenticator))) {
      throw new TwoFactorAlreadyEnabledError();
    }
    return snapshot as PreparedSnapshot;
  }

  /**
   * Makes the method count. The slow hashes of the backup codes come first, and the INSERT alone ends what other sessions
   * stand for: there is no moment in which a session that knows only the password could act on the new factor.
   */
  private async enable(
    identity: Identity, mechanism: TwoFactorMechanism, handle: string, draft: Draft, confirmedStep: number, before: PreparedSnapshot, giveCodes = true,
  ): Promise<Change<string[]>> {
    const { authenticators, events, settings } = this.context;
    const set = giveCodes ? await this.backupCodes.prepare(identity, before) : undefined;
    const added = await authenticators.add(this.authenticator(identity, mechanism, handle, draft, confirmedStep, before));
    if (!added) {
      // Another request enrolled the same one since it was looked for.
      if (set) await this.backupCodes.discard(set);
      throw new TwoFactorAlreadyEnabledError();
    }
    const change = await this.backupCodes.factorAdded(identity, before, set);
    events.emit('enrolled', { userId: identity.id, mechanism, method: methodNames[mechanism], at: settings.clock() });
    return change;
  }

  private authenticator(
    identity: Identity, mechanism: TwoFactorMechanism, handle: string, draft: Draft, confirmedStep: number, before: PreparedSnapshot,
  ): TwoFactorAuthenticator {
    const { keyring, settings } = this.context;
    const id = randomBytes(16).toString('hex');
    const sealed = mechanism === TwoFactorMechanism.TOTP
      ? keyring.seal('totp-secret', identity.id, id, Buffer.from(draft.value, 'base64'))
      : keyring.seal('contact', identity.id, id, draft.value);
    return {
      id, userKey: identity.key, userId: identity.id, mechanism, handle, label: draft.label, sealed, ...defaultTotpParameters,
      verifiedAt: Math.max(settings.clock(), (before.authenticators.at(-1)?.verifiedAt ?? 0) + 1), confirmedStep,
      securityEpoch: before.securityEpoch + 1, provisional: 0,
    };
  }
}
