import type { DataSource } from 'typeorm';
import { entityNames } from './entities.js';
import { RowReader } from './row-reader.js';
import { newAccount, type TwoFactorAccount } from './rows.js';
import { insertOf, setting, Statement, updateOf, Updates } from './statement.js';

/** A change of factors is committed by this many tries at the most; each lost one means that another change won. */
const changeTries = 20;

const entity = entityNames.account;
const free = { failures: 0, nextAttemptAt: 0, windowFailures: 0, windowStart: 0, failureDays: '' };

export class AccountStore {
  private readonly reader: RowReader<TwoFactorAccount>;
  private readonly select: Statement;
  private readonly insert: Statement;
  private readonly verdicts: Updates;
  private readonly raiseChallengeEpoch: Statement;
  private readonly clearBackupSet: Statement;
  private readonly setPreferred: Statement;
  private readonly setDeadline: Statement;
  private readonly free: Statement;

  constructor(db: DataSource) {
    this.reader = new RowReader(db, entity, 'account');
    this.select = new Statement(db, ['userKey'], (values) => {
      const query = db.createQueryBuilder().select([]).from(entity, 'account').where('account.user_key = :userKey', values);
      for (const [column, alias] of this.reader.select) query.addSelect(column, alias);
      return query;
    });
    this.insert = insertOf(db, entity);
    this.verdicts = new Updates((columns) =>
      updateOf(db, entity, columns, ['userKey', 'readVersion'], 'user_key = :userKey AND version = :readVersion'));
    const touched = { version: 'version + 1' };
    const ofSet = 'user_key = :userKey AND backup_set_id = :setId';
    this.raiseChallengeEpoch = updateOf(db, entity, [], ['userKey'], 'user_key = :userKey', { ...touched, challengeEpoch: 'challenge_epoch + 1' });
    const withoutFactor = (): string => {
      const table = db.getMetadata(entityNames.authenticator).tablePath.split('.').map((part) => db.driver.escape(part)).join('.');
      return `${ofSet} AND NOT EXISTS (SELECT 1 FROM ${table} WHERE user_key = :userKey)`;
    };
    this.clearBackupSet = updateOf(db, entity, ['backupSetId', 'backupSalt'], ['userKey', 'setId'], withoutFactor, touched);
    this.setPreferred = updateOf(db, entity, ['preferred'], ['userKey'], 'user_key = :userKey');
    this.setDeadline = updateOf(db, entity, ['enrollBy'], ['userKey'], 'user_key = :userKey AND enroll_by = 0');
    this.free = updateOf(db, entity, Object.keys(free), ['userKey'], 'user_key = :userKey', touched);
  }

  async find(userKey: string): Promise<TwoFactorAccount | undefined> {
    const [row] = await this.select.rows({ userKey });
    return row && this.reader.read(row);
  }

  /** Makes the account where there is none; two first enrolments at once make one. */
  async ensure(userKey: string, userId: string): Promise<void> {
    await this.insert.inserts({ ...newAccount(userKey, userId, 0) });
  }

  /** Writes `next` unless anything was committed since `read`: of two verdicts on one state, one is committed. */
  commit(read: TwoFactorAccount, next: Partial<TwoFactorAccount>): Promise<boolean> {
    const columns = { ...next, version: read.version + 1 };
    return this.verdicts.setting(columns).affectsOne({ ...setting(columns), userKey: read.userKey, readVersion: read.version });
  }

  /**
   * A change of factors: raises both epochs, so that live challenges and the marks of other sessions end.
   * @param extra further columns, given the account as it is; undefined refuses the change
   * @param reached the security epoch that was reached already, be it by a factor alone
   * @returns the account as it is after the change, or undefined where it was refused
   */
  async change(
    userKey: string,
    extra: (account: TwoFactorAccount) => Partial<TwoFactorAccount> | undefined = () => ({}),
    reached = 0,
  ): Promise<TwoFactorAccount | undefined> {
    for (let attempt = 0; attempt < changeTries; attempt += 1) {
      const account = await this.find(userKey);
      if (!account) throw new Error('The account of a user with a second factor is missing.');
      const columns = extra(account);
      if (columns === undefined) return undefined;
      const next = { ...columns, challengeEpoch: account.challengeEpoch + 1, securityEpoch: Math.max(account.securityEpoch, reached) + 1 };
      if (await this.commit(account, next)) return { ...account, ...next, version: account.version + 1 };
    }
    throw new Error('The account changes too often to be changed now.');
  }

  /**
   * A backup code was right: takes back the failure it was charged. False where the set was replaced meanwhile.
   * @param charged the account as it was left by the charge
   * @param settled the columns without the charge, given the account as it is
   */
  async settleBackupCode(
    charged: TwoFactorAccount, settled: (account: TwoFactorAccount) => Partial<TwoFactorAccount>,
  ): Promise<boolean> {
    let account: TwoFactorAccount | undefined = charged;
    for (let attempt = 0; attempt < changeTries; attempt += 1) {
      if (account?.backupSetId !== charged.backupSetId) return false;
      // Whatever replaces the set raises the version: this is the set that the code was of.
      if (await this.commit(account, settled(account))) return true;
      account = await this.find(charged.userKey);
    }
    throw new Error('The account changes too often for the backup code to be settled now.');
  }

  /** A code that was charged before it was known turned out wrong, and was the last of the attempts. */
  async endChallenges(userKey: string): Promise<void> {
    await this.raiseChallengeEpoch.affected({ userKey });
  }

  /** The last factor is gone: its backup codes go too, unless another factor was enrolled meanwhile. */
  dropBackupSet(userKey: string, setId: string): Promise<boolean> {
    return this.clearBackupSet.affectsOne({ ...setting({ backupSetId: '', backupSalt: '' }), userKey, setId });
  }

  async prefer(userKey: string, preferred: TwoFactorAccount['preferred']): Promise<void> {
    await this.setPreferred.affected({ ...setting({ preferred }), userKey });
  }

  /** Keeps the first deadline that the user was given: a later one changes nothing. */
  async keepDeadline(userKey: string, enrollBy: number): Promise<void> {
    await this.setDeadline.affected({ ...setting({ enrollBy }), userKey });
  }

  unlock(userKey: string): Promise<boolean> {
    return this.free.affectsOne({ ...setting(free), userKey });
  }
}
