import type { DataSource } from 'typeorm';
import { affected, insert } from './database.js';
import { entityNames } from './entities.js';
import type { TwoFactorBackupCode } from './rows.js';

export class BackupCodeStore {
  constructor(private readonly db: DataSource) {}

  /** Writes a whole set. It is not valid before the account points to it. */
  async add(userKey: string, setId: string, tags: readonly string[]): Promise<void> {
    const rows = tags.map((tag): TwoFactorBackupCode => ({ setId, tag, userKey, usedAt: 0 }));
    if (!(await insert(this.db, entityNames.backupCode, rows))) throw new Error('Two sets of backup codes have the same id.');
  }

  /** Of parallel requests with one code, one uses it: the others no longer find it unused. */
  async use(setId: string, tag: string, now: number): Promise<boolean> {
    const count = await affected(() =>
      this.db.createQueryBuilder().update<TwoFactorBackupCode>(entityNames.backupCode)
        .set({ usedAt: now })
        .where('set_id = :setId AND tag = :tag AND used_at = 0', { setId, tag }),
    );
    return count === 1;
  }

  async removeSet(setId: string): Promise<void> {
    await affected(() =>
      this.db.createQueryBuilder().delete().from(entityNames.backupCode).where('set_id = :setId', { setId }),
    );
  }
}
