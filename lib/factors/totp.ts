import { sha256, type Keyring } from '../core/keyring.js';
import { isDigits } from '../core/one-time-code.js';
import { defaultTotpParameters, matchTotp } from '../core/totp.js';
import type { Settings } from '../settings.js';
import type { TwoFactorAuthenticator } from '../store/rows.js';
import type { Comparison, Draft, Factor, Owner, Proof, Question } from './factor.js';

const { digits } = defaultTotpParameters;

/** An authenticator app (RFC 6238). It keeps the secret. */
export class TotpFactor implements Factor {
  readonly method = 'totp';
  readonly shape = `${digits} digits`;
  readonly isNamedByLabel = true;
  readonly needsChallenge = false;

  constructor(
    private readonly keyring: Keyring,
    private readonly settings: Pick<Settings, 'clock' | 'totpWindow'>,
  ) {}

  accepts(response: unknown): response is string {
    return typeof response === 'string' && isDigits(response, digits);
  }

  handleOf(_userId: string, { label }: Draft): string {
    return sha256(label);
  }

  seal({ userId, rowId }: Owner, { value }: Draft): string {
    return this.keyring.seal('totp-secret', { userId, rowId }, Buffer.from(value, 'base64'));
  }

  secretOf({ userId, id, sealed }: TwoFactorAuthenticator): Buffer {
    return this.keyring.open('totp-secret', { userId, rowId: id }, sealed);
  }

  resealed(row: TwoFactorAuthenticator): { sealed: string } | undefined {
    if (this.keyring.isCurrent(row.sealed)) return undefined;
    return { sealed: this.keyring.seal('totp-secret', { userId: row.userId, rowId: row.id }, this.secretOf(row)) };
  }

  confirm({ value }: Draft, _question: Question, response: unknown): Promise<Proof | undefined> {
    return Promise.resolve(this.compare(Buffer.from(value, 'base64'), response, 0));
  }

  async match(row: TwoFactorAuthenticator, { spentStep }: Comparison, response: unknown): Promise<Proof | undefined> {
    return Promise.resolve(this.compare(this.secretOf(row), response, Math.max(spentStep, row.confirmedStep)));
  }

  chances(_row: object, _comparison: Comparison, response: unknown): number {
    return this.accepts(response) ? this.confirmChances : 0;
  }

  get confirmChances(): number {
    return 2 * this.settings.totpWindow + 1;
  }

  private compare(secret: Buffer, response: unknown, after: number): Proof | undefined {
    if (!this.accepts(response)) return undefined;
    const { clock, totpWindow: window } = this.settings;
    // The row's own digits, period and algorithm are not read: they are not sealed, and one digit would be guessed at
    // once.
    const step = matchTotp(secret, response, { parameters: defaultTotpParameters, now: clock(), window, after });
    return step === undefined ? undefined : { step };
  }
}
