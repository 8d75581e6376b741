import type { DataSource } from 'typeorm';
import { entityNames } from './entities.js';
import { RowReader } from './row-reader.js';
import { newQuota, type TwoFactorQuota } from './rows.js';
import { deleteOf, insertOf, setting, Statement, updateOf } from './statement.js';

export type QuotaCounts = Omit<TwoFactorQuota, 'id' | 'version' | 'userKey' | 'lastSent'> & {
  readonly lastSent?: string;
};

const entity = entityNames.quota;
/** Rows that one clean-up looks at. */
const stretch = 500;

export class QuotaStore {
  private readonly reader: RowReader<TwoFactorQuota>;
  private readonly select: Statement;
  private readonly insert: Statement;
  private readonly update: Statement;
  private readonly deleteOne: Statement;
  private readonly deleteOfUser: Statement;
  private readonly endOfStretch: Statement;
  private readonly deleteStale: Statement;

  constructor(db: DataSource) {
    this.reader = new RowReader(db, entity, 'quota');
    this.select = new Statement(db, ['id'], (values) => {
      const query = db.createQueryBuilder().select([]).from(entity, 'quota').where('quota.id = :id', values);
      for (const [column, alias] of this.reader.select) query.addSelect(column, alias);
      return query;
    });
    this.insert = insertOf(db, entity);
    const columns = ['version', 'hourStart', 'hourCount', 'dayStart', 'dayCount', 'userKey', 'lastSent'];
    this.update = updateOf(db, entity, { set: columns, where: 'id = :id AND version = :version' });
    this.deleteOne = deleteOf(db, entity, 'id = :id');
    this.deleteOfUser = deleteOf(db, entity, 'user_key = :userKey');
    this.endOfStretch = new Statement(db, ['from'], (values) =>
      db
        .createQueryBuilder()
        .select('quota.id', 'last')
        .from(entity, 'quota')
        .where('quota.id >= :from', values)
        .orderBy('quota.id')
        .offset(stretch)
        .limit(1),
    );
    this.deleteStale = deleteOf(db, entity, 'id >= :from AND id < :last AND day_start < :before');
  }

  async find(id: string): Promise<TwoFactorQuota | undefined> {
    const [row] = await this.select.rows({ id });
    return row && this.reader.read(row);
  }

  /** Writes the counts unless another use was counted since `read`; false asks the caller to read again. */
  commit(
    { id, userKey }: Pick<TwoFactorQuota, 'id' | 'userKey'>,
    read: TwoFactorQuota | undefined,
    { hourStart, hourCount, dayStart, dayCount, lastSent = read?.lastSent ?? '' }: QuotaCounts,
  ): Promise<boolean> {
    const counts = { hourStart, hourCount, dayStart, dayCount, userKey, lastSent };
    if (!read) return this.insert.inserts({ ...newQuota({ id, ...counts }) });
    return this.update.affectsOne({ ...setting({ ...counts, version: read.version + 1 }), id, version: read.version });
  }

  async removeOfUser(userKey: string): Promise<void> {
    await this.deleteOfUser.affected({ userKey });
  }

  async remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) await this.deleteOne.affected({ id });
  }

  /**
   * Removes rows whose day began before `before`, of the 500 that follow a place in the key; of a small table all.
   * Called with a random place for each new row, it keeps the table in bounds without ever reading through all of it.
   * @param from 64 hex digits
   */
  async removeStale(from: string, before: number): Promise<void> {
    for (const place of [from, '']) {
      const [row] = await this.endOfStretch.rows({ from: place });
      await this.deleteStale.affected({ from: place, last: typeof row?.last === 'string' ? row.last : 'g', before });
      if (row) return;
    }
  }
}
