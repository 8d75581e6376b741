import type { DataSource } from 'typeorm';
import { entityNames } from './entities.js';
import { RowReader } from './row-reader.js';
import { newQuota, type TwoFactorQuota } from './rows.js';
import { insertOf, setting, Statement, updateOf } from './statement.js';

export type QuotaCounts = Omit<TwoFactorQuota, 'id' | 'version' | 'userKey'>;

const entity = entityNames.quota;

export class QuotaStore {
  private readonly reader: RowReader<TwoFactorQuota>;
  private readonly select: Statement;
  private readonly insert: Statement;
  private readonly update: Statement;

  constructor(db: DataSource) {
    this.reader = new RowReader(db, entity, 'quota');
    this.select = new Statement(db, ['id'], (values) => {
      const query = db.createQueryBuilder().select([]).from(entity, 'quota').where('quota.id = :id', values);
      for (const [column, alias] of this.reader.select) query.addSelect(column, alias);
      return query;
    });
    this.insert = insertOf(db, entity);
    const columns = ['version', 'hourStart', 'hourCount', 'dayStart', 'dayCount', 'userKey'];
    this.update = updateOf(db, entity, columns, ['id', 'version'], 'id = :id AND version = :version');
  }

  async find(id: string): Promise<TwoFactorQuota | undefined> {
    const [row] = await this.select.rows({ id });
    return row && this.reader.read(row);
  }

  /** Writes the counts unless another use was counted since `read`; false asks the caller to read again. */
  commit(
    { id, userKey }: Pick<TwoFactorQuota, 'id' | 'userKey'>, read: TwoFactorQuota | undefined,
    { hourStart, hourCount, dayStart, dayCount }: QuotaCounts,
  ): Promise<boolean> {
    const counts = { hourStart, hourCount, dayStart, dayCount, userKey };
    if (!read) return this.insert.inserts({ ...newQuota({ id, ...counts }) });
    return this.update.affectsOne({ ...setting({ ...counts, version: read.version + 1 }), id, version: read.version });
  }
}
