import type { Keyring } from '../core/keyring.js';
import { twoFactorMethods, type DeliveredMethod } from '../core/methods.js';
import { generateOneTimeCode, isDigits } from '../core/one-time-code.js';
import type { Send } from '../options.js';
import type { Settings } from '../settings.js';
import type { TwoFactorAuthenticator } from '../store/rows.js';
import type { Comparison, Draft, Factor, Owner, Proof, Question } from './factor.js';

/** The one live code of a method in a challenge. A new one takes its place. */
export interface LiveCode {
  /** `<key id>.<HMAC>` over purpose, method, user, challenge and code: good for this challenge alone. */
  readonly tag: string;
  readonly expiresAt: number;
  readonly sentAt: number;
  /** Messages sent for this challenge. */
  readonly sends: number;
  /** The authenticator that it was sent to; '' during an enrollment. */
  readonly authenticator: string;
}

export type LiveCodes = Partial<Record<DeliveredMethod, LiveCode>>;

export const readLiveCodes = ({ codes }: { readonly codes: string }): LiveCodes => JSON.parse(codes) as LiveCodes;

/** How contacts of one kind are read and shown. */
export interface ContactKind {
  readonly method: DeliveredMethod;
  /** What the app has as the account's own contact. */
  own?(users: Settings['users'], user: Express.User): unknown;
  /**
   * The contact that a user gives, and whether it is the account's own, for which the app vouches.
   * @throws InvalidInputError naming the field
   */
  read(given: unknown, own: unknown): { readonly contact: string; readonly vouched: boolean };
  /** Enough for its owner to recognize it. */
  mask(contact: string): string;
}

type FactorSettings = Pick<Settings, 'clock' | 'codeLength' | 'tokenExpiry' | 'deliver'>;

/** A code that is sent to a contact. It keeps the contact. */
export class DeliveredFactor implements Factor {
  readonly isNamedByLabel = false;
  readonly needsChallenge = true;
  readonly confirmChances = 1;

  constructor(
    readonly kind: ContactKind,
    private readonly keyring: Keyring,
    private readonly settings: FactorSettings,
  ) {}

  get method(): DeliveredMethod {
    return this.kind.method;
  }

  get shape(): string {
    return `${this.settings.codeLength} digits`;
  }

  /** What a request calls the contact. */
  get field(): string {
    return twoFactorMethods[this.method].contact.field;
  }

  /** The app's sender; without one the code is handed to the app. */
  get sender(): Send | undefined {
    return this.settings.deliver[this.method];
  }

  accepts(response: unknown): response is string {
    return typeof response === 'string' && isDigits(response, this.settings.codeLength);
  }

  handleOf(userId: string, { value }: Draft): string {
    return this.keyring.mac('contact', [this.method, userId, value.toLowerCase()]);
  }

  seal({ userId, rowId }: Owner, { value }: Draft): string {
    return this.keyring.seal('contact', { userId, rowId }, value);
  }

  contactOf({ userId, id, sealed }: TwoFactorAuthenticator): string {
    return this.keyring.open('contact', { userId, rowId: id }, sealed).toString();
  }

  resealed(row: TwoFactorAuthenticator): { sealed: string; handle: string } | undefined {
    if (this.keyring.isCurrent(row.sealed)) return undefined;
    const draft = { label: row.label, value: this.contactOf(row) };
    return {
      sealed: this.seal({ userId: row.userId, rowId: row.id }, draft),
      handle: this.handleOf(row.userId, draft),
    };
  }

  /** Makes a code for a question. @param previous the one that it takes the place of */
  issue(
    question: Omit<Question, 'codes'>,
    authenticator: string,
    previous?: Pick<LiveCode, 'sends'>,
  ): { code: string; live: LiveCode } {
    const { clock, codeLength, tokenExpiry } = this.settings;
    const code = generateOneTimeCode(codeLength);
    const now = clock();
    const tag = this.keyring.tag('one-time-code', this.binding(question, code));
    const sends = (previous?.sends ?? 0) + 1;
    return { code, live: { tag, expiresAt: now + tokenExpiry, sentAt: now, sends, authenticator } };
  }

  confirm(_draft: Draft, question: Question, response: unknown): Promise<Proof | undefined> {
    return Promise.resolve(this.compare(question, readLiveCodes(question)[this.method], response));
  }

  match({ id }: TwoFactorAuthenticator, { question }: Comparison, response: unknown): Promise<Proof | undefined> {
    const live = this.liveCodeOf(id, question);
    return Promise.resolve(question && live ? this.compare(question, live, response) : undefined);
  }

  chances({ id }: Pick<TwoFactorAuthenticator, 'id'>, { question }: Comparison, response: unknown): number {
    const couldBe = typeof response === 'string' && response.length === this.settings.codeLength;
    return couldBe && this.liveCodeOf(id, question) ? 1 : 0;
  }

  private liveCodeOf(authenticator: string, question: Question | undefined): LiveCode | undefined {
    const live = question && readLiveCodes(question)[this.method];
    return live?.authenticator === authenticator ? live : undefined;
  }

  /** Compared as HMACs in constant time. */
  private compare(question: Question, live: LiveCode | undefined, response: unknown): Proof | undefined {
    if (!live || !this.accepts(response) || live.expiresAt <= this.settings.clock()) return undefined;
    return this.keyring.checkTag('one-time-code', this.binding(question, response), live.tag) ? {} : undefined;
  }

  private binding({ purpose, userId, id }: Omit<Question, 'codes'>, code: string): string[] {
    return [purpose, this.method, userId, id, code];
  }
}
