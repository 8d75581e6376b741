import type { DataSource } from 'typeorm';
import { affected, columnsOf, insert, retrying, type Row, type RowReader } from './database.js';
import { entityNames } from './entities.js';
import type { TwoFactorAccount } from './rows.js';

/** A change of factors is committed by this many tries at the most; each lost one means that another change won. */
const changeTries = 20;

export class AccountStore {
  private readonly select: [string, string][];
  private readonly read: RowReader<TwoFactorAccount>;

  constructor(private readonly db: DataSource) {
    ({ select: this.select, read: this.read } = columnsOf<TwoFactorAccount>(db, entityNames.account, 'account'));
  }

  async find(userKey: string): Promise<TwoFactorAccount | undefined> {
    const query = this.db.createQueryBuilder().select([]).from(entityNames.account, 'account');
    for (const [column, alias] of this.select) query.addSelect(column, alias);
    const row = await retrying(() => query.where('account.user_key = :userKey', { userKey }).getRawOne<Row>());
    return row && this.read(row);
  }

  /** Makes the account where there is none; two first enrolments at once make one. */
  async ensure(userKey: string, userId: string): Promise<void> {
    await insert<TwoFactorAccount>(this.db, entityNames.account, {
      userKey, userId, version: 0, failures: 0, windowFailures: 0, windowStart: 0, nextAttemptAt: 0, lastStep: 0,
      challengeEpoch: 0, securityEpoch: 0, backupSetId: '', backupSalt: '', lastUsed: '{}', preferred: 0, enrollBy: 0,
    });
  }

  /** Writes `next` unless anything was committed since `read`: of two verdicts on one state, one is committed. */
  async commit(read: TwoFactorAccount, next: Partial<TwoFactorAccount>): Promise<boolean> {
    const count = await affected(() =>
      this.db.createQueryBuilder().update<TwoFactorAccount>(entityNames.account)
        .set({ ...next, version: read.version + 1 })
        .where('user_key = :userKey AND version = :version', { userKey: read.userKey, version: read.version }),
    );
    return count === 1;
  }

  /**
   * A change of factors: raises both epochs, so that live challenges and the marks of other sessions end.
   * @param extra further columns, given the account as it is; undefined refuses the change
   * @returns the account as it is after the change, or undefined where it was refused
   */
  async change(
    userKey: string,
    extra: (account: TwoFactorAccount) => Partial<TwoFactorAccount> | undefined = () => ({}),
  ): Promise<TwoFactorAccount | undefined> {
    for (let attempt = 0; attempt < changeTries; attempt += 1) {
      const account = await this.find(userKey);
      if (!account) throw new Error('The account of a user with a second factor is missing.');
      const columns = extra(account);
      if (columns === undefined) return undefined;
      const next = { ...columns, challengeEpoch: account.challengeEpoch + 1, securityEpoch: account.securityEpoch + 1 };
      if (await this.commit(account, next)) return { ...account, ...next, version: account.version + 1 };
    }
    throw new Error('The account changes too often to be changed now.');
  }

  /** A backup code was right: takes back the failure it was charged. False where the set was replaced meanwhile. */
  async settleBackupCode(userKey: string, setId: string): Promise<boolean> {
    const count = await affected(() =>
      this.db.createQueryBuilder().update<TwoFactorAccount>(entityNames.account)
        .set({
          failures: 0,
          nextAttemptAt: 0,
          windowFailures: () => 'CASE WHEN window_failures > 0 THEN window_failures - 1 ELSE 0 END',
          version: () => 'version + 1',
        })
        .where('user_key = :userKey AND backup_set_id = :setId', { userKey, setId }),
    );
    return count === 1;
  }

  /** The last factor is gone: its backup codes go too, unless another factor was enrolled meanwhile. */
  async dropBackupSet(userKey: string, setId: string): Promise<boolean> {
    const authenticators = this.db.getMetadata(entityNames.authenticator);
    const table = authenticators.tablePath.split('.').map((part) => this.db.driver.escape(part)).join('.');
    const count = await affected(() =>
      this.db.createQueryBuilder().update<TwoFactorAccount>(entityNames.account)
        .set({ backupSetId: '', backupSalt: '', version: () => 'version + 1' })
        .where(
          `user_key = :userKey AND backup_set_id = :setId AND NOT EXISTS (SELECT 1 FROM ${table} WHERE user_key = :userKey)`,
          { userKey, setId },
        ),
    );
    return count === 1;
  }

  async prefer(userKey: string, mechanism: TwoFactorAccount['preferred']): Promise<void> {
    await affected(() =>
      this.db.createQueryBuilder().update<TwoFactorAccount>(entityNames.account)
        .set({ preferred: mechanism })
        .where('user_key = :userKey', { userKey }),
    );
  }

  /** Keeps the first deadline that the user was given: a later one changes nothing. */
  async keepDeadline(userKey: string, enrollBy: number): Promise<void> {
    await affected(() =>
      this.db.createQueryBuilder().update<TwoFactorAccount>(entityNames.account)
        .set({ enrollBy })
        .where('user_key = :userKey AND enroll_by = 0', { userKey }),
    );
  }

  async unlock(userKey: string): Promise<boolean> {
    const count = await affected(() =>
      this.db.createQueryBuilder().update<TwoFactorAccount>(entityNames.account)
        .set({ failures: 0, windowFailures: 0, windowStart: 0, nextAttemptAt: 0, version: () => 'version + 1' })
        .where('user_key = :userKey', { userKey }),
    );
    return count === 1;
  }
}
