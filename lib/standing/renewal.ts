import { TwoFactorExpiredError, UserNotLoggedInError } from '../errors.js';
import {
  endLogin,
  passportKey,
  sessionId,
  sessionOf,
  settle,
  stateKey,
  stateOf,
  unfitSession,
  type Session,
  type SessionRequest,
} from './session.js';

/** Lies in the old session while it is regenerated: what still has it afterwards has kept the old data. */
const probe = 'twoFactorProbe';

type Done = (error?: unknown) => void;

/**
 * Runs a session's `regenerate` and looks at what it did, since it does nothing where cookie-session was given an empty
 * one: afterwards there is another id on the server, and none of the old data.
 * @param done gets the store's error, or what is wrong with the session
 */
export function regenerateJudged(
  req: SessionRequest,
  regenerate: (done: Done) => unknown,
  done: (error: unknown, unfit?: Error) => void,
): unknown {
  const old = sessionOf(req);
  const before = sessionId(old);
  old[probe] = true;
  return regenerate((error) => {
    const judged = error === undefined || error === null || error === false ? judge(req, old, before) : undefined;
    Reflect.deleteProperty(old, probe);
    done(error, judged);
  });
}

function judge(req: SessionRequest, old: Session, before: string | undefined): Error | undefined {
  // koa-session keeps the object, its data and the id that it tells. A new object is made where the property is set.
  if (req.session === old && before !== undefined && before === old.externalKey) req.session = {};
  const fresh = sessionOf(req);
  const id = sessionId(fresh);
  const isNew = before !== undefined && id !== undefined && id !== before && fresh[probe] === undefined;
  return isNew ? undefined : unfitSession();
}

/**
 * A new session id in place of the old one, which is dead from then on, with nothing but what `keep` picks.
 * @throws Error where that is not what the session has done
 */
export async function regenerate(req: SessionRequest, keep: (key: string) => boolean): Promise<Session> {
  const old = sessionOf(req);
  if (sessionId(old) === undefined) throw unfitSession();
  const kept = Object.entries(old).filter(([key]) => key !== 'cookie' && key !== stateKey && keep(key));
  await new Promise<void>((resolve, reject) => {
    regenerateJudged(
      req,
      (done) => old.regenerate(done),
      (error, unfit) => {
        settle(unfit ?? error, resolve, reject);
      },
    );
  });
  const fresh = sessionOf(req);
  for (const [key, value] of kept) fresh[key] = value;
  return fresh;
}

/** The same session under a new id: all of its data, and what is left of its life. */
export async function renew(req: SessionRequest): Promise<Session> {
  const { cookie } = sessionOf(req);
  // That of a remembered session must not begin anew, and one that ends with the browser still does.
  const left = cookie?.maxAge;
  const session = await regenerate(req, () => true);
  if (session.cookie && left !== undefined) session.cookie.maxAge = left;
  return session;
}

interface Store {
  get(id: string, done: (error?: unknown, session?: unknown) => void): unknown;
}

/**
 * To be called before a session is saved after a wait: while a message was sent or a password checked, the session may
 * have been ended ("log out everywhere"), and saving it would bring it back with its login.
 * @throws UserNotLoggedInError, or TwoFactorExpiredError for a pending login; nobody is logged in by this request then
 */
export async function checkStillThere(req: SessionRequest): Promise<void> {
  const session = sessionOf(req);
  const id = sessionId(session);
  const store = req.sessionStore as Partial<Store> | undefined;
  const { pending } = stateOf(req);
  const key = passportKey(req);
  // Only of a session with a login in it is it known that it has been stored before.
  if (id === undefined || typeof store?.get !== 'function' || !(pending ?? loginIn(session, key))) return;
  const stored = await new Promise<Partial<Session>>((resolve, reject) => {
    store.get?.(id, (error, found) => {
      // Stores in files tell so of a session that is not there.
      const missing = (error as { code?: unknown } | null | undefined)?.code === 'ENOENT';
      settle(
        missing ? undefined : error,
        () => {
          resolve(missing ? {} : (found ?? {}));
        },
        reject,
      );
    });
  });
  const still = pending
    ? (stored[stateKey] as { pending?: { token?: unknown } } | undefined)?.pending?.token === pending.token
    : loginIn(stored, key);
  if (still) return;
  endLogin(req);
  // Without a session there is nothing that express-session could save at the end of the request.
  Reflect.deleteProperty(req, 'session');
  throw pending ? new TwoFactorExpiredError() : new UserNotLoggedInError();
}

const loginIn = (session: Partial<Session>, key: string): boolean =>
  ((session[key] as { user?: unknown } | undefined)?.user ?? undefined) !== undefined;
