import type { DataSource } from 'typeorm';
import { affected, insert } from './database.js';
import { entityNames } from './entities.js';
import type { TwoFactorAuthenticator } from './rows.js';

export class AuthenticatorStore {
  constructor(private readonly db: DataSource) {}

  /** False where the user has one of the same mechanism and handle already. */
  add(authenticator: TwoFactorAuthenticator): Promise<boolean> {
    return insert(this.db, entityNames.authenticator, authenticator);
  }

  /** False where this user has no such authenticator, whoever else has. */
  async remove(userKey: string, id: string): Promise<boolean> {
    const count = await affected(() =>
      this.db.createQueryBuilder().delete().from(entityNames.authenticator)
        .where('id = :id AND user_key = :userKey', { id, userKey }),
    );
    return count === 1;
  }

  async removeMechanism(userKey: string, mechanism: number): Promise<boolean> {
    const count = await affected(() =>
      this.db.createQueryBuilder().delete().from(entityNames.authenticator)
        .where('user_key = :userKey AND mechanism = :mechanism', { userKey, mechanism }),
    );
    return count > 0;
  }

  /** @throws the driver's unique violation where another authenticator has that handle; the caller has looked first */
  async update(userKey: string, id: string, columns: Partial<TwoFactorAuthenticator>): Promise<boolean> {
    const count = await affected(() =>
      this.db.createQueryBuilder().update<TwoFactorAuthenticator>(entityNames.authenticator)
        .set(columns)
        .where('id = :id AND user_key = :userKey', { id, userKey }),
    );
    return count === 1;
  }
}
