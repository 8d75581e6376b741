import { sameContact } from '../core/contact.js';
import { withHidden } from '../core/hidden.js';
import { mechanismOf, type DeliveredMethod } from '../core/methods.js';
import { encodeBase32, qrCode, totpUri } from '../core/provisioning.js';
import { defaultTotpParameters, generateTotpSecret } from '../core/totp.js';
import { InvalidInputError, SealedDataError, TwoFactorAlreadyEnabledError, TwoFactorNotSetupError } from '../errors.js';
import type { DeliveredFactor } from '../factors/delivered.js';
import type { Factor } from '../factors/factor.js';
import type { TwoFactorAuthenticator } from '../store/rows.js';
import { readState, type Change, type Context } from './context.js';
import { findUser, type Identity } from './identity.js';
import type { Delivery } from './delivery.js';
import type { Enabling } from './enabling.js';
import type { EnrollmentDrafts, PreparedSnapshot } from './enrollment-draft.js';
import {
  accountLabel,
  readBoolean,
  readSecret,
  readTotpOptions,
  type ContactSetup,
  type TotpSetup,
  type TotpSetupOptions,
} from './enrollment-input.js';
import { readIfReadable } from './unreadable.js';

/** A contact as a request gives it. */
export interface GivenContact {
  /** Default: the account's own. */
  readonly contact: unknown;
  /** Whether a code has to confirm it. Default: not where the app vouches for it. */
  readonly requireVerification?: unknown;
}

/**
 * Enrolls methods. An enrollment is a challenge until a code confirms it: begun and abandoned it leaves no method,
 * and it never touches one that is verified.
 */
export class Enrollment {
  constructor(
    private readonly context: Context,
    private readonly parts: {
      readonly delivery: Delivery;
      readonly drafts: EnrollmentDrafts;
      readonly enabling: Enabling;
    },
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
    const factor = this.context.factors.totp;
    const secret = generateTotpSecret();
    const draft = { label, value: secret.toString('base64') };
    const snapshot = await this.prepare(identity, factor, isNamed(factor.handleOf(identity.id, draft)));

    const { issuer } = this.context.settings;
    const uri = totpUri({
      ...defaultTotpParameters,
      issuer,
      label: accountLabel(this.context, user, identity),
      secret,
    });
    const setup = { secret: encodeBase32(secret), uri, qrCode: await qrCode(uri, qr) };
    if (verify) {
      await this.parts.drafts.begin({ identity, factor, draft, snapshot });
      return { result: setup };
    }
    const added = { factor, draft, confirmedStep: 0, isHeld: false, givesCodes: true };
    const { result: backupCodes, epochs } = await this.parts.enabling.enable(identity, added);
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
    const factor = this.context.factors.totp;
    const draft = { label, value: secret.toString('base64') };
    await this.prepare(identity, factor, isNamed(factor.handleOf(identity.id, draft)));
    const added = { factor, draft, confirmedStep: 0, isHeld: true, givesCodes: false };
    await this.parts.enabling.enable(identity, added);
  }

  async setupContact(identity: Identity, method: DeliveredMethod, given: GivenContact): Promise<Change<ContactSetup>> {
    const factor = this.context.factors.sent(method);
    const user = await this.user(identity);
    const own = factor.kind.own?.(this.context.settings.users, user);
    if (given.contact === undefined && (own === undefined || own === null || own === ''))
      throw new InvalidInputError(factor.field, 'given: the account has none');
    // The app vouches for the account's own address, as it does by an explicit `false`. Any other has to be proved.
    const { contact, vouched } = factor.kind.read(given.contact ?? own, own);
    const verify = readBoolean('requireVerification', given.requireVerification ?? !vouched);
    await this.parts.delivery.checkDestination(factor, contact);
    const snapshot = await this.prepare(identity, factor, (row, all) => this.isContact(factor, row, { contact, all }));

    const maskedContact = factor.kind.mask(contact);
    const draft = { label: maskedContact, value: contact };
    if (!verify) {
      const added = { factor, draft, confirmedStep: 0, isHeld: true, givesCodes: false };
      const { epochs } = await this.parts.enabling.enable(identity, added);
      return { result: { maskedContact, verified: true }, ...(epochs && { epochs }) };
    }
    const otpValue = await this.parts.drafts.beginWithCode({ identity, factor, draft, snapshot });
    const result = { maskedContact, verified: false };
    return { result: withHidden(result, { contact, ...(otpValue !== undefined && { otpValue }) }) };
  }

  /** @throws SealedDataError for the only factor of its user that cannot be read: it may be this very contact */
  private async isContact(
    factor: DeliveredFactor,
    row: TwoFactorAuthenticator,
    { contact, all }: { readonly contact: string; readonly all: readonly TwoFactorAuthenticator[] },
  ): Promise<boolean> {
    const known = await readIfReadable(this.context, row, () => factor.contactOf(row));
    if (known instanceof SealedDataError && all.length === 1) throw known;
    return !(known instanceof SealedDataError) && sameContact(known, contact);
  }

  private async user(identity: Identity): Promise<Express.User> {
    const user = await findUser(this.context.settings, identity);
    if (user === undefined) throw new TwoFactorNotSetupError();
    return user;
  }

  /** Reads the user's state, with an account to charge attempts to. */
  async prepare(identity: Identity, factor: Factor, isSame: IsSame): Promise<PreparedSnapshot> {
    await this.context.texts.check('id', identity.id);
    const filter = { purpose: 'enrollment', mechanism: mechanismOf(factor.method) } as const;
    const read = () => readState(this.context, identity, filter);
    let snapshot = await read();
    if (!snapshot.account) {
      await this.context.accounts.ensure(identity.key, identity.id);
      snapshot = await read();
    }
    if (!snapshot.account) throw new Error('The account of the user could not be made.');
    for (const row of snapshot.authenticators.filter((one) => this.context.factors.of(one) === factor)) {
      if (await isSame(row, snapshot.authenticators)) throw new TwoFactorAlreadyEnabledError();
    }
    this.parts.enabling.checkRoom(snapshot);
    return snapshot as PreparedSnapshot;
  }
}

type IsSame = (row: TwoFactorAuthenticator, all: readonly TwoFactorAuthenticator[]) => boolean | Promise<boolean>;

const isNamed =
  (handle: string): IsSame =>
  (row) =>
    row.handle === handle;
