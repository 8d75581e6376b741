import type { DataSource } from 'typeorm';
import { sha256 } from '../../lib/core/keyring.js';
import { TwoFactorMechanism } from '../../lib/core/methods.js';
import {
  newAccount,
  newChallenge,
  type TwoFactorAccount,
  type TwoFactorAuthenticator,
  type TwoFactorChallenge,
} from '../../lib/store/rows.js';

/** Later than any number that fits into 32 bits, as every real time is. */
export const now = Date.UTC(2026, 0, 1, 12, 0, 0);

export const digest = sha256;

let made = 0;

/** An id that no other row of the run has. */
export const newId = (length = 64): string => sha256(`row ${String((made += 1))}`).slice(0, length);

const ids = new Map<string, string>();

/** The key of a new user; `userIdOf` tells the id, whose digest it is. */
export function newUserKey(): string {
  const id = `user ${String(ids.size)}`;
  ids.set(digest(id), id);
  return digest(id);
}

export const userIdOf = (userKey: string): string => ids.get(userKey) ?? 'user';

/** The user as the service knows one: by key and id. */
export const known = (userKey: string) => ({ key: userKey, id: userIdOf(userKey) });

export const account = (userKey: string, rest: Partial<TwoFactorAccount> = {}): TwoFactorAccount => ({
  ...newAccount(userKey, userIdOf(userKey), 0),
  ...rest,
});

/** A row of version 0.1, which counts by being there. */
export const authenticator = (userKey: string, rest: Partial<TwoFactorAuthenticator> = {}): TwoFactorAuthenticator => ({
  id: newId(32),
  userKey,
  userId: userIdOf(userKey),
  mechanism: TwoFactorMechanism.TOTP,
  handle: newId(),
  label: 'default',
  sealed: 'v1.k1.a.b.c',
  algorithm: 'sha1',
  digits: 6,
  period: 30,
  verifiedAt: now,
  confirmedStep: 58_908_960,
  securityEpoch: 0,
  provisional: 0,
  ...rest,
});

export const challenge = (userKey: string, rest: Partial<TwoFactorChallenge> = {}): TwoFactorChallenge =>
  newChallenge({
    id: newId(),
    userKey,
    userId: userIdOf(userKey),
    purpose: 'login',
    challengeEpoch: 0,
    securityEpoch: 0,
    strategy: 'local',
    kind: 'local',
    createdAt: now,
    expiresAt: now + 600_000,
    ...rest,
  });

/** How many of parallel tries were told that they were the one. */
export async function winners(tries: number, attempt: () => Promise<boolean>): Promise<number> {
  const results = await Promise.all(Array.from({ length: tries }, attempt));
  return results.filter(Boolean).length;
}

/** What TypeORM would still change to make the tables what the entities say. */
export async function differences(db: DataSource): Promise<string[]> {
  const { upQueries, downQueries } = await db.driver.createSchemaBuilder().log();
  return [...upQueries, ...downQueries].map(({ query }) => query);
}
