import { Keyring } from '../core/keyring.js';
import { StepUpRequiredError } from '../errors.js';
import type { TwoFactorOptions } from '../options.js';
import { Factors } from '../factors/index.js';
import { readOptions, type Settings } from '../settings.js';
import { AccountStore } from '../store/account-store.js';
import { AuthenticatorStore } from '../store/authenticator-store.js';
import { BackupCodeStore } from '../store/backup-code-store.js';
import { ChallengeStore } from '../store/challenge-store.js';
import { checkDataSource } from '../store/database.js';
import { ErasureStore } from '../store/erasure-store.js';
import { QuotaStore } from '../store/quota-store.js';
import { SnapshotStore, type ChallengeFilter, type Snapshot } from '../store/snapshot-store.js';
import { Texts } from '../store/texts.js';
import { EventHub } from './events.js';
import type { Identity } from './identity.js';

/** What every use case works with. */
export interface Context {
  readonly settings: Settings;
  readonly keyring: Keyring;
  readonly factors: Factors;
  readonly accounts: AccountStore;
  readonly authenticators: AuthenticatorStore;
  readonly backupCodes: BackupCodeStore;
  readonly challenges: ChallengeStore;
  readonly quotas: QuotaStore;
  readonly snapshots: SnapshotStore;
  readonly erasure: ErasureStore;
  readonly texts: Texts;
  readonly events: EventHub;
}

export function createContext(options: TwoFactorOptions): Context {
  const settings = readOptions(options);
  const keyring = new Keyring(options.keys);
  const db = checkDataSource(options.db);
  const accounts = new AccountStore(db);
  const backupCodes = new BackupCodeStore(db);
  return {
    settings,
    keyring,
    factors: new Factors(keyring, settings),
    accounts,
    authenticators: new AuthenticatorStore(db),
    backupCodes,
    challenges: new ChallengeStore(db),
    quotas: new QuotaStore(db),
    snapshots: new SnapshotStore(db),
    erasure: new ErasureStore(db, accounts, backupCodes),
    texts: new Texts(db),
    events: new EventHub(),
  };
}

/** What a change of factors answers. */
export interface Change<T> {
  readonly result: T;
  /**
   * The security epochs just before and after it, for the session that made it to keep its standing; absent for none.
   */
  readonly epochs?: { readonly from: number; readonly to: number };
}

/**
 * The user's state, read for a caller whose standing was judged before: a factor that was added in between ends it, so
 * that nobody who has logged in by a password alone acts on it.
 * @throws StepUpRequiredError
 */
export async function readState(
  { snapshots }: Context,
  identity: Identity,
  filter?: ChallengeFilter,
): Promise<Snapshot> {
  const { judgedAt } = identity;
  const snapshot = await snapshots.ofUser(identity, filter);
  if (judgedAt !== undefined && judgedAt !== snapshot.securityEpoch) throw new StepUpRequiredError();
  return snapshot;
}
