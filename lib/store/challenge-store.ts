import type { DataSource } from 'typeorm';
import { entityNames } from './entities.js';
import type { TwoFactorChallenge } from './rows.js';
import { deleteOf, insertOf, updateOf, type Statement } from './statement.js';

const entity = entityNames.challenge;
const unverified = "id = :id AND verified_by = '' AND expires_at > :now";

export class ChallengeStore {
  private readonly insert: Statement;
  private readonly deleteUnverified: Statement;
  private readonly deleteVerified: Statement;
  private readonly verify: Statement;
  private readonly updateCodes: Statement;
  private readonly deleteOne: Statement;

  constructor(db: DataSource) {
    this.insert = insertOf(db, entity);
    this.deleteUnverified = deleteOf(db, entity, ['id', 'now'], unverified);
    this.deleteVerified = deleteOf(db, entity, ['id', 'now'], "id = :id AND verified_by <> '' AND expires_at > :now");
    this.verify = updateOf(db, entity, ['id', 'info', 'verifiedBy'], ['old', 'now'], unverified.replace(':id', ':old'));
    this.updateCodes = updateOf(
      db,
      entity,
      ['codes', 'codeVersion'],
      ['id', 'version'],
      'id = :id AND code_version = :version',
    );
    this.deleteOne = deleteOf(db, entity, ['id'], 'id = :id');
  }

  async add(challenge: TwoFactorChallenge): Promise<void> {
    if (!(await this.insert.inserts({ ...challenge }))) throw new Error('Two challenges have the same id.');
  }

  /** Uses the challenge up, and with it every code sent for it: of parallel requests, one deletes the row. */
  consume(id: string, now: number): Promise<boolean> {
    return this.deleteUnverified.affectsOne({ id, now });
  }

  /** The same for one that an earlier request verified: nothing but this column, in this row, says so. */
  consumeVerified(id: string, now: number): Promise<boolean> {
    return this.deleteVerified.affectsOne({ id, now });
  }

  /** Marks it verified under another id: the token of before stands for nothing any more. */
  markVerified(
    old: string,
    { id, info, verifiedBy }: Pick<TwoFactorChallenge, 'id' | 'info' | 'verifiedBy'>,
    now: number,
  ): Promise<boolean> {
    return this.verify.affectsOne({ set_id: id, set_info: info, set_verifiedBy: verifiedBy, old, now });
  }

  /** Replaces the codes unless another request did since `version` was read: one resend at a time. */
  replaceCodes(id: string, version: number, codes: string): Promise<boolean> {
    return this.updateCodes.affectsOne({ set_codes: codes, set_codeVersion: version + 1, id, version });
  }

  async remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) await this.deleteOne.affected({ id });
  }
}
