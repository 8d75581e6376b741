import { methodNames, TwoFactorMechanism, type MethodName } from '../core/mechanism.js';
import { isDigits } from '../core/one-time-code.js';
import { matchTotp } from '../core/totp.js';
import { InvalidInputError, TwoFactorNotSetupError } from '../errors.js';
import type { TwoFactorAuthenticator } from '../store/rows.js';
import type { Context } from './context.js';
import { readLiveCodes, type Delivery } from './delivery.js';
import type { Match, Subject } from './subject.js';

/** Compares codes with what one SELECT has read. It writes nothing and commits to nothing. */
export class Matching {
  constructor(private readonly context: Context, private readonly delivery: Delivery) {}

  /** One verdict over every method asked for. Only what the user has and what the code could be is tried. */
  decide(subject: Subject, methods: readonly MethodName[], code: string): Match | undefined {
    const { authenticators } = subject.snapshot;
    const asked = authenticators.filter(({ mechanism }) => methods.includes(methodNames[mechanism]));
    if (asked.length === 0 && !(methods.includes('backup_code') && subject.account.backupSetId !== '')) throw new TwoFactorNotSetupError();
    const shaped = asked.filter(({ mechanism, digits }) =>
      isDigits(code, mechanism === TwoFactorMechanism.TOTP ? digits : this.context.settings.codeLength));
    if (shaped.length === 0) throw new InvalidInputError('code', 'a code of a known shape');

    let match: Match | undefined;
    for (const authenticator of shaped) match ??= this.match(subject, authenticator, code);
    return match;
  }

  private match(subject: Subject, authenticator: TwoFactorAuthenticator, code: string): Match | undefined {
    const { mechanism } = authenticator;
    if (mechanism === TwoFactorMechanism.TOTP) {
      const step = this.matchTotp(authenticator, code, Math.max(subject.account.lastStep, authenticator.confirmedStep));
      return step === undefined ? undefined : { method: 'totp', authenticator, step };
    }
    const { challenge, identity } = subject;
    if (!challenge) return undefined;
    const method = methodNames[mechanism];
    const live = readLiveCodes(challenge)[method];
    if (live?.authenticator !== authenticator.id) return undefined;
    const scope = { challengeId: challenge.id, purpose: challenge.purpose, identity, mechanism };
    return this.delivery.matches(scope, live, code) ? { method, authenticator } : undefined;
  }

  private matchTotp(authenticator: TwoFactorAuthenticator, code: string, after: number): number | undefined {
    const { keyring, settings } = this.context;
    const secret = keyring.open('totp-secret', authenticator.userId, authenticator.id, authenticator.sealed);
    return matchTotp(secret, code, authenticator, {
      now: settings.clock(), window: settings.totpWindow, after,
    });
  }

  /** A secret under an older key is sealed with the first one, now that its user has come by. */
  async reseal({ sealed, userId, userKey, id }: TwoFactorAuthenticator): Promise<void> {
    const { keyring, authenticators } = this.context;
    if (keyring.isCurrent(sealed)) return;
    const secret = keyring.open('totp-secret', userId, id, sealed);
    await authenticators.update(userKey, id, { sealed: keyring.seal('totp-secret', userId, id, secret) });
  }
}
