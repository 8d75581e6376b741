import type { DataSource } from 'typeorm';
import { affected, insert } from './database.js';
import { entityNames } from './entities.js';
import type { TwoFactorChallenge } from './rows.js';

export class ChallengeStore {
  constructor(private readonly db: DataSource) {}

  async add(challenge: TwoFactorChallenge): Promise<void> {
    if (!(await insert(this.db, entityNames.challenge, challenge))) throw new Error('Two challenges have the same id.');
  }

  /** Uses the challenge up, and with it every code sent for it: of parallel requests, one deletes the row. */
  async consume(id: string, now: number): Promise<boolean> {
    const count = await affected(() =>
      this.db.createQueryBuilder().delete().from(entityNames.challenge)
        .where("id = :id AND verified_by = '' AND expires_at > :now", { id, now }),
    );
    return count === 1;
  }

  /** The same for one that an earlier request verified: nothing but this column, in this row, says so. */
  async consumeVerified(id: string, now: number): Promise<boolean> {
    const count = await affected(() =>
      this.db.createQueryBuilder().delete().from(entityNames.challenge)
        .where("id = :id AND verified_by <> '' AND expires_at > :now", { id, now }),
    );
    return count === 1;
  }

  async markVerified(id: string, verifiedBy: string, now: number): Promise<boolean> {
    const count = await affected(() =>
      this.db.createQueryBuilder().update<TwoFactorChallenge>(entityNames.challenge)
        .set({ verifiedBy })
        .where("id = :id AND verified_by = '' AND expires_at > :now", { id, now }),
    );
    return count === 1;
  }

  /** Replaces the codes unless another request did since `version` was read: one resend at a time. */
  async replaceCodes(id: string, version: number, codes: string): Promise<boolean> {
    const count = await affected(() =>
      this.db.createQueryBuilder().update<TwoFactorChallenge>(entityNames.challenge)
        .set({ codes, codeVersion: version + 1 })
        .where('id = :id AND code_version = :version', { id, version }),
    );
    return count === 1;
  }

  async remove(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await affected(() =>
      this.db.createQueryBuilder().delete().from(entityNames.challenge).where('id IN (:...ids)', { ids: [...ids] }),
    );
  }
}
