import { regenerateJudged } from './renewal.js';
import { passportKey, save, sessionOf, setState, setUser, type Authentication, type Session, type SessionRequest } from './session.js';

type Done = (error?: unknown) => void;
type LogIn = (user: unknown, options?: unknown, done?: Done) => unknown;

export interface LogInRequest extends SessionRequest {
  logIn?: unknown;
  login?: unknown;
}

export interface LogInPlan {
  /** What the new session stands for; undefined for a login that skipped an enrolled factor. */
  readonly authentication: Authentication | undefined;
  /** The session cookie's life in milliseconds for a remembered login. */
  readonly maxAge?: number;
  /** Session keys that survive the login. */
  readonly keep: readonly string[];
  /** A step-up: all of the session's data survives. */
  readonly keepAll?: boolean;
}

function logInOf(req: LogInRequest): LogIn {
  if (typeof req.logIn === 'function') return req.logIn as LogIn;
  throw new Error('req.logIn is missing: mount app.use(passport.session()) before the login.');
}

/**
 * Prepares the next `req.logIn` of this request, whoever calls it: Passport or the app's custom callback. Passport
 * regenerates the session there, writes the user into the new one and saves it; the mark is put in between, so that
 * user and mark are stored by one save or not at all.
 */
export function planLogIn(req: LogInRequest, plan: LogInPlan): void {
  const original = logInOf(req);
  const previous = req.login;
  const planned: LogIn = (user, options, done) => {
    req.logIn = original;
    req.login = previous;
    const finish = typeof options === 'function' ? (options as Done) : done;
    const given = (typeof options === 'function' ? {} : (options ?? {})) as { session?: boolean };
    if (given.session === false) return original.call(req, user, given, finish);

    const marked = markOnRegenerate(req, plan);
    return original.call(req, user, { ...given, ...(plan.keepAll && { keepSessionInfo: true }) }, (error) => {
      if (error === undefined || error === null) {
        marked().then(() => finish?.(), (failure: unknown) => { refuse(req, failure, finish); });
      } else {
        refuse(req, error, finish);
      }
    });
  };
  req.logIn = planned;
  req.login = planned;
}

/** @returns what makes sure that the mark is there once Passport is done */
function markOnRegenerate(req: SessionRequest, plan: LogInPlan): () => Promise<void> {
  const before = sessionOf(req);
  const kept = Object.entries(before).filter(([key]) => plan.keep.includes(key));
  // `keepSessionInfo` copies everything, over what is put on the new session: nothing of ours may be there to copy.
  setState(before, undefined);
  if (before.cookie && plan.maxAge !== undefined) before.cookie.maxAge = plan.maxAge;
  const mark = (session: Session): void => {
    for (const [key, value] of kept) session[key] = value;
    if (session.cookie && plan.maxAge !== undefined) session.cookie.maxAge = plan.maxAge;
    setState(session, plan.authentication && { authentication: plan.authentication });
  };
  const regenerate = before.regenerate.bind(before);
  let marked = false;
  Object.defineProperty(before, 'regenerate', {
    configurable: true,
    value: (done: Done) => regenerateJudged(req, regenerate, (error, unfit) => {
      // A login that rests on no second factor is Passport's own: nothing of ours is put into a session that cannot hold it.
      const refused = unfit && (plan.keepAll === true || (plan.authentication?.secondFactorAt ?? 0) > 0);
      if (!unfit && (error === undefined || error === null)) mark(sessionOf(req));
      marked = unfit !== undefined || error === undefined || error === null;
      done(refused ? unfit : error);
    }),
  });
  return async () => {
    if (marked) return;
    mark(sessionOf(req));
    await save(sessionOf(req));
  };
}

/** A login that could not be stored is none: express-session would save what is left of it at the end of the request. */
function refuse(req: LogInRequest, error: unknown, finish: Done | undefined): void {
  setUser(req, null);
  const session = req.session as Session | undefined;
  if (session) {
    Reflect.deleteProperty(session, passportKey(req));
    setState(session, undefined);
  }
  finish?.(error);
}

/** Calls `req.logIn`, planned or not, as a promise. */
export function logIn(req: LogInRequest, user: unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    logInOf(req).call(req, user, {}, (error) => {
      if (error === undefined || error === null) resolve();
      else reject(error instanceof Error ? error : new Error('The login could not be stored.', { cause: error }));
    });
  });
}
