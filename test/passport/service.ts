import type { Request } from 'express';
import type { TwoFactorService } from 'passport-two-factor';
import { LoginGate } from '../../lib/service/login-gate.js';
import { runStrategy, type InnerStrategy } from '../../lib/passport/run-strategy.js';
import type { Actions } from '../../lib/passport/settle.js';

export const now = Date.UTC(2026, 0, 1);
export const token = 'T'.repeat(43);

export interface Answers {
  /** What the user has. */
  authenticators?: object[];
  account?: object;
  /** What a code is answered with; a right code unless told otherwise. */
  verdict?: Error;
  enabled?: boolean;
}

/** A service without a database, which tells what it was asked. */
export function serviceWith({ authenticators = [], account, verdict, enabled = true }: Answers = {}): {
  service: TwoFactorService;
  asked: unknown[][];
} {
  const asked: unknown[][] = [];
  const answer = <T>(result: T) => (verdict ? Promise.reject(verdict) : Promise.resolve(result));
  const identity = { id: '1', key: 'alice' };
  const subject = { challenge: { id: 'challenge' }, snapshot: { securityEpoch: 3 } };
  const settings = {
    enabled,
    keepInSession: [],
    rememberFor: 1000,
    clock: () => now,
    requireForOAuth: false,
    users: { find: () => ({ id: 1 }) },
  };
  const snapshot = () => {
    asked.push(['snapshot']);
    return Promise.resolve({ account, authenticators, securityEpoch: 3 });
  };
  const service = {
    setup: {},
    settings,
    identify: () => identity,
    snapshot,
    gate: new LoginGate({ settings, snapshots: { ofUser: snapshot } } as never),
    verification: {
      verifyLogin: (pending: { token: string; carrier: string } | undefined, response: object) => {
        asked.push(['verifyLogin', pending && `${pending.carrier} ${pending.token}`, response]);
        return answer({ subject, method: 'totp' });
      },
      verifyUser: (...given: unknown[]) => {
        asked.push(['verifyUser', ...given]);
        return answer({ subject, method: 'totp' });
      },
    },
    logins: {
      begin: () =>
        Promise.resolve({
          token,
          methods: { totp: true },
          availableMethods: { totp: true },
          expiresAt: now + 1000,
          resendAfter: {},
          spent: {},
          deliver: () => Promise.resolve(),
        }),
    },
    finishing: {
      finish: () =>
        Promise.resolve({
          identity,
          user: { id: 1 },
          info: 'info',
          remember: false,
          kind: 'local',
          begunAt: now - 1000,
          method: 'totp',
          securityEpoch: 3,
        }),
    },
  };
  return { service: service as unknown as TwoFactorService, asked };
}

/** Runs a strategy as Passport does; the action that it ends with, and what it is called with. */
export function outcome(strategy: InnerStrategy, req: object, options: object = {}): Promise<unknown[]> {
  return new Promise((resolve) => {
    const end =
      (name: string) =>
      (...given: unknown[]) => {
        resolve([name, ...given.filter((one) => one !== undefined)]);
      };
    const actions: Actions = {
      success: end('success'),
      fail: end('fail'),
      redirect: end('redirect'),
      pass: end('pass'),
      error: end('error'),
    };
    runStrategy(strategy, { req: req as Request, options }, actions);
  });
}
