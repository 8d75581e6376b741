import { randomBytes } from 'node:crypto';
import { maskContact, normalizeContact, sameContact } from '../core/contact.js';
import { sha256 } from '../core/keyring.js';
import { methodNames, TwoFactorMechanism, type DeliveredMechanism } from '../core/mechanism.js';
import { isDigits, readCode } from '../core/one-time-code.js';
import { encodeBase32, qrCode, totpUri, type QrFormat } from '../core/provisioning.js';
import { defaultTotpParameters, generateTotpSecret, matchTotp } from '../core/totp.js';
import { InvalidInputError, TwoFactorAlreadyEnabledError, TwoFactorNotSetupError } from '../errors.js';
import type { TwoFactorAccount, TwoFactorAuthenticator, TwoFactorChallenge } from '../store/entities.js';
import type { Snapshot } from '../store/snapshot-store.js';
import type { BackupCodes } from './backup-codes.js';
import { findUser, type Context, type Identity } from './context.js';
import { readLiveCodes, type CodeScope, type Delivery } from './delivery.js';
import { isLive, type Match, type Subject, type Verification } from './verification.js';

export interface TotpSetupOptions {
  /** Tells several authenticator apps of one user apart. Default `'default'`. */
  readonly label?: string;
  /** Default `'png'`, a data URL; `'svg'` is SVG text and costs the event loop a tenth. */
  readonly qr?: QrFormat;
}

export interface TotpSetup {
  /** Base32, to be typed where no QR code can be scanned. */
  readonly secret: string;
  readonly uri: string;
  readonly qrCode: string;
  /** Only where the method was enabled at once (`setup.totp(false)`); `[]` for a user who has a set. */
  readonly backupCodes?: string[];
}

export interface ContactSetup {
  readonly maskedContact: string;
  readonly verified: boolean;
  /** Not enumerable: for the server, which sends the code where the library does not. */
  readonly contact?: string;
  readonly otpValue?: string;
}

/** What an enrolment holds until it is confirmed, sealed in its challenge. */
interface Draft {
  readonly label: string;
  /** Base64 of the TOTP secret, or the contact. */
  readonly value: string;
}

/** The account after a change of factors, for the session that made it to keep its standing. */
export interface Change<T> {
  readonly result: T;
  readonly account: TwoFactorAccount | undefined;
}

const enrollmentExpiry = 15 * 60_000;

export function readLabel(label: unknown): string {
  const text = typeof label === 'string' ? label.normalize('NFC').trim() : '';
  if (text.length < 1 || text.length > 64 || /\p{Cc}/u.test(text)) throw new InvalidInputError('label', 'a text of 1 to 64 characters');
  return text;
}

function readBoolean(field: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw new InvalidInputError(field, 'true or false');
  return value;
}

/**
 * Enrols methods. An enrolment is a challenge until a code confirms it: begun and abandoned it leaves no method, and it
 * never touches one that is verified.
 */
export class Enrollment {
  constructor(
    private readonly context: Context,
    private readonly delivery: Delivery,
    private readonly verification: Verification,
    private readonly backupCodes: BackupCodes,
  ) {}

  async setupTotp(identity: Identity, requireVerification: unknown = true, options: TotpSetupOptions = {}): Promise<Change<TotpSetup>> {
    const verify = readBoolean('requireVerification', requireVerification);
    const label = readLabel(options.label ?? 'default');
    const format: unknown = options.qr ?? 'png';
    if (format !== 'png' && format !== 'svg') throw new InvalidInputError('qr', '"png" or "svg"');
    const user = await this.user(identity);
    const handle = sha256(label);
    const snapshot = await this.prepare(identity, TwoFactorMechanism.TOTP, (authenticator) => authenticator.handle === handle);

    const secret = generateTotpSecret();
    const uri = totpUri({ ...defaultTotpParameters, issuer: this.context.settings.issuer, label: accountLabel(this.context, user, identity), secret });
    const setup = { secret: encodeBase32(secret), uri, qrCode: await qrCode(uri, format) };
    const draft = { label, value: secret.toString('base64') };
    if (verify) {
      await this.begin(identity, TwoFactorMechanism.TOTP, handle, draft, snapshot);
      return { result: setup, account: undefined };
    }
    await this.add(identity, TwoFactorMechanism.TOTP, handle, draft, 0, snapshot);
    const { codes, account } = await this.backupCodes.changeWithCodes(identity);
    return { result: { ...setup, backupCodes: codes }, account };
  }

