import { methodNames, TwoFactorMechanism, type MethodName } from '../core/mechanism.js';
import { isDigits } from '../core/one-time-code.js';
import { defaultTotpParameters, matchTotp } from '../core/totp.js';
import { InvalidInputError, SealedDataError, TwoFactorNotSetupError } from '../errors.js';
import type { TwoFactorAuthenticator } from '../store/rows.js';
import type { Context } from './context.js';
import { readLiveCodes, type Delivery } from './delivery.js';
import type { Match, Subject } from './subject.js';
import { readIfReadable } from './unreadable.js';

/** Compares codes with what one SELECT has read. It writes nothing and commits to nothing. */
export class Matching {
  constructor(
    private readonly context: Context,
    private readonly delivery: Delivery,
  ) {}

  /** One verdict over every method asked for. Only what the user has and what the code could be is tried. */
  decide(subject: Subject, methods: readonly MethodName[], code: string): Match | undefined {
    const { authenticators } = subject.snapshot;
    const asked = authenticators.filter(({ mechanism }) => methods.includes(methodNames[mechanism]));
    if (asked.length === 0 && !(methods.includes('backup_code') && subject.account.backupSetId !== ''))
      throw new TwoFactorNotSetupError();
    const shaped = asked.filter(({ mechanism }) =>
      isDigits(
        code,
        mechanism === TwoFactorMechanism.TOTP ? defaultTotpParameters.digits : this.context.settings.codeLength,
      ),
    );
    if (shaped.length === 0) throw new InvalidInputError('code', 'a code of a known shape');

    let unreadable: SealedDataError | undefined;
    let compared = false;
    for (const authenticator of shaped) {
      const match = readIfReadable(this.context, authenticator, () => this.match(subject, authenticator, code));
      if (match instanceof SealedDataError) unreadable = match;
      else if (match) return match;
      else compared = true;
    }
    // Nothing could be compared: that is no wrong code, and it is not charged.
    if (unreadable && !compared) throw unreadable;
    return undefined;
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
    // The row's own digits, period and algorithm are not read: they are not sealed, and one digit would be guessed at once.
    return matchTotp(secret, code, defaultTotpParameters, {
      now: settings.clock(),
      window: settings.totpWindow,
      after,
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
