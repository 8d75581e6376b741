import type { DeliveredMethod } from '../core/methods.js';
import { withHidden } from '../core/hidden.js';
import type { PublicMethods, SpentMethods } from '../errors.js';
import type { PendingLogin } from '../service/login-challenge.js';
import { checkStillThere, regenerate, renew } from './renewal.js';
import {
  endLogin,
  passportKey,
  save,
  sessionOf,
  setState,
  setUser,
  stateOf,
  type Session,
  type SessionRequest,
} from './session.js';

/** `req.auth.pending`: what a page may show of a halted login. */
export interface PendingView {
  /** What it can be finished with; the preferred method is first. Contacts are masked. */
  readonly methods: PublicMethods;
  /** Epoch milliseconds at which it ends. */
  readonly expiresAt: number;
  /**
   * Methods whose code was made, with the seconds until another one may be asked for; null where there will be none.
   */
  readonly codes: Partial<Record<DeliveredMethod, { readonly resendAfter: number | null }>>;
  /** Methods that are not in `methods` since their messages are spent, with the seconds until they can be asked for. */
  readonly spent: SpentMethods;
  /** Seconds until a code is looked at, where wrong codes had locked the account at the halt; undefined otherwise. */
  readonly retryAfter: number | undefined;
  /** Without a session: what stands for it since the last `verify.*`, for the client to send back. */
  readonly challengeToken?: string;
}

/**
 * Halts: a new session that holds the pending login and, of what was in the old one, only what the app allows. Nobody
 * is logged in by it, whoever was before. Saved before the answer, since the next request may come sooner than a save.
 * @internal
 */
export async function storePending(
  req: SessionRequest,
  pending: PendingLogin,
  { now, keep }: { readonly now: number; readonly keep: (key: string) => boolean },
): Promise<void> {
  const session = await newSession(req, keep);
  const { token, methods, expiresAt, passport } = pending;
  const at = Object.entries(pending.resendAfter).map(([method, seconds]) => [method, resendAt(seconds, now)] as const);
  const spent = Object.entries(pending.spent).map(
    ([method, { maskedContact, retryAfter }]) => [method, { maskedContact, retryAt: now + retryAfter * 1000 }] as const,
  );
  setState(session, {
    pending: {
      token,
      methods: { ...methods },
      expiresAt,
      resendAt: Object.fromEntries(at),
      ...(passport && { passport }),
      ...(spent.length > 0 && { spent: Object.fromEntries(spent) }),
      ...(pending.retryAfter !== undefined && { lockedUntil: now + pending.retryAfter * 1000 }),
    },
  });
  // The request itself must not go on as a user who was logged in before.
  setUser(req, undefined);
  await save(session);
}

async function newSession(req: SessionRequest, keep: (key: string) => boolean): Promise<Session> {
  try {
    return await regenerate(req, (key) => key !== passportKey(req) && keep(key));
  } catch (error) {
    // Whoever was logged in before in this browser is not who has just given the password.
    endLogin(req);
    throw error;
  }
}

/**
 * The pending login goes on under another token, in a session with another id and all of the data: what was known of it
 * before it was verified, a planted cookie or a copy of the session, completes nothing.
 * @internal
 */
export async function renewPending(req: SessionRequest, token: string): Promise<void> {
  const state = stateOf(req);
  const session = await renew(req);
  setState(session, { ...state, ...(state.pending && { pending: { ...state.pending, token } }) });
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
    ([method, at]) => [method, { resendAfter: at === null ? null : secondsLeft(at, now) }] as const,
  );
  const spent = Object.entries(pending.spent ?? {}).map(
    ([method, { maskedContact, retryAt }]) =>
      [method, { maskedContact, retryAfter: secondsLeft(retryAt, now) }] as const,
  );
  const wait = secondsLeft(pending.lockedUntil ?? 0, now);
  // Hidden: for the app's own pages, while a client is shown what it can finish the login with and until when.
  return withHidden(
    { methods: pending.methods, expiresAt: pending.expiresAt },
    {
      codes: Object.fromEntries(codes),
      spent: Object.fromEntries(spent),
      retryAfter: wait > 0 ? wait : undefined,
    },
  );
}

/** The same for a client without a session: what it is told at each sending is not kept. */
export const viewOfToken = (
  { methods, expiresAt }: Pick<PendingView, 'methods' | 'expiresAt'>,
  challengeToken: string,
): PendingView => withHidden({ methods, expiresAt }, { codes: {}, spent: {}, retryAfter: undefined, challengeToken });

const secondsLeft = (at: number, now: number): number => Math.max(0, Math.ceil((at - now) / 1000));

/** @internal */
export const resendAt = (seconds: number | null, now: number): number | null =>
  seconds === null ? null : now + seconds * 1000;

/**
 * Keeps for the pages when a code was sent; whether another one is sent is for the database to say.
 * @throws TwoFactorExpiredError where the pending login was ended while the code was sent
 * @internal
 */
export async function noteSent(req: SessionRequest, method: DeliveredMethod, at: number | null): Promise<void> {
  const state = stateOf(req);
  if (!state.pending) return;
  await checkStillThere(req);
  const session = sessionOf(req);
  setState(session, { ...state, pending: { ...state.pending, resendAt: { ...state.pending.resendAt, [method]: at } } });
  await save(session);
}
