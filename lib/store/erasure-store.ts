import type { DataSource } from 'typeorm';
import type { AccountStore } from './account-store.js';
import type { BackupCodeStore } from './backup-code-store.js';
import { entityNames } from './entities.js';
import { deleteOf, type Statement } from './statement.js';

/**
 * A request that was under way may write a row of the user once more; it finds no account then and writes no third
 * one.
 */
const passes = 5;

/** Erases a user from every table. */
export class ErasureStore {
  private readonly deletions: readonly Statement[];

  constructor(
    db: DataSource,
    private readonly accounts: AccountStore,
    private readonly backupCodes: BackupCodeStore,
  ) {
    // The authenticators last: while one is there without its account, every look at the user is an error and nobody
    // logs in.
    this.deletions = [entityNames.challenge, entityNames.quota, entityNames.authenticator].map((entity) =>
      deleteOf(db, entity, 'user_key = :userKey'),
    );
  }

  /** Whether there was anything of the user. */
  async erase(userKey: string): Promise<boolean> {
    let found = false;
    for (let pass = 0; pass < passes; pass += 1) {
      const removed = await this.erasePass(userKey);
      if (removed === 0) return found;
      found = true;
    }
    throw new Error('The user is in use: rows are written as fast as they are erased.');
  }

  private async erasePass(userKey: string): Promise<number> {
    let removed = await this.accounts.remove(userKey);
    removed += await this.backupCodes.removeAll(userKey);
    for (const deletion of this.deletions) removed += await deletion.affected({ userKey });
    return removed;
  }
}
