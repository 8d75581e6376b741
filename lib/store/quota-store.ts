import type { DataSource } from 'typeorm';
import { affected, columnsOf, insert, retrying, type Row, type RowReader } from './database.js';
import { entityNames } from './entities.js';
import type { TwoFactorQuota } from './rows.js';

export type QuotaCounts = Omit<TwoFactorQuota, 'id' | 'version'>;

export class QuotaStore {
  private readonly select: [string, string][];
  private readonly read: RowReader<TwoFactorQuota>;

  constructor(private readonly db: DataSource) {
    ({ select: this.select, read: this.read } = columnsOf<TwoFactorQuota>(db, entityNames.quota, 'quota'));
  }

  async find(id: string): Promise<TwoFactorQuota | undefined> {
    const query = this.db.createQueryBuilder().select([]).from(entityNames.quota, 'quota');
    for (const [column, alias] of this.select) query.addSelect(column, alias);
    const row = await retrying(() => query.where('quota.id = :id', { id }).getRawOne<Row>());
    return row && this.read(row);
  }

  /** Writes the counts unless another message was counted since `read`; false asks the caller to read again. */
  async commit(id: string, read: TwoFactorQuota | undefined, counts: QuotaCounts): Promise<boolean> {
    if (!read) return insert<TwoFactorQuota>(this.db, entityNames.quota, { id, version: 0, ...counts });
    const count = await affected(() =>
      this.db.createQueryBuilder().update<TwoFactorQuota>(entityNames.quota)
        .set({ ...counts, version: read.version + 1 })
        .where('id = :id AND version = :version', { id, version: read.version }),
    );
    return count === 1;
  }
}
