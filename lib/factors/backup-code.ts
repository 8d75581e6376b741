import { parseBackupCode, stretchBackupCode } from '../core/backup-code.js';
import type { Keyring } from '../core/keyring.js';

/** A set of backup codes, as the account points to it. */
interface BackupSet {
  readonly backupSetId: string;
  /** `<key id>.<salt>` */
  readonly backupSalt: string;
}

/**
 * Backup codes (NIST SP 800-63B-4 §3.1.2, look-up secrets). They are no factor that is enrolled: they stand in for
 * one. A code is found by its tag, a keyed digest of its scrypt; what is found is spent by one UPDATE.
 */
export class BackupCodeFactor {
  readonly method = 'backup_code';

  constructor(private readonly keyring: Keyring) {}

  /** The code that a text may be. */
  read(response: unknown): string | undefined {
    return typeof response === 'string' ? parseBackupCode(response) : undefined;
  }

  /**
   * What finds a code of the set.
   * @throws SealedDataError where the set's key is gone: a right code that cannot be recognized is not charged as a
   *   wrong one
   */
  tagger(userId: string, { backupSetId, backupSalt }: BackupSet): (code: string) => Promise<string> {
    const [keyId = '', salt = ''] = backupSalt.split('.');
    const tag = (stretched: string): string => this.keyring.mac('backup-code', [userId, backupSetId, stretched], keyId);
    tag('');
    return async (code) => tag((await stretchBackupCode(code, Buffer.from(salt, 'base64url'))).toString('hex'));
  }

  /** What the account keeps of a new set. */
  saltOf(salt: Buffer): string {
    return `${this.keyring.current}.${salt.toString('base64url')}`;
  }
}
