import type { TestApp, Agent, TestUser } from '../support/app.js';

const minute = 60_000;

/** What the machine believes of one user. It is written from the documentation, not from the code. */
export interface UserModel {
  readonly user: TestUser;
  /** Base32 of the verified TOTP. */
  totp: string | undefined;
  /** The step of the code that confirmed it. */
  confirmedStep: number;
  email: boolean;
  draft: { secret: string; epoch: string; expiresAt: number } | undefined;
  /** Whether there is a set of backup codes, and those of it that the user wrote down and has not used. */
  hasCodes: boolean;
  codes: string[];
  usedCodes: string[];
  /** After a crash nobody can tell which codes are still good: each may work, once. */
  codesUncertain: boolean;
  lastStep: number;
  failures: number;
  nextAttemptAt: number;
  challengeEpoch: number;
  securityEpoch: number;
  sends: { hourStart: number; hourCount: number; dayStart: number; dayCount: number };
  /** Live pending logins at the most; kept below the limit, past which the oldest would go. */
  pendings: number;
  lastAccepted: string | undefined;
}

export interface Pending {
  readonly kind: 'pending';
  readonly user: UserModel;
  readonly epoch: string;
  readonly expiresAt: number;
  email: { code: string; expiresAt: number; sentAt: number; sends: number } | undefined;
  replaced: string | undefined;
}

export interface LoggedIn {
  readonly kind: 'in';
  readonly user: UserModel;
  auth: { at: number; epoch: number };
}

export interface Browser {
  agent: Agent;
  state: { readonly kind: 'out' } | Pending | LoggedIn;
}

export interface Model {
  readonly users: UserModel[];
  readonly browsers: Browser[];
  /** Every code that was ever accepted, with its user: none may come twice. */
  readonly accepted: Set<string>;
}

export const hasFactor = (user: UserModel): boolean => user.totp !== undefined || user.email;
export const throttled = (user: UserModel, now: number): boolean => user.nextAttemptAt > now;
export const hasAccount = (user: UserModel): boolean => user.challengeEpoch >= 0;

/** What a challenge is born under: it ends with either of the two. */
export const epochOf = (user: UserModel): string => `${user.challengeEpoch}/${user.securityEpoch}`;

export const isLive = (pending: Pending, now: number): boolean =>
  pending.expiresAt > now && pending.epoch === epochOf(pending.user);
export const draftIsLive = (user: UserModel, now: number): boolean =>
  user.draft !== undefined && user.draft.expiresAt > now && user.draft.epoch === epochOf(user);

/** Five consecutive failures end the pending logins and start a backoff of 30 s, doubled up to an hour. */
export function fail(user: UserModel, now: number): void {
  user.failures += 1;
  if (user.failures < 5) return;
  user.challengeEpoch += 1;
  user.nextAttemptAt = now + Math.min(30_000 * 2 ** (user.failures - 5), 60 * minute);
}

export function succeed(user: UserModel): void {
  user.failures = 0;
  user.nextAttemptAt = 0;
}

/** A change of factors ends live challenges and the standing of all sessions but this one. Epochs are times. */
export function changeFactors(user: UserModel, by: LoggedIn | undefined, now: number): void {
  const epoch = Math.max(user.securityEpoch + 1, now);
  if (by?.auth.epoch === user.securityEpoch) by.auth.epoch = epoch;
  user.challengeEpoch = Math.max(user.challengeEpoch + 1, now);
  user.securityEpoch = epoch;
}

/** Five messages an hour, ten a day. */
export function countSend(user: UserModel, now: number): boolean {
  const { sends } = user;
  const hour =
    now < sends.hourStart + 60 * minute
      ? { hourStart: sends.hourStart, hourCount: sends.hourCount + 1 }
      : { hourStart: now, hourCount: 1 };
  const day =
    now < sends.dayStart + 24 * 60 * minute
      ? { dayStart: sends.dayStart, dayCount: sends.dayCount + 1 }
      : { dayStart: now, dayCount: 1 };
  if (hour.hourCount > 5 || day.dayCount > 10) return false;
  user.sends = { ...hour, ...day };
  return true;
}

export const isRecent = (state: LoggedIn, now: number): boolean =>
  state.auth.epoch === Math.max(0, state.user.securityEpoch) && now - state.auth.at <= 5 * minute;

export type Start = 'nothing' | 'totp' | 'email' | 'both';

let ids = 0;

/** New users of the app, enrolled as the run asks, and browsers that nobody is logged in with. */
export async function begin(test: TestApp, starts: readonly Start[]): Promise<Model> {
  const users: UserModel[] = [];
  for (const start of starts) {
    const user = await test.user((ids += 1));
    const model: UserModel = {
      user,
      totp: undefined,
      confirmedStep: 0,
      email: false,
      draft: undefined,
      hasCodes: false,
      codes: [],
      usedCodes: [],
      codesUncertain: false,
      lastStep: 0,
      failures: 0,
      nextAttemptAt: 0,
      challengeEpoch: -1,
      securityEpoch: -1,
      sends: { hourStart: 0, hourCount: 0, dayStart: 0, dayCount: 0 },
      pendings: 0,
      lastAccepted: undefined,
    };
    if (start === 'totp' || start === 'both') {
      const { secret, backupCodes } = await test.service.setup.totp(String(user.id), false, { qr: 'svg' });
      beginAccount(model);
      Object.assign(model, { totp: secret, hasCodes: true, codes: backupCodes! });
      changeFactors(model, undefined, test.clock.now);
    }
    if (start === 'email' || start === 'both') {
      await test.service.setup.email(String(user.id));
      beginAccount(model);
      model.email = true;
      changeFactors(model, undefined, test.clock.now);
    }
    users.push(model);
  }
  return {
    users,
    browsers: [0, 1, 2].map(() => ({ agent: test.agent(), state: { kind: 'out' } })),
    accepted: new Set(),
  };
}

/** The row of counters comes into being with the first enrollment that is begun. */
export function beginAccount(user: UserModel): void {
  if (hasAccount(user)) return;
  user.challengeEpoch = 0;
  user.securityEpoch = 0;
}
