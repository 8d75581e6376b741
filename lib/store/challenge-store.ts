import type { DataSource } from 'typeorm';
import { entityNames } from './entities.js';
import type { TwoFactorChallenge } from './rows.js';
import { deleteOf, insertOf, updateOf, type Statement } from './statement.js';

const entity = entityNames.challenge;
/** The rows of challenges. None of them decides anything: what was answered stands in the account. */
export class ChallengeStore {
  private readonly insert: Statement;
  private readonly updateCodes: Statement;
  private readonly deleteOne: Statement;

  constructor(db: DataSource) {
    this.insert = insertOf(db, entity);
    const ofVersion = 'id = :id AND code_version = :version';
    this.updateCodes = updateOf(db, entity, { set: ['codes', 'codeVersion'], where: ofVersion });
    this.deleteOne = deleteOf(db, entity, 'id = :id');
  }

  /** False where there is one of that id: of two requests that send the first code of a login, one makes the row. */
  add(challenge: TwoFactorChallenge): Promise<boolean> {
    return this.insert.inserts({ ...challenge });
  }

  /** Replaces the codes unless another request did since `version` was read: one resend at a time. */
  replaceCodes(id: string, version: number, codes: string): Promise<boolean> {
    return this.updateCodes.affectsOne({ set_codes: codes, set_codeVersion: version + 1, id, version });
  }

  async remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) await this.deleteOne.affected({ id });
  }
}
