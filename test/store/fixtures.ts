import { sha256 } from '../../lib/core/keyring.js';
import { TwoFactorMechanism } from '../../lib/core/mechanism.js';
import type { TwoFactorAccount, TwoFactorAuthenticator, TwoFactorChallenge } from '../../lib/store/rows.js';

/** Later than any number that fits into 32 bits, as every real time is. */
export const now = Date.UTC(2026, 0, 1, 12, 0, 0);

export const digest = sha256;

let made = 0;

/** An id that no other row of the run has. */
export const newId = (length = 64): string => sha256(`row ${String((made += 1))}`).slice(0, length);

export const newUserKey = (): string => newId();

export function account(userKey: string, rest: Partial<TwoFactorAccount> = {}): TwoFactorAccount {
  return {
    userKey, userId: 'user', version: 0, failures: 0, windowFailures: 0, windowStart: 0, nextAttemptAt: 0, lastStep: 0,
    challengeEpoch: 0, securityEpoch: 0, backupSetId: '', backupSalt: '', lastUsed: '{}', preferred: 0, enrollBy: 0, ...rest,
  };
}

export function authenticator(userKey: string, rest: Partial<TwoFactorAuthenticator> = {}): TwoFactorAuthenticator {
  return {
    id: newId(32), userKey, userId: 'user', mechanism: TwoFactorMechanism.TOTP, handle: newId(), label: 'default',
    sealed: 'v1.k1.a.b.c', algorithm: 'sha1', digits: 6, period: 30, verifiedAt: now, confirmedStep: 58_908_960,
    securityEpoch: 0, ...rest,
  };
}

export function challenge(userKey: string, rest: Partial<TwoFactorChallenge> = {}): TwoFactorChallenge {
  return {
    id: newId(), userKey, userId: 'user', purpose: 'login', mechanism: 0, handle: '', challengeEpoch: 0, securityEpoch: 0, strategy: 'local',
    kind: 'local', remember: 0, info: '', sealed: '', codes: '{}', codeVersion: 0, verifiedBy: '', createdAt: now,
    expiresAt: now + 600_000, ...rest,
  };
}

/** How many of parallel tries were told that they were the one. */
export async function winners(tries: number, attempt: () => Promise<boolean>): Promise<number> {
  const results = await Promise.all(Array.from({ length: tries }, attempt));
  return results.filter(Boolean).length;
}
