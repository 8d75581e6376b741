import { isDeepStrictEqual } from 'node:util';
import type { Request } from 'express';
import { toError } from '../errors.js';
import type { TwoFactorService } from '../service/two-factor-service.js';
import { logInAsPlanned, type LogInPlan } from '../standing/log-in.js';
import { pendingToken } from '../standing/pending-login.js';
import { hasSession, passportKey, sessionOf, setUser, stateOf } from '../standing/session.js';
import { readRemember } from './first-factor.js';
import { admit, type OfRequest } from './gate.js';
import { passportOf } from './passports.js';
import { deserializer, serialize } from './serialized-user.js';
import type { Door, UnjudgedLogIn } from './verdict.js';

/** What `protect` says of a Passport. */
export interface DoorOptions {
  readonly service: TwoFactorService;
  readonly secondFactorRedirect?: string | undefined;
}

/**
 * The door of a protected Passport: a login that nothing in this request has judged is judged here, as one of which
 * nothing is known. It answers no response: what it refuses, it refuses by the error that `req.logIn` calls back with.
 */
export const judgingDoor = (options: DoorOptions): Door => ({
  judges: true,
  service: options.service,
  redirect: options.secondFactorRedirect,
  enter: (login) => enter(options, login),
});

function enter({ service, secondFactorRedirect }: DoorOptions, login: UnjudgedLogIn): unknown {
  const { req, user, options, done, logIn } = login;
  if (!service.settings.enabled) return logIn(options, done);
  // Passport has put the user on the request before it came here: until the judgment nobody is there, and after a
  // refusal.
  setUser(req, undefined);
  let answered = false;
  const answer = (error?: unknown): void => {
    answered = true;
    done(error);
  };
  return judge(service, login, secondFactorRedirect)
    .then((plan) => {
      setUser(req, user);
      return logInAsPlanned({ ...login, done: answer }, plan);
    })
    .catch((reason: unknown) => {
      // What the app's own callback throws is the app's, and is not told to it once more.
      if (answered) throw reason;
      setUser(req, null);
      answer(toError(reason));
    });
}

async function judge(
  service: TwoFactorService,
  login: UnjudgedLogIn,
  redirect: string | undefined,
): Promise<LogInPlan> {
  const { user, options } = login;
  const req = login.req as unknown as Request;
  const carried = await carryOver(service, req, user);
  if (carried) return carried;
  const { remember, secondFactorRedirect } = options as { remember?: unknown; secondFactorRedirect?: unknown };
  const plan = await admit({ service, req }, user as Express.User, {
    strategy: '',
    kind: 'unknown',
    info: undefined,
    session: true,
    remember: readRemember(typeof remember === 'function' ? (remember as (req: Request) => unknown)(req) : remember),
    keepSessionInfo: options.keepSessionInfo === true,
    redirect: typeof secondFactorRedirect === 'string' ? secondFactorRedirect : redirect,
  });
  if (!plan) throw new Error('A login into a session was judged as one without.');
  return plan;
}

/**
 * The user whom this session has already, as after a change of the profile: what the session stands for goes on, and
 * gets no younger. Any doubt about who that is makes it a login like another.
 */
async function carryOver(service: TwoFactorService, req: Request, user: unknown): Promise<LogInPlan | undefined> {
  if (!hasSession(req) || pendingToken(req) !== undefined) return undefined;
  const kept = sessionOf(req)[passportKey(req)] as { user?: unknown } | undefined;
  if (kept?.user === undefined || kept.user === null) return undefined;
  const { key } = service.identify(user);
  const { standing } = stateOf(req);
  const isTheirs = standing?.userKey === key || (await isKept({ service, req }, kept.user, { user, key }));
  return isTheirs
    ? {
        standing: standing?.userKey === key ? standing : undefined,
        keep: service.settings.keepInSession,
      }
    : undefined;
}

async function isKept(
  { service, req }: OfRequest,
  kept: unknown,
  given: { readonly user: unknown; readonly key: string },
): Promise<boolean> {
  const serialized = await serialize(req, given.user);
  // The same value in the session is the same login, whoever it is of.
  if (serialized !== undefined && isDeepStrictEqual(asStored(serialized), asStored(kept))) return true;
  const find = deserializer(passportOf(service, req), req);
  if (!find) return false;
  try {
    return service.identify(await find(kept)).key === given.key;
  } catch {
    return false;
  }
}

/** As it comes out of a session store. */
const asStored = (value: unknown): unknown => (JSON.parse(JSON.stringify({ value })) as { value?: unknown }).value;

const watched = new WeakSet<TwoFactorService>();

/**
 * A Passport that `protect` was not called for: a login that nothing has judged is let go, and told of once where it
 * matters.
 */
export const watchingDoor = (service: TwoFactorService): Door => ({
  judges: false,
  enter: ({ user, options, done, logIn }) =>
    logIn(options, (error) => {
      done(error);
      if ((error !== undefined && error !== null) || watched.has(service) || !service.settings.enabled) return;
      void isEnrolled(service, user).then((enrolled) => {
        if (!enrolled || watched.has(service)) return;
        watched.add(service);
        process.emitWarning(
          'A user with a second factor has logged in without it, by a strategy that is not wrapped or by req.logIn. ' +
            'Call protect(passport, { service }) to guard every login.',
          'TwoFactorWarning',
        );
      });
    }),
});

async function isEnrolled(service: TwoFactorService, user: unknown): Promise<boolean> {
  try {
    return (await service.snapshot(service.identify(user))).authenticators.length > 0;
  } catch {
    return false;
  }
}