  async setupContact(
    identity: Identity, mechanism: DeliveredMechanism, given: unknown, requireVerification?: unknown,
  ): Promise<Change<ContactSetup>> {
    const user = await this.user(identity);
    const own = mechanism === TwoFactorMechanism.EMAIL ? this.context.settings.users.email?.(user) : undefined;
    if (given === undefined && (own === undefined || own === null || own === '')) throw new InvalidInputError(mechanism === TwoFactorMechanism.EMAIL ? 'address' : 'phone', 'given: the account has none');
    const contact = normalizeContact(mechanism, given ?? own);
    // The app vouches for the account's own address, as it does by an explicit `false`. Any other has to be proved.
    const vouched = typeof own === 'string' && own !== '' && sameContact(contact, normalizeContact(mechanism, own));
    const verify = readBoolean('requireVerification', requireVerification ?? !vouched);
    await this.delivery.checkDestination(contact, mechanism);
    const snapshot = await this.prepare(identity, mechanism, (authenticator) => sameContact(this.delivery.openContact(authenticator), contact));

    const handle = this.delivery.handle(mechanism, identity.id, contact);
    const maskedContact = maskContact(mechanism, contact);
    const draft = { label: maskedContact, value: contact };
    if (!verify) {
      await this.add(identity, mechanism, handle, draft, 0, snapshot);
      const account = await this.context.accounts.change(identity.key);
      return { result: { maskedContact, verified: true }, account };
    }
    const otpValue = await this.sendFirst(identity, mechanism, handle, draft, snapshot);
    const result: ContactSetup = { maskedContact, verified: false };
    Object.defineProperty(result, 'contact', { value: contact });
    if (otpValue !== undefined) Object.defineProperty(result, 'otpValue', { value: otpValue });
    return { result, account: undefined };
  }

  /**
   * Confirms the newest live enrolment of the mechanism.
   * @returns fresh backup codes, `[]` where the user has a set already
   */
  async complete(identity: Identity, mechanism: TwoFactorMechanism, code: unknown): Promise<Change<string[]>> {
    const text = readCode(code);
    const load = async (): Promise<Subject> => {
      const snapshot = await this.context.snapshots.ofUser(identity.key, { purpose: 'enrollment', mechanism });
      const { account } = snapshot;
      if (!account) throw new TwoFactorNotSetupError();
      const challenge = snapshot.challenges.findLast((candidate) => isLive(candidate, account, this.context.settings.clock()));
      return { identity, account, snapshot, challenge };
    };
    const { subject, match } = await this.verification.judge(load, (given) => this.confirm(given, mechanism, text), methodNames[mechanism]);
    const challenge = subject.challenge;
    // Of parallel confirmations one deletes the row and enrols.
    if (!challenge || !(await this.context.challenges.consume(challenge.id, this.context.settings.clock()))) throw new TwoFactorNotSetupError();
    await this.add(identity, mechanism, challenge.handle, this.open(challenge), match.confirmedStep ?? 0, subject.snapshot);
    const { codes, account } = await this.backupCodes.changeWithCodes(identity);
    return { result: codes, account };
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
    const secret = Buffer.from(this.open(challenge).value, 'base64');
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
  ): Promise<Snapshot & { account: TwoFactorAccount }> {
    const read = () => this.context.snapshots.ofUser(identity.key, { purpose: 'enrollment', mechanism });
    let snapshot = await read();
    if (!snapshot.account) {
      await this.context.accounts.ensure(identity.key, identity.id);
      snapshot = await read();
    }
    if (!snapshot.account) throw new Error('The account of the user could not be made.');
    if (snapshot.authenticators.some((authenticator) => authenticator.mechanism === mechanism && same(authenticator))) {
      throw new TwoFactorAlreadyEnabledError();
    }
    return snapshot as Snapshot & { account: TwoFactorAccount };
  }

