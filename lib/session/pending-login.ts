import type { PublicMethods } from '../errors.js';
import type { PendingLogin } from '../service/login-challenge.js';
import { passportKey, regenerate, save, sessionOf, setState, setUser, stateOf, type SessionRequest } from './session.js';

/** `req.auth.pending`: what a page may show of a halted login. */
export interface PendingView {
  /** What it can be finished with; the preferred method is first. Contacts are masked. */
  readonly methods: PublicMethods;
  /** Epoch milliseconds at which it ends. */
  readonly expiresAt: number;
  /** Methods whose code was made, with the seconds until another one may be asked for; null where there will be none. */
  readonly codes: Partial<Record<'email' | 'sms', { readonly resendAfter: number | null }>>;
}

/**
 * Halts: a new session that holds the pending login and, of what was in the old one, only what the app allows. Nobody
 * is logged in by it, whoever was before. Saved before the answer, since the next request may come sooner than a save.
 * @internal
 */
export async function storePending(req: SessionRequest, pending: PendingLogin, now: number, keep: (key: string) => boolean): Promise<void> {
  const session = await regenerate(req, (key) => key !== passportKey(req) && keep(key));
  const { token, methods, expiresAt, passport } = pending;
  const at = Object.entries(pending.resendAfter).map(([method, seconds]) => [method, resendAt(seconds, now)] as const);
  setState(session, { pending: { token, methods: { ...methods }, expiresAt, resendAt: Object.fromEntries(at), ...(passport && { passport }) } });
  // The request itself must not go on as a user who was logged in before.
  setUser(req, undefined);
  await save(session);
}

/** @internal */
export function pendingToken(req: SessionRequest): string | undefined {
  const token: unknown = stateOf(req).pending?.token;
  return typeof token === 'string' ? token : undefined;
}

/** @internal The Passport that began it; undefined for one of version 0.1. */
export const pendingPassport = (req: SessionRequest): string | undefined => stateOf(req).pending?.passport;

/** @internal What a page may show of the pending login. Whether it can still be finished is for the database to say. */
export function pendingView(req: SessionRequest, now: number): PendingView | undefined {
  const { pending } = stateOf(req);
  if (!pending || !(pending.expiresAt > now)) return undefined;
  const codes = Object.entries(pending.resendAt).map(
    ([method, at]) => [method, { resendAfter: at === null ? null : Math.max(0, Math.ceil((at - now) / 1000)) }] as const,
  );
  // Not enumerable: for the app's own pages, while a client is shown what it can finish the login with and until when.
  const view: Pick<PendingView, 'methods' | 'expiresAt'> = { methods: pending.methods, expiresAt: pending.expiresAt };
  return Object.defineProperty(view, 'codes', { value: Object.fromEntries(codes) }) as PendingView;
}

/** @internal */
export const resendAt = (seconds: number | null, now: number): number | null => (seconds === null ? null : now + seconds * 1000);

/** @internal Keeps for the pages when a code was sent; whether another one is sent is for the database to say. */
export async function noteSent(req: SessionRequest, method: 'email' | 'sms', at: number | null): Promise<void> {
  const session = sessionOf(req);
  const state = stateOf(req);
  if (!state.pending) return;
  setState(session, { ...state, pending: { ...state.pending, resendAt: { ...state.pending.resendAt, [method]: at } } });
  await save(session);
}
