import type { PublicMethods, SpentMethods } from '../errors.js';
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
  /** Methods that are not in `methods` since their messages are spent, with the seconds until they can be asked for. */
  readonly spent: SpentMethods;
  /** Seconds until a code is looked at, where wrong codes had locked the account at the halt; undefined otherwise. */
  readonly retryAfter: number | undefined;
}

/**
 * Halts: a new session that holds the pending login and, of what was in the old one, only what the app allows. Nobody
 * is logged in by it, whoever was before. Saved before the answer, since the next request may come sooner than a save.
 * @internal
 */
export async function storePending(req: SessionRequest, pending: PendingLogin, now: number, keep: (key: string) => boolean): Promise<void> {
  const session = await regenerate(req, (key) => key !== passportKey(req) && keep(key));
  const { token, methods, expiresAt } = pending;
  const at = Object.entries(pending.resendAfter).map(([method, seconds]) => [method, resendAt(seconds, now)] as const);
  const spent = Object.entries(pending.spent).map(([method, { maskedContact, retryAfter }]) =>
    [method, { maskedContact, retryAt: now + retryAfter * 1000 }] as const);
  setState(session, {
    pending: {
      token, methods: { ...methods }, expiresAt, resendAt: Object.fromEntries(at),
      ...(spent.length > 0 && { spent: Object.fromEntries(spent) }),
      ...(pending.retryAfter !== undefined && { lockedUntil: now + pending.retryAfter * 1000 }),
    },
  });
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
  const codes = Object.entries(pending.resendAt).map(
    ([method, at]) => [method, { resendAfter: at === null ? null : secondsLeft(at, now) }] as const,
  );
  const spent = Object.entries(pending.spent ?? {}).map(
    ([method, { maskedContact, retryAt }]) => [method, { maskedContact, retryAfter: secondsLeft(retryAt, now) }] as const,
  );
  const wait = secondsLeft(pending.lockedUntil ?? 0, now);
  // Not enumerable: for the app's own pages, while a client is shown what it can finish the login with and until when.
  const view: Pick<PendingView, 'methods' | 'expiresAt'> = { methods: pending.methods, expiresAt: pending.expiresAt };
  return Object.defineProperties(view, {
    codes: { value: Object.fromEntries(codes) },
    spent: { value: Object.fromEntries(spent) },
    retryAfter: { value: wait > 0 ? wait : undefined },
  }) as PendingView;
}

const secondsLeft = (at: number, now: number): number => Math.max(0, Math.ceil((at - now) / 1000));

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
