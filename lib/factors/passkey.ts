import { sha256, type Keyring } from '../core/keyring.js';
import { stateOf, type PasskeyState } from '../core/last-used.js';
import type { CreatedPasskey, Passkeys } from '../core/passkeys.js';
import type { TwoFactorAuthenticator } from '../store/rows.js';
import type { Comparison, Draft, Factor, Owner, Proof, Question } from './factor.js';

/** What is kept of a passkey, sealed. Its counter and whether it is synced lie in the account, with its last use. */
export interface KeptPasskey extends Omit<CreatedPasskey, 'name' | 'transports'> {
  readonly transports: readonly string[];
  /** What the authenticator knows the account by, in base64url. */
  readonly userHandle: string;
}

/** What a set-up holds until the browser answers. */
export type PasskeyDraft = Pick<KeptPasskey, 'userHandle'>;

const noPasskeys =
  'passkeys is missing: give the service new TwoFactorService({ passkeys: passkeys({ rpId, rpName, origins }) }), ' +
  'with passkeys from "passport-two-factor/webauthn"';

const digestOf = (credentialId: string): string => sha256(`passkey:${credentialId}`);
/** 128 bits of the digest tell credentials apart. */
const rowIdOf = (digest: string): string => digest.slice(0, 32);

/** A credential id has at most 1023 bytes (WebAuthn L3 §6.1). */
const longestId = 1364;

/** A passkey (WebAuthn L3). It keeps the public key; the ceremonies are those of the option `passkeys`. */
export class PasskeyFactor implements Factor {
  readonly method = 'passkey';
  readonly shape = "the browser's answer to the options";
  readonly isNamedByLabel = false;
  readonly needsChallenge = true;
  readonly confirmChances = 1;

  constructor(
    private readonly keyring: Keyring,
    private readonly settings: { readonly passkeys?: Passkeys | undefined },
  ) {}

  /** @throws TypeError where the app has none */
  get ceremonies(): Passkeys {
    const { passkeys } = this.settings;
    if (!passkeys) throw new TypeError(noPasskeys);
    return passkeys;
  }

  accepts(response: unknown): response is PasskeyResponse {
    const { id, response: answer } = (response ?? {}) as Partial<Record<keyof PasskeyResponse, unknown>>;
    return typeof id === 'string' && id.length <= longestId && typeof answer === 'object' && answer !== null;
  }

  /** The digest of the credential id: no two users have the same one. */
  handleOf(_userId: string, { value }: Draft): string {
    return digestOf((JSON.parse(value) as Partial<KeptPasskey>).id ?? '');
  }

  idOf(draft: Draft): string {
    return rowIdOf(this.handleOf('', draft));
  }

  /** The row of the credential that a response is of. */
  rowOf(response: PasskeyResponse): string {
    return rowIdOf(digestOf(response.id));
  }

  seal({ userId, rowId }: Owner, { value }: Draft): string {
    return this.keyring.seal('passkey', { userId, rowId }, value);
  }

  keptOf({ userId, id: rowId, sealed }: TwoFactorAuthenticator): KeptPasskey {
    return JSON.parse(this.keyring.open('passkey', { userId, rowId }, sealed).toString()) as KeptPasskey;
  }

  resealed(row: TwoFactorAuthenticator): { sealed: string } | undefined {
    if (this.keyring.isCurrent(row.sealed)) return undefined;
    const owner = { userId: row.userId, rowId: row.id };
    return { sealed: this.keyring.seal('passkey', owner, JSON.stringify(this.keptOf(row))) };
  }

  /** What the browser signs: bound to the pending login, step-up or set-up that asked; a client has no say in it. */
  challengeOf({ purpose, userId, id }: Omit<Question, 'codes'>, key = this.keyring.current): string {
    // Whose passkey it will be is not known before a login by a passkey alone.
    const digest = this.keyring.mac('passkey-challenge', [purpose, purpose === 'passkey' ? '' : userId, id], key);
    return Buffer.from(digest, 'hex').toString('base64url');
  }

  /** What it may have been asked with: while keys are rotated, another process may have another newest one. */
  private challengesOf(question: Question): readonly string[] {
    return this.keyring.names.map((key) => this.challengeOf(question, key));
  }

  /** What authenticators know a user by: it tells them nothing of the user (WebAuthn L3 §14.6.1). */
  userHandleOf(userId: string): string {
    return Buffer.from(this.keyring.mac('user-handle', [userId]), 'hex').toString('base64url');
  }

  async confirm({ label, value }: Draft, question: Question, response: unknown): Promise<Proof | undefined> {
    if (!this.accepts(response)) return undefined;
    const created = await this.ceremonies.readCreation(response, this.challengesOf(question));
    if (!created) return undefined;
    const { name, ...passkey } = created;
    const kept: KeptPasskey = { ...passkey, userHandle: (JSON.parse(value) as PasskeyDraft).userHandle };
    return {
      draft: { label: label === '' ? (name ?? 'Passkey') : label, value: JSON.stringify(kept) },
      uv: created.uv,
      synced: created.backupEligible,
    };
  }

  async match(
    row: TwoFactorAuthenticator,
    { question, lastUsed }: Comparison,
    response: unknown,
  ): Promise<Proof | undefined> {
    if (!question || !this.accepts(response) || row.id !== this.rowOf(response)) return undefined;
    const kept = this.keptOf(row);
    // An authenticator that names a user at all names the one whom it made the passkey for.
    const { userHandle } = response.response as { userHandle?: unknown };
    if (userHandle !== undefined && userHandle !== null && userHandle !== kept.userHandle) return undefined;
    const { ceremonies } = this;
    const challenges = this.challengesOf(question);
    const found = await ceremonies.readAssertion(response, { challenges, credential: kept });
    // Whether it may be synced is a fact of the credential: one that changes it is another one.
    if (found?.backupEligible !== kept.backupEligible) return undefined;
    const before: PasskeyState = stateOf(lastUsed, row.id) ?? kept;
    const wentBack = (found.counter > 0 || before.counter > 0) && found.counter <= before.counter;
    if (wentBack && ceremonies.counter === 'refuse') return undefined;
    return {
      // One that did not verify its user when it was made is not trusted with that by a later login (§6.1.3).
      uv: found.uv && kept.uv,
      synced: kept.backupEligible,
      use: { counter: found.counter, backedUp: found.backedUp },
      ...(wentBack && { wentBack }),
    };
  }

  /** A signature is not guessed; what is wrong is charged like any other wrong code. */
  chances(_row: object, _comparison: Comparison, response: unknown): number {
    return this.accepts(response) ? 1 : 0;
  }
}

/** A browser's answer, as far as it is looked at before it is verified. */
export interface PasskeyResponse {
  readonly id: string;
  readonly response: object;
}
