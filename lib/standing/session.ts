import type { DeliveredMethod } from '../core/methods.js';
import { sha256 } from '../core/keyring.js';
import { readStanding, type Standing } from '../core/standing.js';

/** What is used of express-session, structurally: stores and versions of it differ, this does not. */
export interface Session {
  regenerate(done: (error?: unknown) => void): unknown;
  save(done: (error?: unknown) => void): unknown;
  cookie?: { maxAge?: number | null };
  [key: string]: unknown;
}

/** A request as far as sessions are concerned: Express's, Passport's, or one made in a test. */
export interface SessionRequest {
  session?: unknown;
  sessionStore?: unknown;
  user?: unknown;
  /** Passport's: its `key` and `userProperty` settings. */
  _sessionManager?: { _key?: string } | undefined;
  _userProperty?: string;
}

/** The session key that Passport keeps the logged-in user under. */
export const passportKey = (req: SessionRequest): string => req._sessionManager?._key ?? 'passport';

const userProperty = (req: SessionRequest): string => req._userProperty ?? 'user';

export const userOf = (req: SessionRequest): unknown =>
  (req as Record<string, unknown>)[userProperty(req)] ?? undefined;

export function setUser(req: SessionRequest, user: unknown): void {
  (req as Record<string, unknown>)[userProperty(req)] = user;
}

/** Whether the session says that somebody is logged in. */
export function sessionHasLogin(req: SessionRequest): boolean {
  const session = req.session as Record<string, unknown> | undefined | null;
  return (session?.[passportKey(req)] as { user?: unknown } | undefined)?.user !== undefined;
}

/** Where everything of this library lies in the session. It points and tells; it decides nothing that counts. */
export interface SessionState {
  /** The token of a halted login, and what a page may show of it. */
  pending?: {
    token: string;
    methods: Record<string, unknown>;
    expiresAt: number;
    /** Per method whose code was made: when another one may be asked for (epoch milliseconds), null for never. */
    resendAt: Partial<Record<DeliveredMethod, number | null>>;
    /** Methods whose messages are spent, and when (epoch milliseconds) they can be asked for again. */
    spent?: Partial<Record<DeliveredMethod, { maskedContact: string; retryAt: number }>>;
    /** Epoch milliseconds before which no code of the account is looked at. */
    lockedUntil?: number;
    /** Names the Passport that began it: another one does not finish it. */
    passport?: string;
  };
  /** What the login of this session stands for. */
  standing?: Standing | undefined;
  /** The token of a login by a passkey that was begun. */
  passkey?: string;
  /** The token of a step-up whose code was sent to this session. */
  stepUp?: string;
}

export const stateKey = 'twoFactor';

const unfit =
  'The second factor needs sessions that can be regenerated and live on the server: use express-session with a ' +
  'store. ' +
  'cookie-session cannot, and its cookie would bring a finished login back to life.';

/** What is said of a session that cannot carry a second factor. */
export const unfitSession = (): Error => new Error(unfit);

/** Whether it has what a second factor needs of it. */
export function isSession(session: unknown): session is Session {
  const { regenerate, save } = Object(session) as Partial<Session>;
  return typeof regenerate === 'function' && typeof save === 'function';
}

/** False for an app without sessions (JWT). @throws Error for `cookie-session` and other half sessions */
export function hasSession(req: SessionRequest): boolean {
  const { session } = req;
  if (session === undefined || session === null) return false;
  if (!isSession(session)) throw unfitSession();
  return true;
}

/** @throws Error where there is no session: never taken for "no second factor" */
export function sessionOf(req: SessionRequest): Session {
  if (!hasSession(req)) {
    throw new Error(
      'There is no req.session: mount express-session before Passport, or pass { session: false } to log in by ' +
        'token. If its store is down, nobody is logged in.',
    );
  }
  return req.session as Session;
}

/**
 * The id under which the server keeps the session: `id` of express-session, `externalKey` of koa-session with a store.
 * An id that is data of the session itself is none: it lies in the cookie, or is copied with the data.
 */
export function sessionId(session: Session): string | undefined {
  return ['id', 'externalKey']
    .filter((name) => !Object.prototype.propertyIsEnumerable.call(session, name))
    .map((name) => session[name])
    .find((id): id is string => typeof id === 'string' && id !== '');
}

/** What the session's state is bound to. */
function digestOf(session: Session): string | undefined {
  const id = sessionId(session);
  return id === undefined ? undefined : sha256(id);
}

/**
 * What this very session stands for. What was written for another one and copied here, as by
 * `req.logout({ keepSessionInfo: true })`, is worth nothing.
 */
export function stateOf(req: SessionRequest): SessionState {
  const kept = hasSession(req) ? (req.session as Session)[stateKey] : undefined;
  if (typeof kept !== 'object' || kept === null) return {};
  const { session, ...state } = kept as SessionState & { session?: unknown };
  if (session === undefined || session !== digestOf(req.session as Session)) return {};
  return { ...state, standing: readStanding(state.standing) };
}

/** @throws Error where the session has no id that the state could be bound to */
export function setState(session: Session, state: SessionState | undefined): void {
  if (!state) {
    Reflect.deleteProperty(session, stateKey);
    return;
  }
  const digest = digestOf(session);
  if (digest === undefined) throw unfitSession();
  session[stateKey] = { ...state, session: digest };
}

/** The page that a browser came for, under the name that Passport's own `successReturnToOrRedirect` reads. */
export function keepReturnTo(req: SessionRequest, path: string): void {
  sessionOf(req).returnTo = path;
}

export function save(session: Session): Promise<void> {
  return new Promise((resolve, reject) => {
    session.save((error) => {
      settle(error, resolve, reject);
    });
  });
}

/**
 * Nobody is logged in from now on, and no login is pending: neither in this request nor in what is stored of its
 * session.
 */
export function endLogin(req: SessionRequest): void {
  setUser(req, undefined);
  const session = req.session as Session | undefined;
  if (!session) return;
  Reflect.deleteProperty(session, passportKey(req));
  setState(session, undefined);
}

export function settle(error: unknown, resolve: () => void, reject: (error: Error) => void): void {
  if (error === undefined || error === null || error === false) resolve();
  else reject(error instanceof Error ? error : new Error('The session store failed.', { cause: error }));
}
