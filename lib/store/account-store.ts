import type { DataSource } from 'typeorm';
import { entityNames } from './entities.js';
import { RowReader } from './row-reader.js';
import { newAccount, type TwoFactorAccount } from './rows.js';
import { deleteOf, insertOf, setting, Statement, updateOf, Updates } from './statement.js';

/**
 * A right backup code is settled by this many tries at the most; each lost one means that another statement came
 * first.
 */
const settleTries = 20;

const entity = entityNames.account;

const unlocked = { failures: 0, nextAttemptAt: 0, windowFailures: 0, windowStart: 0, failureDays: '' };

export class AccountStore {
  private readonly reader: RowReader<TwoFactorAccount>;
  private readonly select: Statement;
  private readonly insert: Statement;
  private readonly verdicts: Updates;
  private readonly raiseChallengeEpoch: Statement;
  private readonly setPreferred: Statement;
  private readonly setDeadline: Statement;
  private readonly unlockOne: Statement;
  private readonly deleteOne: Statement;
  /** The highest security epoch of the accounts that this process has erased. */
  private erased = 0;

  constructor(db: DataSource) {
    this.reader = new RowReader(db, entity, 'account');
    this.select = new Statement(db, ['userKey'], (values) => {
      const query = db
        .createQueryBuilder()
        .select([])
        .from(entity, 'account')
        .where('account.user_key = :userKey', values);
      for (const [column, alias] of this.reader.select) query.addSelect(column, alias);
      return query;
    });
    this.insert = insertOf(db, entity);
    this.verdicts = new Updates((columns) =>
      updateOf(db, entity, { set: columns, where: 'user_key = :userKey AND version = :readVersion' }),
    );
    const touched = { version: 'version + 1' };
    this.raiseChallengeEpoch = updateOf(db, entity, {
      expressions: { ...touched, challengeEpoch: 'challenge_epoch + 1' },
      where: 'user_key = :userKey',
    });
    const ofEpoch = 'user_key = :userKey AND security_epoch = :securityEpoch';
    this.setPreferred = updateOf(db, entity, { set: ['preferred'], where: ofEpoch });
    this.setDeadline = updateOf(db, entity, { set: ['enrollBy'], where: 'user_key = :userKey AND enroll_by = 0' });
    this.unlockOne = updateOf(db, entity, {
      set: Object.keys(unlocked),
      expressions: touched,
      where: 'user_key = :userKey',
    });
    this.deleteOne = deleteOf(db, entity, 'user_key = :userKey');
  }

  async find(userKey: string): Promise<TwoFactorAccount | undefined> {
    const [row] = await this.select.rows({ userKey });
    return row && this.reader.read(row);
  }

  /** Makes the account where there is none; two first enrollments at once make one. */
  async ensure(userKey: string, userId: string): Promise<void> {
    await this.insert.inserts({ ...newAccount(userKey, userId, 0) });
  }

  /** Writes `next` unless anything was committed since `read`: of two verdicts on one state, one is committed. */
  commit(read: TwoFactorAccount, next: Partial<TwoFactorAccount>): Promise<boolean> {
    const columns = { ...next, version: read.version + 1 };
    return this.verdicts
      .forColumns(columns)
      .affectsOne({ ...setting(columns), userKey: read.userKey, readVersion: read.version });
  }

  /**
   * The epoch that a change of factors begins. It is a time, so that a user who was erased and whose id was given again
   * meets no mark of old; `erased` holds for a clock that stands still or was set back.
   */
  epochAfter(reached: number, now: number): number {
    return Math.max(reached + 1, this.erased + 1, now);
  }

  /**
   * A backup code was right: takes back the failure it was charged. Undefined where the set was replaced meanwhile.
   * @param charged the account as it was left by the charge
   * @param settled the columns without the charge, given the account as it is
   */
  async settleBackupCode(
    charged: TwoFactorAccount,
    settled: (account: TwoFactorAccount) => Partial<TwoFactorAccount>,
  ): Promise<TwoFactorAccount | undefined> {
    let account: TwoFactorAccount | undefined = charged;
    for (let attempt = 0; attempt < settleTries; attempt += 1) {
      if (account?.backupSetId !== charged.backupSetId) return undefined;
      const next = settled(account);
      // Whatever replaces the set raises the version: this is the set that the code was of.
      if (await this.commit(account, next)) return { ...account, ...next, version: account.version + 1 };
      account = await this.find(charged.userKey);
    }
    throw new Error('The account changes too often for the backup code to be settled now.');
  }

  /** A code that was charged before it was known turned out wrong, and was the last of the attempts. */
  async endChallenges(userKey: string): Promise<void> {
    await this.raiseChallengeEpoch.affected({ userKey });
  }

  /** False where the factors have changed since `read`. */
  prefer({ userKey, securityEpoch }: TwoFactorAccount, preferred: TwoFactorAccount['preferred']): Promise<boolean> {
    return this.setPreferred.affectsOne({ ...setting({ preferred }), userKey, securityEpoch });
  }

  /** Keeps the first deadline that the user was given: a later one changes nothing. */
  async keepDeadline(userKey: string, enrollBy: number): Promise<void> {
    await this.setDeadline.affected({ ...setting({ enrollBy }), userKey });
  }

  unlock(userKey: string): Promise<boolean> {
    return this.unlockOne.affectsOne({ ...setting(unlocked), userKey });
  }
  /** Erases the account, and with it every count and epoch of the user. How many rows that were. */
  async remove(userKey: string): Promise<number> {
    const account = await this.find(userKey);
    this.erased = Math.max(this.erased, account?.securityEpoch ?? 0);
    return this.deleteOne.affected({ userKey });
  }
}
