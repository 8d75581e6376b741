import { expect } from 'vitest';
import type { AppOptions } from '../support/app.js';
import { TestApp } from '../support/app.js';
import type { TestDatabase } from '../support/databases.js';

let ids = 0;

/** Two backup codes instead of ten: each costs a slow hash whenever a user is made. */
export const open = (database: TestDatabase, options: AppOptions = {}): Promise<TestApp> =>
  TestApp.open(database, { ...options, twoFactor: { backupCodesCount: 2, ...options.twoFactor } });

/** A new user of the app without a second factor, by the id that the service knows. */
export async function newUser(test: TestApp, email?: string): Promise<string> {
  const id = (ids += 1);
  await test.user(id, email);
  return String(id);
}

/** A phone that no other user has: messages to a stranger's number are counted over all users. */
export const phoneOf = (id: string): string => `+1555${id.padStart(7, '2')}`;

/** A new user with a TOTP that was enabled without a code: no step of it is spent. */
export async function withTotp(test: TestApp): Promise<{ id: string; secret: string; backupCodes: string[] }> {
  const id = await newUser(test);
  const { secret, backupCodes } = await test.service.setup.totp(id, false, { qr: 'svg' });
  return { id, secret, backupCodes: backupCodes! };
}

/** That it is refused with this code (`NOT_SETUP`). */
export async function refused(work: Promise<unknown>, code: string, more: object = {}): Promise<void> {
  await expect(work).rejects.toMatchObject({ code, ...more });
}

/** The user's account as it is stored. */
export async function account(test: TestApp, id: string): Promise<Record<string, unknown>> {
  const [row] = await test.db
    .createQueryBuilder()
    .select('account')
    .from('TwoFactorAccount', 'account')
    .where('account.user_id = :id', { id })
    .getMany();
  return row as Record<string, unknown>;
}

/** The user's authenticators as they are stored. */
export async function authenticators(test: TestApp, id: string): Promise<Record<string, unknown>[]> {
  return test.db
    .createQueryBuilder()
    .select('row')
    .from('TwoFactorAuthenticator', 'row')
    .where('row.user_id = :id', { id })
    .orderBy('row.verified_at')
    .getMany();
}

/** Six digits that are not `code`. */
export const otherThan = (code: string): string => (code === '111111' ? '222222' : '111111');
