import { randomBytes } from 'node:crypto';
import { generateBackupCodes, generateSalt } from '../core/backup-code.js';
import { TooManyAttemptsError, TwoFactorNotSetupError } from '../errors.js';
import { readState, type Change, type Context } from './context.js';
import type { Identity } from './identity.js';
import { changeFactors, tidy } from './factor-change.js';
import { Turns } from './turns.js';

/** A written set that no account points to yet. */
export interface NewSet {
  readonly codes: string[];
  readonly backupSetId: string;
  readonly backupSalt: string;
}

/** How long a claim that a crash has left behind is in the way. */
const longestMaking = 60_000;

/**
 * Sets are hashed one after another in the whole process: the threads that hash are those of everybody's password
 * check.
 */
const hashing = new Turns();

export class BackupCodes {
  /**
   * By user, so that requests at once cost one set. No statement is run in a turn: it could be waited for by the
   * user's others.
   */
  private readonly turns = new Turns();

  constructor(private readonly context: Context) {}

  /**
   * Writes a set for a user who has none, to be given with a factor. Of requests at once one does; the others wait
   * and look again.
   * @returns undefined where the user has a set
   */
  async prepare(identity: Identity): Promise<NewSet | undefined> {
    while (!(await this.hasSet(identity))) {
      if (!this.turns.isTaken(identity.key)) return this.write(identity);
      await this.turns.ended(identity.key);
    }
    return undefined;
  }

  async discard({ backupSetId }: NewSet): Promise<void> {
    await tidy(() => this.context.backupCodes.removeSet(backupSetId));
  }

  /**
   * Replaces the whole set. The new codes are written first, then the account is pointed to them in one statement, so
   * there is no moment with both sets valid, nor one with none.
   * @throws TwoFactorNotSetupError for a user without a verified method, TooManyAttemptsError while a set is being made
   */
  async regenerate(identity: Identity): Promise<Change<string[]>> {
    const { events, settings } = this.context;
    const set = await this.claimed(identity, async () => {
      const { authenticators } = await readState(this.context, identity);
      if (authenticators.length === 0) throw new TwoFactorNotSetupError();
      return this.write(identity);
    });
    const { codes, backupSetId, backupSalt } = set;
    try {
      const { epochs } = await changeFactors(this.context, identity, {
        decide: ({ authenticators }) => {
          if (authenticators.length === 0) throw new TwoFactorNotSetupError();
          return { set: { backupSetId, backupSalt } };
        },
        landed: ({ account }) => account?.backupSetId === backupSetId,
      });
      events.emit('backupCodesRegenerated', {
        userId: identity.id,
        at: settings.clock(),
        remainingBackupCodes: codes.length,
      });
      return { result: codes, epochs };
    } catch (error) {
      await this.discard(set);
      throw error;
    }
  }

  private async hasSet(identity: Identity): Promise<boolean> {
    const { account, authenticators } = await readState(this.context, identity);
    // What a user without a factor has is what a removal by version 0.1 has left behind.
    return authenticators.length > 0 && account?.backupSetId !== '';
  }

  /**
   * Claims before anything is hashed, over all processes: forty requests at once cost one set, and the others are
   * refused.
   */
  private async claimed<T>({ key }: Identity, make: () => Promise<T>): Promise<T> {
    const { backupCodes, settings } = this.context;
    if (this.turns.isTaken(key)) throw new TooManyAttemptsError(1);
    const now = settings.clock();
    const claimed = await backupCodes.claim(key, now, now + longestMaking).catch(async (error: unknown) => {
      await tidy(() => backupCodes.release(key));
      throw error;
    });
    if (!claimed) throw new TooManyAttemptsError(1);
    try {
      return await make();
    } finally {
      await tidy(() => backupCodes.release(key));
    }
  }

  private async write(identity: Identity): Promise<NewSet> {
    const { tags, ...set } = await this.turns.run(identity.key, () => hashing.run('', () => this.hash(identity)));
    try {
      await this.context.backupCodes.add(identity.key, set.backupSetId, tags);
      return set;
    } catch (error) {
      await this.discard(set);
      throw error;
    }
  }

  private async hash(identity: Identity): Promise<NewSet & { readonly tags: string[] }> {
    const { factors, settings } = this.context;
    const codes = generateBackupCodes(settings.backupCodesCount);
    const set = { backupSetId: randomBytes(16).toString('hex'), backupSalt: factors.backupCode.saltOf(generateSalt()) };
    const tagOf = factors.backupCode.tagger(identity.id, set);
    const tags: string[] = [];
    for (const code of codes) tags.push(await tagOf(code));
    return { codes, tags, ...set };
  }
}
