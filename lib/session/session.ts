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
  user?: unknown;
  /** Passport's: its `key` and `userProperty` settings. */
  _sessionManager?: { _key?: string } | undefined;
  _userProperty?: string;
}

/** The session key that Passport keeps the logged-in user under. */
export const passportKey = (req: SessionRequest): string => req._sessionManager?._key ?? 'passport';

const userProperty = (req: SessionRequest): 'user' => (req._userProperty ?? 'user') as 'user';

export const userOf = (req: SessionRequest): unknown => req[userProperty(req)] ?? undefined;

export function setUser(req: SessionRequest, user: unknown): void {
  req[userProperty(req)] = user;
}

/** Where everything of this library lies in the session. It points and tells; it decides nothing that counts. */
export interface SessionState {
  /** The token of a halted login, and what a page may show of it. */
  pending?: {
    token: string;
    methods: Record<string, unknown>;
    expiresAt: number;
    /** Per method whose code was made: when another one may be asked for (epoch milliseconds), null for never. */
    resendAt: Partial<Record<'email' | 'sms', number | null>>;
    /** Names the Passport that began it: another one does not finish it. */
    passport?: string;
  };
  /** How and when this session was authenticated. */
  authentication?: Authentication;
  /** The token of a step-up whose code was sent to this session. */
  stepUp?: string;
}

export interface Authentication {
  /** Digest of the user's id: another user who comes to own this session has none of it. */
  userKey: string;
  /** Epoch milliseconds of the last authentication that skipped no enrolled factor. */
  at: number;
  /** The account's security epoch then: a change of factors elsewhere ends what this session stands for. */
  epoch: number;
  /** Epoch milliseconds of the last second factor in this session, 0 for none: a password does not make it any younger. */
  secondFactorAt: number;
}

const stateKey = 'twoFactor';

/** True for an app without sessions (JWT); `cookie-session` and other half sessions throw. */
export function hasSession(req: SessionRequest): boolean {
  const { session } = req;
  if (session === undefined || session === null) return false;
  const { regenerate, save } = session as Partial<Session>;
  if (typeof regenerate !== 'function' || typeof save !== 'function') {
    throw new Error(
      'The second factor needs sessions that can be regenerated and live on the server: use express-session with a store. ' +
      'cookie-session cannot, and its cookie would bring a finished login back to life.',
    );
  }
  return true;
}

/** @throws Error where there is no session: never taken for "no second factor" */
export function sessionOf(req: SessionRequest): Session {
  if (!hasSession(req)) {
    throw new Error('There is no req.session: mount express-session before Passport, or pass { session: false } to log in by token. If its store is down, nobody is logged in.');
  }
  return req.session as Session;
}

export function stateOf(req: SessionRequest): SessionState {
  const state = hasSession(req) ? (req.session as Session)[stateKey] : undefined;
  return typeof state === 'object' && state !== null ? state : {};
}

export function setState(session: Session, state: SessionState | undefined): void {
  if (state) session[stateKey] = state;
  else Reflect.deleteProperty(session, stateKey);
}

export function save(session: Session): Promise<void> {
  return new Promise((resolve, reject) => {
    session.save((error) => { settle(error, resolve, reject); });
  });
}

/** A new session id in place of the old one, which is dead from then on, with nothing but what `keep` picks. */
export async function regenerate(req: SessionRequest, keep: (key: string) => boolean): Promise<Session> {
  const old = sessionOf(req);
  const kept = Object.entries(old).filter(([key]) => key !== 'cookie' && key !== stateKey && keep(key));
  await new Promise<void>((resolve, reject) => {
    old.regenerate((error) => { settle(error, resolve, reject); });
  });
  const fresh = sessionOf(req);
  for (const [key, value] of kept) fresh[key] = value;
  return fresh;
}

function settle(error: unknown, resolve: () => void, reject: (error: Error) => void): void {
  if (error === undefined || error === null || error === false) resolve();
  else reject(error instanceof Error ? error : new Error('The session store failed.', { cause: error }));
}