  private async begin(
    identity: Identity, mechanism: TwoFactorMechanism, handle: string, draft: Draft,
    snapshot: Snapshot & { account: TwoFactorAccount }, prepared?: { id: string; codes: string },
  ): Promise<void> {
    const { settings, keyring, challenges } = this.context;
    const now = settings.clock();
    const id = prepared?.id ?? newId();
    const newest = snapshot.challenges.at(-1)?.createdAt ?? 0;
    await challenges.add({
      id, userKey: identity.key, userId: identity.id, purpose: 'enrollment', mechanism, handle,
      challengeEpoch: snapshot.account.challengeEpoch, strategy: '', kind: '', remember: 0, info: '',
      sealed: keyring.seal('enrollment', identity.id, id, JSON.stringify(draft)),
      codes: prepared?.codes ?? '{}', codeVersion: 0, verifiedBy: '',
      // Two begun in one millisecond still have an order: the newest is the one to be confirmed.
      createdAt: Math.max(now, newest + 1), expiresAt: now + enrollmentExpiry,
    });
    const replaced = snapshot.challenges.filter((old) => old.handle === handle || !isLive(old, snapshot.account, now));
    const crowded = snapshot.challenges.slice(0, Math.max(0, snapshot.challenges.length - settings.pendingLogins + 1));
    await challenges.remove([...new Set([...replaced, ...crowded].map((old) => old.id))]);
  }

  /** @returns the code where the app has to send it */
  private async sendFirst(
    identity: Identity, mechanism: DeliveredMechanism, handle: string, draft: Draft, snapshot: Snapshot & { account: TwoFactorAccount },
  ): Promise<string | undefined> {
    const quotas = [this.delivery.userQuota(identity, mechanism), this.delivery.destinationQuota(draft.value)];
    await this.delivery.reserveAll(quotas);
    const scope: CodeScope = { challengeId: newId(), purpose: 'enrollment', identity, mechanism };
    const { code, live } = this.delivery.issue(scope, '');
    await this.begin(identity, mechanism, handle, draft, snapshot, {
      id: scope.challengeId, codes: JSON.stringify({ [methodNames[mechanism]]: live }),
    });
    await this.delivery.sendReserved(scope, draft.value, code, live.expiresAt, quotas);
    return this.delivery.sender(mechanism) ? undefined : code;
  }

  private open(challenge: TwoFactorChallenge): Draft {
    return JSON.parse(this.context.keyring.open('enrollment', challenge.userId, challenge.id, challenge.sealed).toString()) as Draft;
  }

  private async add(
    identity: Identity, mechanism: TwoFactorMechanism, handle: string, draft: Draft, confirmedStep: number, snapshot: Snapshot,
  ): Promise<void> {
    const { keyring, settings, authenticators, events } = this.context;
    const id = randomBytes(16).toString('hex');
    const now = settings.clock();
    const sealed = mechanism === TwoFactorMechanism.TOTP
      ? keyring.seal('totp-secret', identity.id, id, Buffer.from(draft.value, 'base64'))
      : keyring.seal('contact', identity.id, id, draft.value);
    const { algorithm, digits, period } = defaultTotpParameters;
    const added = await authenticators.add({
      id, userKey: identity.key, userId: identity.id, mechanism, handle, label: draft.label, sealed, algorithm, digits, period,
      verifiedAt: Math.max(now, (snapshot.authenticators.at(-1)?.verifiedAt ?? 0) + 1), confirmedStep,
    });
    // Another request enrolled the same one since it was looked for.
    if (!added) throw new TwoFactorAlreadyEnabledError();
    events.emit('enrolled', { userId: identity.id, mechanism, method: methodNames[mechanism], at: now });
  }
}

const newId = (): string => sha256(randomBytes(32).toString('hex'));

/** What the account is called in an authenticator app. */
export function accountLabel({ settings: { users } }: Context, user: Express.User, identity: Identity): string {
  const names = [users.label?.(user), users.email?.(user), identity.id];
  return names.find((name): name is string => typeof name === 'string' && name !== '') ?? identity.id;
}
