/** How often each thing was seen. */
export type Tally = Record<string, number>;

export function count(seen: Tally, what: string | number): void {
  seen[what] = (seen[what] ?? 0) + 1;
}

export const tally = (seen: Tally): string => {
  const parts = Object.entries(seen)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([what, times]) => `${times} × ${what}`);
  return parts.length > 0 ? parts.join(', ') : 'none';
};

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** Median and 99th percentile, in milliseconds. */
export const spread = (values: readonly number[]): string =>
  `${percentile(values, 0.5).toFixed(2)} ms (99 %: ${percentile(values, 0.99).toFixed(2)} ms)`;
