import { randomBytes, randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { mechanismOf } from '../core/methods.js';
import { defaultTotpParameters } from '../core/totp.js';
import {
  InvalidInputError,
  StepUpRequiredError,
  TooManyAttemptsError,
  TwoFactorAlreadyEnabledError,
  TwoFactorError,
} from '../errors.js';
import type { Draft, Factor } from '../factors/factor.js';
import { fits, readFactors } from '../store/factors.js';
import { newAuthenticator, type TwoFactorAccount, type TwoFactorAuthenticator } from '../store/rows.js';
import type { Snapshot } from '../store/snapshot-store.js';
import type { BackupCodes, NewSet } from './backup-codes.js';
import { readState, type Change, type Context } from './context.js';
import type { Identity } from './identity.js';
import type { PreparedSnapshot } from './enrollment-draft.js';
import { changeFactors, entries, makeWay, noSet, rowsOf, tidy, type Decision } from './factor-change.js';

/** What becomes a factor. */
export interface NewFactor {
  readonly factor: Factor;
  readonly draft: Draft;
  /** Time step of the code that confirmed it, 0 for none. */
  readonly confirmedStep: number;
  /** Whether its owner has it: it was confirmed by a code, imported, or is a contact. */
  readonly isHeld: boolean;
  /** Whether a user without backup codes gets a set. */
  readonly givesCodes: boolean;
}

interface Added {
  readonly account: TwoFactorAccount;
  readonly epochs: { readonly from: number; readonly to: number };
}

const pointer = ({ backupSetId, backupSalt }: NewSet) => ({ backupSetId, backupSalt });

/** Another change of factors came between the statements. */
class Overtaken extends Error {}

/** Each lost try means that another change of the user's factors came between. */
const addTries = 5;

/**
 * Makes enrolled methods count, in three statements.
 *
 * 1. UPDATE of the account: names the factor, at the epoch at which the caller was judged. A crash after it leaves a
 * name
 *    without a row.
 * 2. INSERT of the row. From now on it counts, and the epoch that it begins ends what every session stands for that
 * has not
 *    seen it. A change of factors between 1 and 2 forgets the name, so that the row counts for nothing.
 * 3. UPDATE of the account: raises the version where the row counts, so that no change which has not seen it forgets
 * it, and
 *    points to the backup codes that come with it.
 */
export class Enabling {
  constructor(
    private readonly context: Context,
    private readonly backupCodes: BackupCodes,
  ) {}

  /**
   * Every request of a user costs time with each of the factors.
   * @throws InvalidInputError where there is no room for another
   */
  checkRoom({ authenticators }: Snapshot): void {
    const { factorLimit } = this.context.settings;
    if (authenticators.length < factorLimit) return;
    throw new InvalidInputError('factors', `at most ${factorLimit}: remove one before you add another`);
  }

  /**
   * Adds a factor and commits it.
   * @returns the codes, `[]` where none were made
   */
  async enable(identity: Identity, added: NewFactor): Promise<Change<string[]>> {
    const set = added.givesCodes ? await this.backupCodes.prepare(identity) : undefined;
    try {
      const { account, epochs } = await this.add(identity, added, set);
      const given = set?.backupSetId === account.backupSetId ? set : undefined;
      if (set && !given) await this.backupCodes.discard(set);
      return { result: given?.codes ?? [], epochs };
    } catch (error) {
      if (set) await this.backupCodes.discard(set);
      throw error;
    }
  }

  private async add(identity: Identity, given: NewFactor, set: NewSet | undefined): Promise<Added> {
    const { events, settings } = this.context;
    for (let attempt = 0; attempt < addTries; attempt += 1) {
      if (attempt > 0) await delay(randomInt(10, 50) * attempt);
      const added = await this.tryToAdd(identity, given, set);
      if (added) {
        const { method } = given.factor;
        const mechanism = mechanismOf(method);
        events.emit('enrolled', { userId: identity.id, mechanism, method, at: settings.clock() });
        return added;
      }
      if (identity.judgedAt !== undefined) throw new StepUpRequiredError();
    }
    throw new TooManyAttemptsError(1);
  }

  /** Undefined where another change of factors came between. */
  private async tryToAdd(identity: Identity, given: NewFactor, set: NewSet | undefined): Promise<Added | undefined> {
    const before = await readState(this.context, identity);
    const row = this.row(identity, given, before);
    // A passkey's id is that of its credential: what a removal has left behind must not count under its name.
    if (before.inert.some(({ id }) => id === row.id)) await this.context.authenticators.remove(row.userKey, row.id);
    let isIn = !given.isHeld;
    try {
      const named = await changeFactors(this.context, identity, {
        decide: (state) => this.name(state, row),
        landed: ({ account }) => account !== undefined && readFactors(account)[row.id] === true,
      });
      const reached = named.result.account.securityEpoch;
      const securityEpoch = this.context.accounts.epochAfter(named.epochs.from, this.context.settings.clock());
      await this.insert(identity, { ...row, securityEpoch });
      isIn = true;
      const { result, epochs } = await changeFactors(
        this.context,
        { id: identity.id, key: identity.key },
        {
          decide: ({ account, authenticators }) => {
            const isThere = authenticators.some(({ id }) => id === row.id);
            if (!isThere || account.securityEpoch !== reached) throw new Overtaken();
            return { ends: 'challenges', ...(set && account.backupSetId === '' && { set: pointer(set) }) };
          },
          landed: ({ account, authenticators }) =>
            authenticators.some(({ id }) => id === row.id) && account?.securityEpoch === securityEpoch,
        },
      );
      return { account: result.account, epochs: { from: named.epochs.from, to: epochs.to } };
    } catch (error) {
      const refused = error instanceof Overtaken || error instanceof TwoFactorError;
      // A secret that its owner has need not be taken back when the database is lost; one that nobody was told must be.
      // A passkey's row has the id of its credential: what another request has added is not taken back here.
      if (isIn && (refused || !given.isHeld)) await tidy(() => this.context.authenticators.remove(row.userKey, row.id));
      if (error instanceof Overtaken) return undefined;
      throw error;
    }
  }

  /**
   * The backup codes of a user without a factor are not taken over: they belong to one that was removed by version
   * 0.1.
   */
  private name(state: PreparedSnapshot, { id, mechanism, handle }: TwoFactorAuthenticator): Decision {
    const isSame = (other: TwoFactorAuthenticator): boolean => other.mechanism === mechanism && other.handle === handle;
    if (state.authenticators.some(isSame)) throw new TwoFactorAlreadyEnabledError();
    if (state.inert.some((other) => other.id === id)) throw new Overtaken();
    this.checkRoom(state);
    const factors = { ...entries(state), [id]: true };
    if (!fits(factors)) throw new InvalidInputError('factors', 'fewer: remove one before you add another');
    return { factors, ends: 'nothing', ...(state.authenticators.length === 0 && { set: noSet }) };
  }

  /** @throws TwoFactorAlreadyEnabledError where another request has enabled one of that label or contact since */
  private async insert(identity: Identity, row: TwoFactorAuthenticator): Promise<void> {
    const { authenticators, snapshots } = this.context;
    for (let attempt = 0; attempt < addTries; attempt += 1) {
      const added = await authenticators.add(row).catch((error: unknown) => {
        // Lost on the way: the same row can be written again without harm. Once.
        if (attempt > 0) throw error;
        return false;
      });
      if (added) return;
      const state = await snapshots.ofUser(identity);
      if (rowsOf(state).some(({ id, sealed }) => id === row.id && sealed === row.sealed)) return;
      await makeWay(this.context, state, row);
    }
    throw new TwoFactorAlreadyEnabledError();
  }

  private row(
    identity: Identity,
    { factor, draft, confirmedStep }: NewFactor,
    before: Snapshot,
  ): TwoFactorAuthenticator {
    const id = factor.idOf?.(draft) ?? randomBytes(16).toString('hex');
    return newAuthenticator({
      id,
      userKey: identity.key,
      userId: identity.id,
      mechanism: mechanismOf(factor.method),
      handle: factor.handleOf(identity.id, draft),
      label: draft.label,
      sealed: factor.seal({ userId: identity.id, rowId: id }, draft),
      ...defaultTotpParameters,
      verifiedAt: Math.max(this.context.settings.clock(), (before.authenticators.at(-1)?.verifiedAt ?? 0) + 1),
      confirmedStep,
      securityEpoch: 0,
    });
  }
}
