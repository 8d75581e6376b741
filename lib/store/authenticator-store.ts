import type { DataSource } from 'typeorm';
import { sha256 } from '../core/keyring.js';
import { isDuplicate } from './database.js';
import { entityNames } from './entities.js';
import type { TwoFactorAccount, TwoFactorAuthenticator } from './rows.js';
import { deleteOf, insertOf, setting, Statement, updateOf, Updates } from './statement.js';

const entity = entityNames.authenticator;

export class AuthenticatorStore {
  private readonly insert: Statement;
  private readonly deleteOne: Statement;
  private readonly updates: Updates;
  private readonly setLabel: Statement;
  private readonly selectOwner: Statement;

  constructor(db: DataSource) {
    this.insert = insertOf(db, entity);
    this.deleteOne = deleteOf(db, entity, 'id = :id AND user_key = :userKey');
    this.updates = new Updates((columns) =>
      updateOf(db, entity, { set: columns, where: 'id = :id AND user_key = :userKey' }),
    );
    const condition = () => {
      const unchanged = db
        .createQueryBuilder()
        .select('1')
        .from(entityNames.account, 'account')
        .where('account.userKey = :userKey AND account.securityEpoch = :securityEpoch')
        .getQuery();
      return `id = :id AND user_key = :userKey AND EXISTS (${unchanged})`;
    };
    this.selectOwner = new Statement(db, ['id'], (values) =>
      db
        .createQueryBuilder()
        .select([])
        .from(entity, 'one')
        .where('one.id = :id', values)
        .addSelect('one.userId', 'user_id')
        .addSelect('one.userKey', 'user_key'),
    );
    this.setLabel = updateOf(db, entity, { set: ['label', 'handle'], where: condition });
  }

  /** False where the user has a row of the same mechanism and handle already, also where that row does not count. */
  add(authenticator: TwoFactorAuthenticator): Promise<boolean> {
    return this.insert.inserts({ ...authenticator });
  }

  /** False where this user has no such authenticator, whoever else has. */
  remove(userKey: string, id: string): Promise<boolean> {
    return this.deleteOne.affectsOne({ id, userKey });
  }

  /**
   * The id of the user who has this row, undefined for nobody.
   * @throws Error where the database has changed the id, so that it names another account than the row is of
   */
  async ownerOf(id: string): Promise<string | undefined> {
    const [row] = await this.selectOwner.rows({ id });
    if (!row) return undefined;
    const { user_id: userId, user_key: userKey } = row as { user_id?: unknown; user_key?: unknown };
    if (typeof userId === 'string' && sha256(userId) === userKey) return userId;
    throw new Error('The database answered the id of a user in another spelling than it was stored in.');
  }

  /** @throws the driver's unique violation where another authenticator has that handle; the caller has looked first */
  update(userKey: string, id: string, columns: Partial<TwoFactorAuthenticator>): Promise<boolean> {
    return this.updates.forColumns(columns).affectsOne({ ...setting(columns), id, userKey });
  }

  /**
   * `changed`: the row is gone or the factors have changed since `account` was read; `taken`: another row has the
   * handle.
   */
  async rename(
    { userKey, securityEpoch }: TwoFactorAccount,
    id: string,
    to: { readonly label: string; readonly handle: string },
  ): Promise<'renamed' | 'changed' | 'taken'> {
    try {
      return (await this.setLabel.affectsOne({ ...setting(to), id, userKey, securityEpoch })) ? 'renamed' : 'changed';
    } catch (error) {
      // Of two that take one label at once, the database lets one.
      if (isDuplicate(error)) return 'taken';
      throw error;
    }
  }
}
