import type { PublicMethods } from '../errors.js';
import type { PendingLogin } from '../service/login-challenge.js';
import { passportKey, regenerate, save, setState, setUser, stateOf, type SessionRequest } from './session.js';

export interface PendingView {
  readonly methods: PublicMethods;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/**
 * Halts: a new session that holds the pending login and, of what was in the old one, only what the app allows. Nobody
 * is logged in by it, whoever was before. Saved before the answer, since the next request may come sooner than a save.
 * @internal
 */
export async function storePending(req: SessionRequest, pending: PendingLogin, keep: (key: string) => boolean): Promise<void> {
  const session = await regenerate(req, (key) => key !== passportKey(req) && keep(key));
  const { token, methods, expiresAt } = pending;
  setState(session, { pending: { token, methods: { ...methods }, expiresAt } });
  // The request itself must not go on as a user who was logged in before.
  setUser(req, undefined);
  await save(session);
}

/** @internal */
export function pendingToken(req: SessionRequest): string | undefined {
  const token: unknown = stateOf(req).pending?.token;
  return typeof token === 'string' ? token : undefined;
}

/** @internal What a page may show of the pending login. Whether it can still be finished is for the database to say. */
export function pendingView(req: SessionRequest, now: number): PendingView | undefined {
  const { pending } = stateOf(req);
  if (!pending || !(pending.expiresAt > now)) return undefined;
  return { methods: pending.methods, expiresAt: pending.expiresAt };
}
