const day = 86_400_000;

/** What was counted in the 24 hours from `start`, epoch milliseconds. */
export interface FailureDay {
  readonly start: number;
  readonly count: number;
}

export const sum = (days: readonly FailureDay[]): number => days.reduce((total, { count }) => total + count, 0);

const shape = /^(\d{1,15}):(\d{1,6}(?:,\d{1,6})*)$/;

/**
 * Reads `<start of the first day>:<count>,<count>,…`, a count for each day from the first on; '' for none.
 * @throws Error for any other text: a damaged row must not forget what was counted
 */
export function parseDays(text: string): FailureDay[] {
  if (text === '') return [];
  const [, first, counts] = shape.exec(text) ?? [];
  if (first === undefined || counts === undefined)
    throw new Error('The wrong codes of an account are not kept as days.');
  return counts
    .split(',')
    .map((count, index) => ({ start: Number(first) + index * day, count: Number(count) }))
    .filter(({ count }) => count > 0);
}

/** The text of days that are a multiple of 24 hours apart, oldest first. */
export function formatDays(days: readonly FailureDay[]): string {
  const [first, last] = [days[0], days.at(-1)];
  if (!first || !last) return '';
  const length = (last.start - first.start) / day + 1;
  const counts = Array.from(
    { length },
    (_, index) => days.find(({ start }) => start === first.start + index * day)?.count ?? 0,
  );
  return `${first.start}:${counts.join(',')}`;
}

/** One more count at `at`: on the day that holds it, or on a new one. */
export function countOn(days: readonly FailureDay[], at: number, count: number): FailureDay[] {
  const first = days[0]?.start ?? at;
  // A clock that was set back counts on the first day.
  const start = first + Math.max(0, Math.floor((at - first) / day)) * day;
  const there = days.find((candidate) => candidate.start === start);
  if (!there) return [...days, { start, count }].sort((a, b) => a.start - b.start);
  return days.map((candidate) => (candidate === there ? { start, count: candidate.count + count } : candidate));
}

/**
 * The days whose counts are taken from the total until it is below `limit`: when the last of them is out of the
 * window.
 */
export function freeAt(days: readonly FailureDay[], limit: number, window: number): number {
  let left = sum(days);
  let time = 0;
  for (const { start, count } of days) {
    if (left < limit) break;
    left -= count;
    time = start + window;
  }
  return time;
}

/**
 * Those that lie in the window at `now`. A day that begins in the future was begun by a clock that was ahead: it is
 * none.
 */
export const within = (days: readonly FailureDay[], window: number, now: number): FailureDay[] =>
  days.filter(({ start }) => start + window > now && start < now + day);
