import type { TwoFactorAccount, TwoFactorAuthenticator } from './rows.js';

/** Id of an authenticator → whether it counts. */
export type Factors = Readonly<Record<string, boolean>>;

/** What says whether a row counts. */
type Row = Pick<TwoFactorAuthenticator, 'id' | 'provisional'>;

/** As long as the column is. */
const longest = 2048;

const isFactors = (value: unknown): value is Factors =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every((counts) => typeof counts === 'boolean');

/** @throws Error for anything that is no such text: never taken for "no second factor" */
export function readFactors({ factors }: Pick<TwoFactorAccount, 'factors'>): Factors {
  const read: unknown = factors === '' ? {} : JSON.parse(factors);
  if (!isFactors(read)) throw new Error('What the account says of its factors cannot be read.');
  return read;
}

/**
 * The one rule. A row of version 0.1, which a process of that version may still write, counts unless it was removed.
 */
export const counts = (factors: Factors, { id, provisional }: Row): boolean =>
  provisional === 1 ? factors[id] === true : factors[id] !== false;

/** Whether the column has room for them. */
export const fits = (factors: Factors): boolean => JSON.stringify(factors).length <= longest;

/** The entries whose rows are there: the others say nothing any more. */
export function entriesOf(account: Pick<TwoFactorAccount, 'factors'>, rows: readonly Row[]): Factors {
  const ids = new Set(rows.map(({ id }) => id));
  return Object.fromEntries(Object.entries(readFactors(account)).filter(([id]) => ids.has(id)));
}

/**
 * Takes rows out. Those of version 0.1 have to be named, and somebody may have enrolled more of them than the column
 * has room for: then `taken` are the first ones, and the rest follows once their rows are gone.
 */
export function takeOut<R extends Row>(
  entries: Factors,
  rows: readonly R[],
): { factors: Factors; taken: readonly R[] } {
  let factors = entries;
  const taken: R[] = [];
  for (const row of rows) {
    const others = Object.fromEntries(Object.entries(factors).filter(([id]) => id !== row.id));
    const next: Factors = row.provisional === 1 ? others : { ...others, [row.id]: false };
    if (!fits(next)) break;
    factors = next;
    taken.push(row);
  }
  return { factors, taken };
}
