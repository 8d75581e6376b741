import { TooManyAttemptsError, TwoFactorAlreadyEnabledError, TwoFactorNotSetupError } from '../errors.js';
import { counts, entriesOf, readFactors, type Factors } from '../store/factors.js';
import type { TwoFactorAccount, TwoFactorAuthenticator } from '../store/rows.js';
import type { Snapshot } from '../store/snapshot-store.js';
import { readState, type Change, type Context } from './context.js';
import type { Identity } from './identity.js';
import type { PreparedSnapshot } from './enrollment-draft.js';

/** What a change makes of the account. */
export interface Decision {
  /** All entries, as they are after it. Default: those whose rows are there. */
  readonly factors?: Factors;
  /** The backup codes that are good after it. */
  readonly set?: Pick<TwoFactorAccount, 'backupSetId' | 'backupSalt'>;
  /**
   * What it ends. Default: `'standings'`, live challenges and what other sessions stand for. `'challenges'` leaves
   * the epoch that a factor has begun by its own INSERT, and writes it to the account.
   */
  readonly ends?: 'nothing' | 'challenges' | 'standings';
}

/** What a change is made of. Both functions are pure: they may be asked again. */
export interface FactorChange {
  /** Decides on the state that the UPDATE will be bound to; what it throws refuses the change. */
  readonly decide: (state: PreparedSnapshot) => Decision;
  /** Whether the change is there, for an UPDATE whose answer was lost. */
  readonly landed: (state: Snapshot) => boolean;
}

/** Each lost try means that another statement on the account came first. */
const changeTries = 20;
/** A request that adds a factor takes less; a row that is older was left behind. */
const longestAdding = 15 * 60_000;

export const noSet = { backupSetId: '', backupSalt: '' };

export const rowsOf = ({ authenticators, inert }: Snapshot): readonly TwoFactorAuthenticator[] => [
  ...authenticators,
  ...inert,
];

/** The entries of the account that still say something. */
export const entries = (state: PreparedSnapshot): Factors => entriesOf(state.account, rowsOf(state));

/**
 * Changes a user's factors by one UPDATE of the account, which says which rows count, which backup codes are good,
 * and what ends. It is bound to the version, so that nothing is decided on a state that is over.
 *
 * @throws StepUpRequiredError where the factors have changed since the caller was judged
 */
export async function changeFactors(
  context: Context,
  identity: Identity,
  change: FactorChange,
): Promise<Required<Change<PreparedSnapshot>>> {
  for (let attempt = 0; attempt < changeTries; attempt += 1) {
    const state = await readState(context, identity);
    const { account } = state;
    if (!account) throw new TwoFactorNotSetupError();
    const before = { ...state, account };
    const { factors = entries(before), set = {}, ends } = change.decide(before);
    const next = { ...set, factors: JSON.stringify(factors), ...epochsAfter(context, before, ends) };
    if (!(await commits(context, identity, { before, next, change }))) continue;
    const after = { ...account, ...next };
    await sweep(context, before, after);
    const to = ends === 'nothing' ? state.securityEpoch : after.securityEpoch;
    return { result: { ...before, account: after }, epochs: { from: state.securityEpoch, to } };
  }
  throw new TooManyAttemptsError(1);
}

function epochsAfter(
  { accounts, settings }: Context,
  { account, securityEpoch }: PreparedSnapshot,
  ends: Decision['ends'] = 'standings',
): Partial<TwoFactorAccount> {
  if (ends === 'nothing') return {};
  const now = settings.clock();
  return {
    challengeEpoch: accounts.epochAfter(account.challengeEpoch, now),
    securityEpoch: ends === 'challenges' ? securityEpoch : accounts.epochAfter(securityEpoch, now),
  };
}

interface Written {
  readonly before: PreparedSnapshot;
  readonly next: Partial<TwoFactorAccount>;
  readonly change: FactorChange;
}

/** Where the connection was lost before the answer, the account itself tells whether the UPDATE took effect. */
async function commits(
  { accounts, snapshots }: Context,
  identity: Identity,
  { before, next, change }: Written,
): Promise<boolean> {
  const { account } = before;
  try {
    return await accounts.commit(account, next);
  } catch (error) {
    // Raises the version, if it has not been: an UPDATE that is still under way cannot take effect after the look.
    if (!(await accounts.commit(account, {})) && change.landed(await snapshots.ofUser(identity))) return true;
    throw error;
  }
}

/** Deletes what the change has made worthless, and what crashes have left behind. */
async function sweep(
  { authenticators, backupCodes, settings }: Context,
  before: PreparedSnapshot,
  after: TwoFactorAccount,
): Promise<void> {
  const factors = readFactors(after);
  const beingAdded = (row: TwoFactorAuthenticator): boolean =>
    row.provisional === 1 && before.inert.includes(row) && row.verifiedAt + longestAdding > settings.clock();
  for (const row of rowsOf(before)) {
    if (!counts(factors, row) && !beingAdded(row)) await tidy(() => authenticators.remove(row.userKey, row.id));
  }
  const replaced = before.account.backupSetId;
  if (replaced !== '' && replaced !== after.backupSetId) await tidy(() => backupCodes.removeSet(replaced));
}

/**
 * Deletes rows that decide nothing. Where that fails they are left for the next change: the answer, which may hold
 * the only copy of a secret that counts by now, must not be lost for it.
 */
export async function tidy(deletion: () => Promise<unknown>): Promise<void> {
  await deletion()
    .catch(deletion)
    .catch(() => undefined);
}

/**
 * Makes way for a factor of this mechanism and handle, which a row that does not count may stand in the way of. The
 * version is raised first: a request that is about to let that very row count then finds it gone.
 * @throws TwoFactorAlreadyEnabledError where a factor that counts has them
 */
export async function makeWay(
  { accounts, authenticators }: Context,
  state: Snapshot,
  { mechanism, handle }: Pick<TwoFactorAuthenticator, 'mechanism' | 'handle'>,
): Promise<void> {
  const holds = (row: TwoFactorAuthenticator): boolean => row.mechanism === mechanism && row.handle === handle;
  if (state.authenticators.some(holds)) throw new TwoFactorAlreadyEnabledError();
  const holder = state.inert.find(holds);
  if (!holder || !state.account) return;
  if (await accounts.commit(state.account, {})) await authenticators.remove(holder.userKey, holder.id);
}
