import type { DataSource, ObjectLiteral } from 'typeorm';
import { entityNames } from './entities.js';
import { deleteOf, insertOf, Statement, updateOf } from './statement.js';

const entity = entityNames.backupCode;

/** The row that says that a set is being made for a user. No account points to it, so it is no code. */
const claimOf = (userKey: string) => ({ setId: userKey.slice(0, 32), tag: 'claim' });

export class BackupCodeStore {
  private readonly markUsed: Statement;
  private readonly deleteSet: Statement;
  private readonly insert: Statement;
  private readonly takeOver: Statement;
  private readonly selectSets: Statement;

  constructor(private readonly db: DataSource) {
    this.markUsed = updateOf(db, entity, { set: ['usedAt'], where: 'set_id = :setId AND tag = :tag AND used_at = 0' });
    this.deleteSet = deleteOf(db, entity, 'set_id = :setId');
    this.insert = insertOf(db, entity);
    this.takeOver = updateOf(db, entity, {
      set: ['usedAt'],
      where: 'set_id = :setId AND tag = :tag AND used_at <= :now',
    });
    this.selectSets = new Statement(db, ['userKey'], (values) =>
      db
        .createQueryBuilder()
        .select([])
        .distinct(true)
        .addSelect('code.setId', 'set_id')
        .from(entity, 'code')
        .where('code.userKey = :userKey', values),
    );
  }

  /** Writes a whole set by one statement. It is not valid before the account points to it. */
  async add(userKey: string, setId: string, tags: readonly string[]): Promise<void> {
    const names = tags.map((_tag, index) => `tag${String(index)}`);
    const insert = new Statement(this.db, ['setId', 'userKey', 'usedAt', ...names], (values) =>
      this.db
        .createQueryBuilder()
        .insert()
        .into<ObjectLiteral>(entity)
        .values(
          names.map((name) => ({
            setId: values.setId,
            tag: values[name],
            userKey: values.userKey,
            usedAt: values.usedAt,
          })),
        )
        .updateEntity(false),
    );
    const given = Object.fromEntries(tags.map((tag, index) => [`tag${String(index)}`, tag]));
    if (!(await insert.inserts({ ...given, setId, userKey, usedAt: 0 })))
      throw new Error('Two sets of backup codes have the same id.');
  }

  /** Of parallel requests with one code, one uses it: the others no longer find it unused. */
  use(setId: string, tag: string, now: number): Promise<boolean> {
    return this.markUsed.affectsOne({ set_usedAt: now, setId, tag });
  }

  async removeSet(setId: string): Promise<void> {
    await this.deleteSet.affected({ setId });
  }

  /**
   * Of requests in all processes, one makes a set for the user. A claim that a crash has left behind ends at `until`.
   */
  async claim(userKey: string, now: number, until: number): Promise<boolean> {
    const claim = claimOf(userKey);
    if (await this.insert.inserts({ ...claim, userKey, usedAt: until })) return true;
    return this.takeOver.affectsOne({ ...claim, set_usedAt: until, now });
  }

  async release(userKey: string): Promise<void> {
    await this.removeSet(claimOf(userKey).setId);
  }

  /**
   * Every set of the user, with what crashes have left. It is found first, so that the deletion locks no other user's
   * row.
   */
  async removeAll(userKey: string): Promise<number> {
    const sets = await this.selectSets.rows({ userKey });
    let removed = 0;
    for (const { set_id: setId } of sets) removed += await this.deleteSet.affected({ setId: String(setId) });
    return removed;
  }
}
