import { randomBytes } from 'node:crypto';
import { generateBackupCodes, generateSalt, stretchBackupCode } from '../core/backup-code.js';
import { StepUpRequiredError, TwoFactorNotSetupError } from '../errors.js';
import type { TwoFactorAccount } from '../store/rows.js';
import { isOutdated, readState, type Change, type Context, type Identity } from './context.js';
import type { PreparedSnapshot } from './enrollment-draft.js';

/** A written set that no account points to yet. */
interface NewSet {
  readonly codes: string[];
  readonly backupSetId: string;
  readonly backupSalt: string;
}

const noSet = { backupSetId: '', backupSalt: '' };

/** What a removal of the last factor has left behind when it was cut short: its codes must not come back with the next one. */
const staleSet = ({ authenticators, account }: PreparedSnapshot): string => (authenticators.length === 0 ? account.backupSetId : '');

/** Whether the account may be pointed to another set. Of two first factors that are added at once, one gives the codes. */
const isFree = ({ backupSetId }: TwoFactorAccount, before: PreparedSnapshot): boolean =>
  backupSetId === '' || backupSetId === staleSet(before);

export class BackupCodes {
  constructor(private readonly context: Context) {}

  /** Writes a set for a user who has none, before the factor that it comes with is there. */
  async prepare(identity: Identity, before: PreparedSnapshot): Promise<NewSet | undefined> {
    return isFree(before.account, before) ? this.write(identity) : undefined;
  }

  async discard({ backupSetId }: NewSet): Promise<void> {
    await this.context.backupCodes.removeSet(backupSetId);
  }

  /**
   * Commits that a factor was added, with the set that was prepared for it.
   * @param before the user's state before the factor was there
   * @returns the codes, `[]` where none were made or another factor has given them
   */
  async factorAdded(identity: Identity, before: PreparedSnapshot, set: NewSet | undefined): Promise<Change<string[]>> {
    const { backupSetId, backupSalt } = set ?? noSet;
    const account = await this.context.accounts.change(
      identity.key, (current) => (isFree(current, before) ? { backupSetId, backupSalt } : {}), before.securityEpoch,
    );
    if (!account) throw new Error('The change of factors was refused.');
    const stale = staleSet(before);
    if (stale !== '') await this.context.backupCodes.removeSet(stale);
    const lost = set !== undefined && account.backupSetId !== set.backupSetId;
    if (lost) await this.discard(set);
    return { result: lost ? [] : (set?.codes ?? []), epochs: { from: account.securityEpoch - 1, to: account.securityEpoch } };
  }

  /**
   * Replaces the whole set. The new codes are written first, then the account is pointed to them in one statement, so
   * there is no moment with both sets valid, nor one with none.
   * @throws TwoFactorNotSetupError for a user without a verified method
   */
  async regenerate(identity: Identity): Promise<Change<string[]>> {
    const { accounts, backupCodes, events, settings } = this.context;
    const before = await readState(this.context, identity);
    if (before.authenticators.length === 0) throw new TwoFactorNotSetupError();
    const set = await this.write(identity);
    const { backupSetId, backupSalt } = set;
    let replaced = '';
    const account = await accounts.change(identity.key, (current) => {
      if (isOutdated(identity, current, before)) return undefined;
      replaced = current.backupSetId;
      return { backupSetId, backupSalt };
    }, before.securityEpoch);
    if (!account) {
      await this.discard(set);
      throw new StepUpRequiredError();
    }
    if (replaced !== '') await backupCodes.removeSet(replaced);
    events.emit('backupCodesRegenerated', { userId: identity.id, at: settings.clock(), remainingBackupCodes: set.codes.length });
    return { result: set.codes, epochs: { from: account.securityEpoch - 1, to: account.securityEpoch } };
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
