import { setOwn } from '../core/define.js';
import { regenerateJudged } from './renewal.js';
import { passportKey, save, sessionOf, setState, setUser, type Session, type SessionRequest } from './session.js';
import { secondFactorAt, type Standing } from '../core/standing.js';

export type Done = (error?: unknown) => void;

/** What `req.logIn(user, options)` says; Passport hands on what `passport.authenticate` was told. */
export type LogInOptions = Readonly<Record<string, unknown>>;

export interface LogInRequest extends SessionRequest {
  logIn?: unknown;
}

export interface LogInPlan {
  /** What the new session stands for; undefined for a login that skipped an enrolled factor. */
  readonly standing: Standing | undefined;
  /** The session cookie's life in milliseconds for a remembered login. */
  readonly maxAge?: number;
  /** Session keys that survive the login. */
  readonly keep: readonly string[];
  /** A step-up: all of the session's data survives. */
  readonly keepAll?: boolean;
}

/** A login on its way into the session. */
export interface LogInCall {
  readonly req: LogInRequest;
  readonly options: LogInOptions;
  /** Passport's session manager's own: regenerates the session, writes the user into the new one and saves it. */
  readonly logIn: (options: LogInOptions, done: Done) => unknown;
  readonly done: Done;
}

const isNone = (error: unknown): boolean => error === undefined || error === null;

/** Passport takes a falsy error for none, and would tell the app that the login is there. */
const asError = (error: unknown): Error =>
  error instanceof Error ? error : new Error('The login could not be stored.', { cause: error });

/**
 * Logs in with what the session is to stand for, so that user and standing are stored by one save or not at all:
 *
 *     req.logIn → the session manager's logIn, guarded by verdict.ts → here
 *       regenerate   ours for this one call: judges what it did, and puts the standing on the new session
 *       the user is written into it
 *       save         stores both
 *       done         a failure before it leaves nobody logged in
 */
export function logInAsPlanned({ req, options, logIn, done }: LogInCall, plan: LogInPlan): unknown {
  const mark = markOnRegenerate(req, plan);
  const refused = (error: unknown): void => {
    refuse(req);
    done(asError(error));
  };
  return logIn({ ...options, ...(plan.keepAll && { keepSessionInfo: true }) }, (error) => {
    if (!isNone(error)) refused(error);
    else if (mark.isSet()) done();
    else
      mark.set().then(() => {
        done();
      }, refused);
  });
}

/** Puts the mark on the session that `regenerate` makes. `set` is for a manager that makes none. */
function markOnRegenerate(req: SessionRequest, plan: LogInPlan): { isSet(): boolean; set(): Promise<void> } {
  const before = sessionOf(req);
  const kept = Object.entries(before).filter(([key]) => plan.keep.includes(key));
  // `keepSessionInfo` copies everything, over what is put on the new session: nothing of ours may be there to copy.
  setState(before, undefined);
  if (before.cookie && plan.maxAge !== undefined) before.cookie.maxAge = plan.maxAge;
  let marked = false;
  const mark = (session: Session): void => {
    for (const [key, value] of kept) session[key] = value;
    if (session.cookie && plan.maxAge !== undefined) session.cookie.maxAge = plan.maxAge;
    setState(session, plan.standing && { standing: plan.standing });
    marked = true;
  };
  const regenerate = before.regenerate.bind(before);
  const judged = (done: Done): unknown =>
    regenerateJudged(req, regenerate, (error, unfit) => {
      // A login that rests on no second factor is Passport's own: nothing of ours is put into a session that cannot
      // hold it.
      const refused =
        unfit && (plan.keepAll === true || (plan.standing !== undefined && secondFactorAt(plan.standing) > 0));
      if (!unfit && isNone(error)) mark(sessionOf(req));
      marked = unfit !== undefined || isNone(error);
      done(refused ? unfit : error);
    });
  setOwn(before, 'regenerate', { value: judged });
  return {
    isSet: () => marked,
    set: async () => {
      mark(sessionOf(req));
      await save(sessionOf(req));
    },
  };
}

/**
 * A login that could not be stored is none: express-session would save what is left of it at the end of the request.
 */
function refuse(req: LogInRequest): void {
  setUser(req, null);
  const session = req.session as Session | undefined;
  if (!session) return;
  Reflect.deleteProperty(session, passportKey(req));
  setState(session, undefined);
}

/** Calls `req.logIn` as a promise. */
export function logIn(req: LogInRequest, user: unknown, options: LogInOptions = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    if (typeof req.logIn !== 'function') throw new Error(noLogIn);
    const done = (error?: unknown): void => {
      if (isNone(error)) resolve();
      else reject(asError(error));
    };
    req.logIn.call(req, user, options, done);
  });
}

/** Calls `req.logout` as a promise. */
export function logOut(req: { logout: (done: (error?: unknown) => void) => void }): Promise<void> {
  return new Promise((resolve, reject) => {
    req.logout((error) => {
      if (isNone(error)) resolve();
      else reject(error instanceof Error ? error : new Error('The session store failed.', { cause: error }));
    });
  });
}

export const noLogIn = 'req.logIn is missing: mount app.use(passport.session()) before the login.';
