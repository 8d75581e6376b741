import { claimsFrom, standingIn, type Standing, type TwoFactorClaims } from '../core/standing.js';
import { UserNotLoggedInError } from '../errors.js';
import { isSession, type SessionRequest } from './session.js';

/** @internal Answers what the request's token says, which the app has verified; undefined for a request without one. */
export type ReadClaims = (req: never) => unknown;

interface Held {
  readonly read?: (req: object) => unknown;
  /** Whether the session of the request counts for nothing. */
  readonly alone?: boolean;
  /** What this request has proved. */
  readonly proved?: { readonly standing: Standing | undefined };
}

const requests = new WeakMap<object, Held>();

/** @internal Says where the claims of this request's token are. They are read late: the app may verify it later. */
export function readClaimsBy(req: object, read: ReadClaims): void {
  requests.set(req, { ...requests.get(req), read: read as (req: object) => unknown });
}

/** @internal Keeps what the login of this request stands for, for the token that the app issues now. */
export function holdProved(req: object, standing: Standing | undefined): void {
  requests.set(req, { ...requests.get(req), proved: { standing } });
}

/** @internal After a login that was refused, and at the end of one. */
export function forgetProved(req: object): void {
  const { read, alone } = requests.get(req) ?? {};
  requests.set(req, { ...(read && { read }), ...(alone && { alone }) });
}

/** @internal From now on the session of this request counts for nothing: it may be another user's. */
export function ignoreSession(req: object): void {
  requests.set(req, { ...requests.get(req), alone: true });
}

/** @throws TypeError for claims that are no object: a text is a token that nobody has verified */
function payloadOf(req: object): object | undefined {
  const payload: unknown = requests.get(req)?.read?.(req);
  if (payload === undefined || payload === null || payload === false) return undefined;
  if (typeof payload === 'object') return payload;
  throw new TypeError(`claims must answer the payload of the token that the app has verified; got ${typeof payload}`);
}

/**
 * @internal Whether a token, and no session, says what the login of this request stands for: only where the app has
 * said where its claims are. A login with `session: false` in an app with sessions leaves them what they are.
 */
export function isByToken(req: SessionRequest): boolean {
  const { read, alone } = requests.get(req) ?? {};
  return read !== undefined && (alone === true || payloadOf(req) !== undefined || !isSession(req.session));
}

/** @internal What that is, of whichever user and epoch. */
export function tokenStanding(req: object): Standing | undefined {
  const { proved } = requests.get(req) ?? {};
  if (proved) return proved.standing;
  const payload = payloadOf(req);
  return payload && standingIn(payload);
}

/** @internal Whether this request has proved something that the client's token does not say yet. */
export const hasProved = (req: object): boolean => requests.get(req)?.proved !== undefined;

/**
 * What belongs into the token that the app issues in this request, after a login with `session: false` or by a token
 * that the app has verified (`claims`). Of the latter times and factors are copied, and get no younger.
 *
 * ```ts
 * app.post('/login', passport.authenticate('local', { session: false }), (req, res) => {
 *   res.json({ token: jwt.sign({ sub: String(req.user.id), ...claimsOf(req) }, secret, { expiresIn: '15m' }) });
 * });
 * ```
 *
 * @throws UserNotLoggedInError where nobody was logged in by this request, and it has no such token
 */
export function claimsOf(req: object): TwoFactorClaims {
  if (!hasProved(req) && payloadOf(req) === undefined) throw new UserNotLoggedInError();
  return claimsFrom(tokenStanding(req));
}

/** @internal What stands for a pending login or a step-up: the client sends back what it was given. */
export function challengeTokenOf(req: object): string | undefined {
  const { challengeToken } = Object((req as { body?: unknown }).body) as { challengeToken?: unknown };
  return typeof challengeToken === 'string' && challengeToken !== '' ? challengeToken : undefined;
}
