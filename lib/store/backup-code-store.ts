import type { DataSource, ObjectLiteral } from 'typeorm';
import { entityNames } from './entities.js';
import { deleteOf, Statement, updateOf } from './statement.js';

const entity = entityNames.backupCode;

export class BackupCodeStore {
  private readonly markUsed: Statement;
  private readonly deleteSet: Statement;

  constructor(private readonly db: DataSource) {
    this.markUsed = updateOf(db, entity, ['usedAt'], ['setId', 'tag'], 'set_id = :setId AND tag = :tag AND used_at = 0');
    this.deleteSet = deleteOf(db, entity, ['setId'], 'set_id = :setId');
  }

  /** Writes a whole set by one statement. It is not valid before the account points to it. */
  async add(userKey: string, setId: string, tags: readonly string[]): Promise<void> {
    const names = tags.map((_tag, index) => `tag${String(index)}`);
    const insert = new Statement(this.db, ['setId', 'userKey', 'usedAt', ...names], (values) =>
      this.db.createQueryBuilder().insert().into<ObjectLiteral>(entity)
        .values(names.map((name) => ({ setId: values.setId, tag: values[name], userKey: values.userKey, usedAt: values.usedAt })))
        .updateEntity(false));
    const given = Object.fromEntries(tags.map((tag, index) => [`tag${String(index)}`, tag]));
    if (!(await insert.inserts({ ...given, setId, userKey, usedAt: 0 }))) throw new Error('Two sets of backup codes have the same id.');
  }

  /** Of parallel requests with one code, one uses it: the others no longer find it unused. */
  use(setId: string, tag: string, now: number): Promise<boolean> {
    return this.markUsed.affectsOne({ set_usedAt: now, setId, tag });
  }

  async removeSet(setId: string): Promise<void> {
    await this.deleteSet.affected({ setId });
  }
}
