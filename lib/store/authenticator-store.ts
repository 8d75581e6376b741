import type { DataSource } from 'typeorm';
import { entityNames } from './entities.js';
import type { TwoFactorAuthenticator } from './rows.js';
import { deleteOf, insertOf, setting, updateOf, Updates, type Statement } from './statement.js';

const entity = entityNames.authenticator;

export class AuthenticatorStore {
  private readonly insert: Statement;
  private readonly deleteOne: Statement;
  private readonly updates: Updates;

  constructor(db: DataSource) {
    this.insert = insertOf(db, entity);
    this.deleteOne = deleteOf(db, entity, ['id', 'userKey'], 'id = :id AND user_key = :userKey');
    this.updates = new Updates((columns) => updateOf(db, entity, columns, ['id', 'userKey'], 'id = :id AND user_key = :userKey'));
  }

  /** False where the user has one of the same mechanism and handle already. */
  add(authenticator: TwoFactorAuthenticator): Promise<boolean> {
    return this.insert.inserts({ ...authenticator });
  }

  /** False where this user has no such authenticator, whoever else has. */
  remove(userKey: string, id: string): Promise<boolean> {
    return this.deleteOne.affectsOne({ id, userKey });
  }

  /** @throws the driver's unique violation where another authenticator has that handle; the caller has looked first */
  update(userKey: string, id: string, columns: Partial<TwoFactorAuthenticator>): Promise<boolean> {
    return this.updates.setting(columns).affectsOne({ ...setting(columns), id, userKey });
  }
}
