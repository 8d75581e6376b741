import { TooManyAttemptsError } from '../errors.js';
import type { Snapshot } from '../store/snapshot-store.js';
import { secondsUntil } from './budget.js';
import { ofRow, type StoredChallenge } from './challenge.js';
import { isLive } from './verdicts.js';

const minute = 60_000;

/** So many times the limit may live for a moment, since none that is younger than a minute goes for a newer one. */
const patience = 4;

/** One that begins far in the future was begun by a clock that was ahead: nobody waits for it to grow old. */
const isYoung = ({ createdAt }: StoredChallenge, now: number): boolean => Math.abs(now - createdAt) < minute;

/**
 * The ids of those that go for one more row: rows do not grow with traffic. A login whose row goes lives on, and asks
 * for another code. Somebody else who has the password must not end the owner's code while it is being typed, so the
 * young rows stay, and a newer login waits.
 * @throws TooManyAttemptsError where too many of them are young
 */
export function roomFor(snapshot: Snapshot, limit: number, now: number): string[] {
  const rows = snapshot.challenges.map(ofRow);
  const live = rows.filter((challenge) => isLive(challenge, snapshot, now));
  const young = live.filter((challenge) => isYoung(challenge, now));
  const [oldest] = young;
  if (oldest && young.length > patience * limit)
    throw new TooManyAttemptsError(secondsUntil(oldest.createdAt + minute, now));
  const crowded = live.filter((challenge) => !young.includes(challenge)).slice(0, Math.max(0, live.length - limit + 1));
  // A login that was verified may be completed until it expires, with what is kept in its row.
  const dead = rows.filter((row) => row.expiresAt <= now || (!live.includes(row) && row.info === ''));
  return [...dead, ...crowded].map(({ id }) => id);
}
