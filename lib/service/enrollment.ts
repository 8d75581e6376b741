import { maskContact, readContact, sameContact } from '../core/contact.js';
import { withHidden } from '../core/hidden.js';
import { sha256 } from '../core/keyring.js';
import { methodNames, TwoFactorMechanism, type DeliveredMechanism } from '../core/mechanism.js';
import { isDigits, readCode } from '../core/one-time-code.js';
import { encodeBase32, qrCode, totpUri } from '../core/provisioning.js';
import { defaultTotpParameters, generateTotpSecret, matchTotp } from '../core/totp.js';
import {
  InvalidInputError,
  SealedDataError,
  StepUpRequiredError,
  TwoFactorAlreadyEnabledError,
  TwoFactorNotSetupError,
} from '../errors.js';
import type { TwoFactorAuthenticator } from '../store/rows.js';
import type { Snapshot } from '../store/snapshot-store.js';
import type { Enabling } from './enabling.js';
import {
  accountLabel,
  readBoolean,
  readSecret,
  readTotpOptions,
  type ContactSetup,
  type TotpSetup,
  type TotpSetupOptions,
} from './enrollment-input.js';
import { findUser, readState, type Change, type Context, type Identity } from './context.js';
import { readLiveCodes, type CodeScope, type Delivery } from './delivery.js';
import type { EnrollmentDrafts, PreparedSnapshot } from './enrollment-draft.js';
import { stepsOf } from './comparisons.js';
import { ofRow, type StoredChallenge } from './challenge.js';
import type { Judge } from './judging.js';
import { tidy } from './factor-change.js';
import type { Match, Subject } from './subject.js';
import { isLive } from './verdicts.js';
import { readIfReadable } from './unreadable.js';

type EnrollmentSubject = Subject & { readonly challenge: StoredChallenge | undefined };

/**
 * Enrols methods. An enrolment is a challenge until a code confirms it: begun and abandoned it leaves no method, and it
 * never touches one that is verified.
 */
export class Enrollment {
  constructor(
    private readonly context: Context,
    private readonly delivery: Delivery,
    private readonly drafts: EnrollmentDrafts,
    private readonly judge: Judge,
    private readonly enabling: Enabling,
  ) {}

  async setupTotp(
    identity: Identity,
    requireVerification: unknown = true,
    options?: TotpSetupOptions,
  ): Promise<Change<TotpSetup>> {
    const verify = readBoolean('requireVerification', requireVerification);
    const { label, qr } = readTotpOptions(options);
    await this.context.texts.check('label', label);
    const user = await this.user(identity);
    const handle = sha256(label);
    const snapshot = await this.prepare(
      identity,
      TwoFactorMechanism.TOTP,
      (authenticator) => authenticator.handle === handle,
    );

    const secret = generateTotpSecret();
    const uri = totpUri({
      ...defaultTotpParameters,
      issuer: this.context.settings.issuer,
      label: accountLabel(this.context, user, identity),
      secret,
    });
    const setup = { secret: encodeBase32(secret), uri, qrCode: await qrCode(uri, qr) };
    const draft = { label, value: secret.toString('base64') };
    if (verify) {
      await this.drafts.begin(identity, TwoFactorMechanism.TOTP, handle, draft, snapshot);
      return { result: setup };
    }
    const factor = { mechanism: TwoFactorMechanism.TOTP, handle, draft, confirmedStep: 0, isHeld: false };
    const { result: backupCodes, epochs } = await this.enabling.enable(identity, factor, true);
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
    await this.prepare(identity, TwoFactorMechanism.TOTP, (authenticator) => authenticator.handle === handle);
    const draft = { label, value: secret.toString('base64') };
    await this.enabling.enable(
      identity,
      { mechanism: TwoFactorMechanism.TOTP, handle, draft, confirmedStep: 0, isHeld: true },
      false,
    );
  }

  async setupContact(
    identity: Identity,
    mechanism: DeliveredMechanism,
    given: unknown,
    requireVerification?: unknown,
  ): Promise<Change<ContactSetup>> {
    const user = await this.user(identity);
    const own = mechanism === TwoFactorMechanism.EMAIL ? this.context.settings.users.email?.(user) : undefined;
    if (given === undefined && (own === undefined || own === null || own === ''))
      throw new InvalidInputError(
        mechanism === TwoFactorMechanism.EMAIL ? 'address' : 'phone',
        'given: the account has none',
      );
    // The app vouches for the account's own address, as it does by an explicit `false`. Any other has to be proved.
    const { contact, vouched } = readContact(mechanism, given ?? own, own);
    const verify = readBoolean('requireVerification', requireVerification ?? !vouched);
    await this.delivery.checkDestination(contact, mechanism);
    const snapshot = await this.prepare(identity, mechanism, (authenticator, all) => {
      const known = readIfReadable(this.context, authenticator, () => this.delivery.openContact(authenticator));
      // It may be this very contact: where it is the only factor, somebody has to look.
      if (known instanceof SealedDataError && all.length === 1) throw known;
      return !(known instanceof SealedDataError) && sameContact(known, contact);
    });

    const handle = this.delivery.handle(mechanism, identity.id, contact);
    const maskedContact = maskContact(mechanism, contact);
    const draft = { label: maskedContact, value: contact };
    if (!verify) {
      const { epochs } = await this.enabling.enable(
        identity,
        { mechanism, handle, draft, confirmedStep: 0, isHeld: true },
        false,
      );
      return { result: { maskedContact, verified: true }, ...(epochs && { epochs }) };
    }
    const otpValue = await this.drafts.beginWithCode(identity, mechanism, handle, draft, snapshot);
    return {
      result: withHidden({ maskedContact, verified: false }, { contact, ...(otpValue !== undefined && { otpValue }) }),
    };
  }

