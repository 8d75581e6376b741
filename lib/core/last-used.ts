/** The last use of a passkey: when, its signature counter then, and whether it was synced (1) or not (0). */
type PasskeyUse = readonly [at: number, counter: number, backedUp: 0 | 1];

/** Per authenticator when it was last used, as JSON in the account. */
type LastUsed = Readonly<Record<string, number | PasskeyUse>>;

/** What a passkey's use leaves behind. */
export interface PasskeyState {
  readonly counter: number;
  readonly backedUp: boolean;
}

const read = (json: string): LastUsed => JSON.parse(json) as LastUsed;

/** Epoch milliseconds, 0 for never. */
export function usedAt(json: string, authenticator: string): number {
  const use = read(json)[authenticator] ?? 0;
  return typeof use === 'number' ? use : use[0];
}

/** Undefined for one that was never used. */
export function stateOf(json: string, authenticator: string): PasskeyState | undefined {
  const use = read(json)[authenticator];
  return typeof use === 'object' ? { counter: use[1], backedUp: use[2] === 1 } : undefined;
}

/** With one more use; those of authenticators that are gone are left out. */
export function withUse(
  json: string,
  use: { readonly authenticator: string | undefined; readonly at: number; readonly state?: PasskeyState | undefined },
  authenticators: readonly { readonly id: string }[],
): string {
  const { authenticator, at, state } = use;
  const before = read(json);
  const entries = authenticators.flatMap(({ id }): [string, number | PasskeyUse][] => {
    if (id === authenticator) return [[id, state ? [at, state.counter, state.backedUp ? 1 : 0] : at]];
    const earlier = before[id];
    return earlier === undefined ? [] : [[id, earlier]];
  });
  return JSON.stringify(Object.fromEntries(entries));
}
