import { TooManyAttemptsError } from '../errors.js';
import type { TwoFactorChallenge } from '../store/rows.js';
import type { Snapshot } from '../store/snapshot-store.js';
import { secondsUntil } from './budget.js';
import { isLive } from './subject.js';

const minute = 60_000;

/** So many times the limit may live for a moment, since none that is younger than a minute goes for a newer one. */
const patience = 4;

/** One that begins far in the future was begun by a clock that was ahead: nobody waits for it to grow old. */
const isYoung = ({ createdAt }: TwoFactorChallenge, now: number): boolean => Math.abs(now - createdAt) < minute;

/**
 * The ids of those that go for one more challenge: rows do not grow with traffic. Somebody else who has the password
 * must not end the owner's pending login while its code is being typed, so the young ones stay, and a newer login waits.
 * @throws TooManyAttemptsError where too many of them are young
 */
export function roomFor(snapshot: Snapshot, limit: number, now: number): string[] {
  const live = snapshot.challenges.filter((challenge) => isLive(challenge, snapshot, now));
  const young = live.filter((challenge) => isYoung(challenge, now));
  const [oldest] = young;
  if (oldest && young.length > patience * limit)
    throw new TooManyAttemptsError(secondsUntil(oldest.createdAt + minute, now));
  const crowded = live.filter((challenge) => !young.includes(challenge)).slice(0, Math.max(0, live.length - limit + 1));
  // A verified challenge whose epoch is over may still be completed until it expires.
  const dead = snapshot.challenges.filter(
    (challenge) => challenge.expiresAt <= now || (!live.includes(challenge) && challenge.verifiedBy === ''),
  );
  return [...dead, ...crowded].map(({ id }) => id);
}
