import type { MethodName } from '../core/methods.js';
import type { TwoFactorAccount } from '../store/rows.js';
import type { Snapshot } from '../store/snapshot-store.js';
import type { Context } from './context.js';
import type { Challenge } from './challenge.js';
import type { Proved } from './proved.js';

/** What a right code has made of a challenge. A verified one can still be completed, once. */
export type VerdictState = 'verified' | 'used';

/** A verdict to be written with the account. */
export interface Verdict {
  readonly challenge: Challenge;
  readonly state: VerdictState;
  readonly proved: Proved;
}

/** As it lies in the account, short, since the list is part of every UPDATE. */
type Entry = readonly [
  id: string,
  purpose: Challenge['purpose'],
  state: VerdictState,
  /** The method, and what a passkey has shown: `passkey uv synced`. */
  proved: string,
  expiresAt: number,
  mac: string,
];

/**
 * A user finishes fewer logins than this within the life of one. The column holds as many, however long a key's name
 * is.
 */
const longestList = 20;

const states: readonly unknown[] = ['verified', 'used'];

/**
 * The verdicts of a user's challenges: a list in the account, written by the UPDATE that also counts the code. So of
 * two requests with one challenge only one is right, and no row that somebody deletes or brings back changes that.
 *
 * Each entry has a MAC: whoever can write to the database but has no key marks nothing as verified.
 */
export class Verdicts {
  constructor(private readonly context: Pick<Context, 'keyring' | 'settings'>) {}

  /**
   * What has verified the challenge; undefined for one that is not verified, or is completed already.
   * @throws SealedDataError where its key is gone
   */
  verifiedBy({ verdicts }: TwoFactorAccount, challenge: Challenge): Proved | undefined {
    const entry = read(verdicts).find(([id]) => id === challenge.verdictId);
    if (entry?.[2] !== 'verified') return undefined;
    const [, , state, proved, , mac] = entry;
    const isOurs = this.context.keyring.checkTag('verdict', binding({ challenge, state, proved }), mac);
    return isOurs ? readProved(proved) : undefined;
  }

  /** The columns of the account with these verdicts in them. */
  after(account: TwoFactorAccount, verdicts: readonly Verdict[]): Pick<TwoFactorAccount, 'verdicts' | 'deadUntil'> {
    const now = this.context.settings.clock();
    const written = verdicts.map((verdict) => this.entryOf(verdict));
    const earlier = read(account.verdicts).filter(([id]) => !written.some(([other]) => other === id));
    const live = earlier.filter(([, , , , expiresAt]) => expiresAt > now);
    const kept = [...live.sort((a, b) => a[4] - b[4]).slice(written.length - longestList), ...written];
    // A challenge whose verdict is dropped would look as if nothing had answered it, to a clock that is slow above all.
    const dropped = earlier.filter((entry) => !kept.includes(entry));
    return {
      verdicts: JSON.stringify(kept),
      deadUntil: Math.max(account.deadUntil, ...dropped.map(([, , , , expiresAt]) => expiresAt)),
    };
  }

  private entryOf(verdict: Verdict): Entry {
    const { challenge, state } = verdict;
    const proved = textOf(verdict.proved);
    const mac = this.context.keyring.tag('verdict', binding({ challenge, state, proved }));
    return [challenge.verdictId, challenge.purpose, state, proved, challenge.expiresAt, mac];
  }
}

/** Whether nothing has answered the challenge, as far as the account can tell. */
export function isOpen({ verdicts, deadUntil }: TwoFactorAccount, { verdictId, expiresAt }: Challenge): boolean {
  return expiresAt > deadUntil && !read(verdicts).some(([id]) => id === verdictId);
}

/** Whether a code may still answer the challenge: it is open, and neither its time nor its epochs are over. */
export function isLive(challenge: Challenge, { account, securityEpoch }: Snapshot, now: number): boolean {
  if (!account || challenge.expiresAt <= now) return false;
  const isOfNow = challenge.challengeEpoch === account.challengeEpoch && challenge.securityEpoch === securityEpoch;
  return isOfNow && isOpen(account, challenge);
}

const textOf = ({ method, uv, synced }: Proved): string =>
  [method, ...(uv ? ['uv'] : []), ...(synced ? ['synced'] : [])].join(' ');

/** Its MAC was right, so that it is as it was written. */
function readProved(text: string): Proved {
  const [method, ...traits] = text.split(' ');
  const known = ['uv', 'synced'].filter((trait) => traits.includes(trait)).map((trait) => [trait, true] as const);
  return { method: method as MethodName, ...Object.fromEntries(known) };
}

function binding({
  challenge,
  state,
  proved,
}: Pick<Verdict, 'challenge' | 'state'> & { readonly proved: string }): string[] {
  const { userId, verdictId, purpose, challengeEpoch, securityEpoch, expiresAt } = challenge;
  return [userId, verdictId, purpose, state, proved, ...[challengeEpoch, securityEpoch, expiresAt].map(String)];
}

/** @throws Error for a list that is none: what was used must not look as if it were not */
function read(verdicts: string): readonly Entry[] {
  if (verdicts === '') return [];
  const list: unknown = JSON.parse(verdicts);
  if (Array.isArray(list) && list.every(isEntry)) return list as Entry[];
  throw new Error('The verdicts of an account do not have the form of such.');
}

function isEntry(entry: unknown): boolean {
  if (!Array.isArray(entry)) return false;
  const [id, purpose, state, proved, expiresAt, mac] = entry as unknown[];
  const texts = [id, purpose, proved, mac].every((text) => typeof text === 'string');
  return texts && states.includes(state) && Number.isSafeInteger(expiresAt);
}