  /**
   * Confirms the newest live enrolment of the mechanism. It belongs to the epoch that it was begun at: a change of factors
   * ends it, also one that is committed while the code is being judged.
   * @param identity with the epoch that the session stands for, be its authentication recent or not
   * @returns fresh backup codes, `[]` where the user has a set already
   */
  async complete(identity: Identity, mechanism: TwoFactorMechanism, code: unknown): Promise<Change<string[]>> {
    const text = readCode(code);
    const load = async (): Promise<EnrollmentSubject> => {
      const snapshot = await this.context.snapshots.ofUser(identity, { purpose: 'enrollment', mechanism });
      const { account } = snapshot;
      if (!account) throw new TwoFactorNotSetupError();
      const now = this.context.settings.clock();
      const challenge = snapshot.challenges.map(ofRow).findLast((candidate) => isLive(candidate, snapshot, now));
      const { judgedAt = snapshot.securityEpoch } = identity;
      if (challenge && judgedAt !== snapshot.securityEpoch) throw new StepUpRequiredError();
      return { identity, account, snapshot, challenge };
    };
    const { subject, match } = await this.judge.judge({
      load,
      decide: (given) => Promise.resolve(this.confirm(given, mechanism, text)),
      compared: () => (mechanism === TwoFactorMechanism.TOTP ? stepsOf(this.context) : 1),
      failed: methodNames[mechanism],
      // Of parallel confirmations one is written and enrolls.
      verdicts: ({ challenge }, method) => (challenge ? [{ challenge, state: 'used', method }] : []),
    });
    const { challenge } = subject;
    if (!challenge) throw new TwoFactorNotSetupError();
    await tidy(() => this.context.challenges.remove([challenge.id]));
    const { handle } = challenge;
    const draft = this.drafts.open(challenge);
    const factor = { mechanism, handle, draft, confirmedStep: match.confirmedStep ?? 0, isHeld: true };
    return this.enabling.enable({ ...identity, judgedAt: challenge.securityEpoch }, factor, true);
  }

  private confirm(
    { challenge, identity }: EnrollmentSubject,
    mechanism: TwoFactorMechanism,
    code: string,
  ): Match | undefined {
    if (!challenge) throw new TwoFactorNotSetupError();
    const { settings } = this.context;
    const length = mechanism === TwoFactorMechanism.TOTP ? defaultTotpParameters.digits : settings.codeLength;
    if (!isDigits(code, length)) throw new InvalidInputError('code', `${length} digits`);
    const method = methodNames[mechanism];
    if (mechanism !== TwoFactorMechanism.TOTP) {
      const scope: CodeScope = { challengeId: challenge.id, purpose: 'enrollment', identity, mechanism };
      return this.delivery.matches(scope, readLiveCodes(challenge)[method as 'email' | 'sms'], code)
        ? { method }
        : undefined;
    }
    const secret = Buffer.from(this.drafts.open(challenge).value, 'base64');
    const step = matchTotp(secret, code, defaultTotpParameters, {
      now: settings.clock(),
      window: settings.totpWindow,
      after: 0,
    });
    return step === undefined ? undefined : { method, confirmedStep: step };
  }

  private async user(identity: Identity): Promise<Express.User> {
    const user = await findUser(this.context.settings, identity);
    if (user === undefined) throw new TwoFactorNotSetupError();
    return user;
  }

  /** Reads the user's state, with an account to charge attempts to. */
  private async prepare(
    identity: Identity,
    mechanism: TwoFactorMechanism,
    same: (authenticator: TwoFactorAuthenticator, all: Snapshot['authenticators']) => boolean,
  ): Promise<PreparedSnapshot> {
    await this.context.texts.check('id', identity.id);
    const read = () => readState(this.context, identity, { purpose: 'enrollment', mechanism });
    let snapshot = await read();
    if (!snapshot.account) {
      await this.context.accounts.ensure(identity.key, identity.id);
      snapshot = await read();
    }
    if (!snapshot.account) throw new Error('The account of the user could not be made.');
    if (
      snapshot.authenticators.some(
        (authenticator) => authenticator.mechanism === mechanism && same(authenticator, snapshot.authenticators),
      )
    ) {
      throw new TwoFactorAlreadyEnabledError();
    }
    this.enabling.checkRoom(snapshot);
    return snapshot as PreparedSnapshot;
  }
}
