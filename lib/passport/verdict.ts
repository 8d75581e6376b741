import { setOwn } from '../core/define.js';
import type { TwoFactorService } from '../service/two-factor-service.js';
import {
  logInAsPlanned,
  noLogIn,
  type Done,
  type LogInCall,
  type LogInOptions,
  type LogInPlan,
  type LogInRequest,
} from '../standing/log-in.js';

/** What is used of Passport's session manager, structurally: its `logIn` is what every login into a session passes. */
export interface SessionManager {
  logIn: (req: LogInRequest, user: unknown, options?: LogInOptions | Done, done?: Done) => unknown;
  _key?: string;
  _serializeUser?: (user: unknown, req: unknown, done: (error: unknown, serialized?: unknown) => void) => void;
}

/** A login into a session that nothing in this request has judged, or that was judged for another user. */
export interface UnjudgedLogIn extends LogInCall {
  readonly user: unknown;
  readonly manager: SessionManager;
}

/** What becomes of unjudged logins through a session manager. */
export interface Door {
  /** Whether it judges them (`protect`), or lets them go and only watches. */
  readonly judges: boolean;
  /** Where a browser goes whose login is halted. */
  readonly redirect?: string | undefined;
  /** The service of `protect`. */
  readonly service?: TwoFactorService;
  readonly enter: (login: UnjudgedLogIn) => unknown;
}

/** That a login was let through: for this user alone, once, in this request. */
export interface Verdict {
  /** Whether this is the user who was judged. */
  readonly concerns: (user: unknown) => boolean;
  readonly plan: LogInPlan;
}

interface Shared {
  readonly verdicts: WeakMap<object, Verdict>;
  readonly doors: WeakMap<object, Door>;
  readonly guards: WeakSet<object>;
}

// Of the process, not of the module: an app may have two copies of this package, and `passport-two-factor/testing` is
// one.
const key = Symbol.for('passport-two-factor.doors');
const shared = ((globalThis as Record<symbol, unknown>)[key] ??= {
  verdicts: new WeakMap(),
  doors: new WeakMap(),
  guards: new WeakSet(),
} satisfies Shared) as Shared;

/**
 * Keeps that a login was let through, until Passport's session manager makes it.
 * @throws Error where there is no session manager: the app has no `passport.session()`
 */
export function recordVerdict(req: LogInRequest, verdict: Verdict): void {
  const manager = req._sessionManager as SessionManager | undefined;
  if (typeof req.logIn !== 'function' || !manager) throw new Error(noLogIn);
  guardManager(manager);
  shared.verdicts.set(req, verdict);
}

/** A halt ends what was let through before it in the same request. */
export function forgetVerdict(req: object): void {
  shared.verdicts.delete(req);
}

export function openDoor(manager: SessionManager, door: Door): void {
  guardManager(manager);
  shared.doors.set(manager, door);
}

export const doorOf = (manager: object | undefined): Door | undefined =>
  manager ? shared.doors.get(manager) : undefined;

/**
 * Puts us round the manager's `logIn`, which every login into a session passes: of a registered strategy, of one given
 * as an instance, of a custom callback, of a bare `req.logIn`. Without a verdict and a door it does what it did before.
 */
export function guardManager(manager: SessionManager): void {
  const { logIn } = manager;
  if (shared.guards.has(logIn)) return;
  const guarded: SessionManager['logIn'] = (req, user, given, callback) => {
    const done = (typeof given === 'function' ? given : callback) ?? (() => undefined);
    const options = typeof given === 'function' ? {} : (given ?? {});
    const login: UnjudgedLogIn = {
      req,
      user,
      options,
      done,
      manager,
      logIn: (...rest) => logIn.call(manager, req, user, ...rest),
    };
    const verdict = shared.verdicts.get(req);
    // Used up whoever logs in: what was right for one user and one login says nothing of the next.
    shared.verdicts.delete(req);
    if (verdict?.concerns(user)) return logInAsPlanned(login, verdict.plan);
    const door = shared.doors.get(manager);
    return door ? door.enter(login) : logIn.call(manager, req, user, options, done);
  };
  shared.guards.add(guarded);
  setOwn(manager, 'logIn', { value: guarded });
}
