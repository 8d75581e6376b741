import { everyMethod, methodOf, type MethodName } from '../core/methods.js';
import { InvalidInputError, SealedDataError, TwoFactorNotSetupError } from '../errors.js';
import type { Comparison } from '../factors/factor.js';
import type { TwoFactorAuthenticator } from '../store/rows.js';
import type { Context } from './context.js';
import type { Match, Subject } from './subject.js';
import { readIfReadable } from './unreadable.js';

/** What is compared with what the user has. */
export interface Asked {
  readonly methods: readonly MethodName[];
  readonly response: unknown;
}

/** Compares responses with what one SELECT has read. It writes nothing and commits to nothing. */
export class Matching {
  constructor(private readonly context: Context) {}

  /** One verdict over every method asked for. Only what the user has and what the response could be is tried. */
  async decide(subject: Subject, { methods, response }: Asked): Promise<Match | undefined> {
    const asked = this.askedOf(subject, methods);
    const hasBackupCodes = methods.includes('backup_code') && subject.account.backupSetId !== '';
    if (asked.length === 0 && !hasBackupCodes) throw new TwoFactorNotSetupError();
    const shaped = asked.filter((row) => this.context.factors.of(row).accepts(response));
    if (shaped.length === 0) throw new InvalidInputError('code', 'a code of a known shape');

    let unreadable: SealedDataError | undefined;
    let compared = false;
    for (const row of shaped) {
      const factor = this.context.factors.of(row);
      const proof = await readIfReadable(this.context, row, () => factor.match(row, comparisonOf(subject), response));
      if (proof instanceof SealedDataError) unreadable = proof;
      else if (proof) return { method: factor.method, authenticator: row, ...proof };
      else compared = true;
    }
    // Nothing could be compared: that is no wrong code, and it is not charged.
    if (unreadable && !compared) throw unreadable;
    return undefined;
  }

  /**
   * With how many right responses a wrong one was compared, over every method asked for. Else each further factor of a
   * user would give whoever guesses another chance for the same price.
   */
  chances(subject: Subject, { methods, response }: Asked): number {
    return this.askedOf(subject, methods)
      .map((row) => this.context.factors.of(row).chances(row, comparisonOf(subject), response))
      .reduce((total, count) => total + count, 0);
  }

  private askedOf({ snapshot }: Subject, methods: readonly MethodName[]): TwoFactorAuthenticator[] {
    return snapshot.authenticators.filter(({ mechanism }) => methods.includes(methodOf(mechanism)));
  }
}

const comparisonOf = ({ account, challenge }: Subject): Comparison => ({
  question: challenge,
  spentStep: account.lastStep,
  lastUsed: account.lastUsed,
});

/** The methods that a request may name. */
export const readMethods = (method: unknown): readonly MethodName[] => {
  // A passkey answers by an object, which names itself.
  if (method === undefined || method === '') return everyMethod.filter((name) => name !== 'passkey');
  const known = everyMethod.find((name) => name === method);
  if (known === undefined) throw new InvalidInputError('method', listOf(everyMethod));
  return [known];
};

/** `"totp", "email", "sms" or "backup_code"` */
const listOf = (names: readonly string[]): string =>
  names
    .map((name) => `"${name}"`)
    .join(', ')
    .replace(/, ([^,]*)$/, ' or $1');
