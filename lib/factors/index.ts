import type { Keyring } from '../core/keyring.js';
import {
  deliveredMethods,
  methodOf,
  type DeliveredMethod,
  type EnrollableMethod,
  type MethodName,
} from '../core/methods.js';
import type { Settings } from '../settings.js';
import { BackupCodeFactor } from './backup-code.js';
import { DeliveredFactor, type ContactKind } from './delivered.js';
import { emailContacts } from './email.js';
import type { Factor } from './factor.js';
import { PasskeyFactor } from './passkey.js';
import { smsContacts } from './sms.js';
import { TotpFactor } from './totp.js';

/** The compiler names the method that is missing here. */
const contacts = { email: emailContacts, sms: smsContacts } satisfies Record<DeliveredMethod, ContactKind>;

/** Every factor that there is. */
export class Factors {
  readonly totp: TotpFactor;
  readonly passkey: PasskeyFactor;
  readonly backupCode: BackupCodeFactor;
  readonly delivered: readonly DeliveredFactor[];
  private readonly byMethod: Readonly<Record<EnrollableMethod, Factor>>;
  private readonly sentByMethod: Readonly<Record<DeliveredMethod, DeliveredFactor>>;

  constructor(keyring: Keyring, settings: Settings) {
    this.totp = new TotpFactor(keyring, settings);
    this.backupCode = new BackupCodeFactor(keyring);
    this.sentByMethod = Object.fromEntries(
      deliveredMethods.map((method) => [method, new DeliveredFactor(contacts[method], keyring, settings)]),
    ) as Record<DeliveredMethod, DeliveredFactor>;
    this.delivered = Object.values(this.sentByMethod);
    this.passkey = new PasskeyFactor(keyring, settings);
    this.byMethod = { totp: this.totp, passkey: this.passkey, ...this.sentByMethod };
  }

  named(method: EnrollableMethod): Factor {
    return this.byMethod[method];
  }

  /** Whether a right response of the method has answered a challenge. */
  answersChallenge(method: MethodName): boolean {
    return method !== 'backup_code' && this.byMethod[method].needsChallenge;
  }

  /** The factor that a row is of. @throws Error for a mechanism that this version does not know */
  of({ mechanism }: { readonly mechanism: number }): Factor {
    return this.byMethod[methodOf(mechanism)];
  }

  sent(method: DeliveredMethod): DeliveredFactor {
    return this.sentByMethod[method];
  }

  /** The same for a row; undefined for one whose codes are not sent. */
  sentOf(row: { readonly mechanism: number }): DeliveredFactor | undefined {
    const factor = this.of(row);
    return factor instanceof DeliveredFactor ? factor : undefined;
  }
}
