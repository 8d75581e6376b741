import { randomBytes } from 'node:crypto';
import { generateBackupCodes, generateSalt, stretchBackupCode } from '../core/backup-code.js';
import { TwoFactorNotSetupError } from '../errors.js';
import type { TwoFactorAccount } from '../store/rows.js';
import type { Context, Identity } from './context.js';
import type { PreparedSnapshot } from './enrollment-draft.js';

/** A written set that no account points to yet. */
interface NewSet {
  readonly codes: string[];
  readonly backupSetId: string;
  readonly backupSalt: string;
}

export class BackupCodes {
  constructor(private readonly context: Context) {}

  /**
   * Commits that a factor was added and, with `give`, makes a set where the user has none.
   * @param before the user's state before the factor was there
   * @returns the codes, `[]` where none were made, and the account after the change
   */
  async factorAdded(identity: Identity, before: PreparedSnapshot, give: boolean): Promise<{ codes: string[]; account: TwoFactorAccount }> {
    const { accounts, backupCodes } = this.context;
    // A removal that was cut short has left its codes behind: they must not come back with the next factor.
    const stale = before.authenticators.length === 0 ? before.account.backupSetId : '';
    const isFree = ({ backupSetId }: TwoFactorAccount): boolean => backupSetId === '' || backupSetId === stale;
    const set = give && isFree(before.account) ? await this.write(identity) : undefined;
    const { backupSetId, backupSalt } = set ?? { backupSetId: '', backupSalt: '' };
    const account = await accounts.change(identity.key, (current) => (isFree(current) ? { backupSetId, backupSalt } : {}));
    if (!account) throw new Error('The change of factors was refused.');
    // Of two first factors added at once, one gives the codes.
    const lost = set && account.backupSetId !== set.backupSetId ? set.backupSetId : '';
    for (const unused of [lost, stale]) if (unused !== '') await backupCodes.removeSet(unused);
    return { codes: lost === '' ? (set?.codes ?? []) : [], account };
  }

  /**
   * Replaces the whole set. The new codes are written first, then the account is pointed to them in one statement, so
   * there is no moment with both sets valid, nor one with none.
   * @throws TwoFactorNotSetupError for a user without a verified method
   */
  async regenerate(identity: Identity): Promise<{ codes: string[]; account: TwoFactorAccount }> {
    const { snapshots, accounts, backupCodes, events, settings } = this.context;
    const { authenticators } = await snapshots.ofUser(identity.key);
    if (authenticators.length === 0) throw new TwoFactorNotSetupError();
    const set = await this.write(identity);
    let replaced = '';
    const account = await accounts.change(identity.key, ({ backupSetId }) => {
      replaced = backupSetId;
      return { backupSetId: set.backupSetId, backupSalt: set.backupSalt };
    });
    if (!account) throw new Error('The change of factors was refused.');
    if (replaced !== '') await backupCodes.removeSet(replaced);
    events.emit('backupCodesRegenerated', { userId: identity.id, at: settings.clock(), remainingBackupCodes: set.codes.length });
    return { codes: set.codes, account };
  }

  private async write(identity: Identity): Promise<NewSet> {
    const { keyring, settings, backupCodes } = this.context;
    const codes = generateBackupCodes(settings.backupCodesCount);
    const backupSetId = randomBytes(16).toString('hex');
    const salt = generateSalt();
    const tags = await Promise.all(
      codes.map(async (code) => {
        const stretched = await stretchBackupCode(code, salt);
        return keyring.mac('backup-code', [identity.id, backupSetId, stretched.toString('hex')]);
      }),
    );
    await backupCodes.add(identity.key, backupSetId, tags);
    return { codes, backupSetId, backupSalt: `${keyring.current}.${salt.toString('base64url')}` };
  }
}
