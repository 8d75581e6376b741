import type { Request } from 'express';
import { SecondFactorRequiredError, toError } from '../errors.js';
import { noFind, type Identity } from '../service/identity.js';
import type { PreparedSnapshot } from '../service/enrollment-draft.js';
import { haltOf, type FirstFactor } from '../service/login-challenge.js';
import type { FinishedLogin } from '../service/login-finish.js';
import type { PasskeyLogin } from '../service/passkey-login.js';
import type { TwoFactorService } from '../service/two-factor-service.js';
import type { LogInPlan } from '../standing/log-in.js';
import { storePending } from '../standing/pending-login.js';
import { sessionOf, setUser } from '../standing/session.js';
import { forgetProved, holdProved } from '../standing/token-standing.js';
import { passportName, passportOf, unknownStrategy } from './passports.js';
import { deserializer, serialize } from './serialized-user.js';
import { forgetVerdict, recordVerdict } from './verdict.js';

/** A request, and the service that judges it. */
export interface OfRequest {
  readonly service: TwoFactorService;
  readonly req: Request;
}

export interface FirstFactorLogin extends Pick<FirstFactor, 'kind' | 'remember' | 'info' | 'channel'> {
  /** What the strategy is called, or the way that the app names. */
  readonly strategy: string;
  /** `false`: there is no session, and the halted login is told by a token. */
  readonly session: boolean;
  readonly keepSessionInfo: boolean;
  /** Every name that the strategy goes by, for a list of names to find it. */
  readonly names?: readonly string[];
  /** Where a browser goes whose login is halted. */
  readonly redirect?: string | undefined;
}

/**
 * The one place where a login whose first factor was right is let through or halted. It is let through for a user
 * without a verified method, for an exempt OAuth login, and while the second factor is not enabled.
 *
 * @returns what the session that Passport makes is to stand for; undefined for a login by token, which `claimsOf` tells
 * @throws SecondFactorRequiredError where it is halted; whatever else it throws, nobody is logged in
 */
export async function admit(
  { service, req }: OfRequest,
  user: Express.User,
  login: FirstFactorLogin,
): Promise<LogInPlan | undefined> {
  try {
    return await judge({ service, req }, user, login);
  } catch (reason) {
    // Neither what an earlier strategy was let through for, nor whom this one has put on the request.
    forgetVerdict(req);
    forgetProved(req);
    if (login.session || SecondFactorRequiredError.is(reason)) setUser(req, undefined);
    if (req.user === user) req.user = undefined;
    throw toError(reason);
  }
}

async function judge(
  { service, req }: OfRequest,
  user: Express.User,
  login: FirstFactorLogin,
): Promise<LogInPlan | undefined> {
  const { settings } = service;
  const identity = service.identify(user);
  // No session where there should be one is an error here, before anything is decided; never "no second factor".
  if (login.session) sessionOf(req);
  const isRequired = settings.enabled && (await isRequiredFor({ service, req }, user, login));
  const { halted, standing } = await service.gate.admit(identity, { kind: login.kind, isRequired });
  if (halted) return halt({ service, req, user, identity }, halted, login);
  if (login.session) return planFor(service, login.remember, standing);
  holdProved(req, standing);
  return undefined;
}

/** What the session of a login whose both factors were right is to stand for. */
export const planVerified = (service: TwoFactorService, finished: FinishedLogin): LogInPlan =>
  planFor(service, finished.remember, service.gate.verified(finished));

/** The same for a passkey that is both factors. */
export const planOf = (service: TwoFactorService, login: PasskeyLogin & { readonly remember: boolean }): LogInPlan =>
  planFor(service, login.remember, service.gate.byPasskey(login));

/** Lets this user, and nobody else, through Passport's door, once and in this request. */
export function letThrough({ service, req }: OfRequest, user: unknown, plan: LogInPlan): void {
  const { key } = service.identify(user);
  recordVerdict(req, { concerns: (other) => isSame(service, other, key), plan });
}

function isSame(service: TwoFactorService, user: unknown, key: string): boolean {
  try {
    return service.identify(user).key === key;
  } catch {
    return false;
  }
}

function planFor({ settings }: TwoFactorService, remember: boolean, standing: LogInPlan['standing']): LogInPlan {
  return { standing, keep: settings.keepInSession, ...(remember && { maxAge: settings.rememberFor }) };
}

/** Judged by how this login was made, never by which providers the account is linked to. */
async function isRequiredFor(
  { service, req }: OfRequest,
  user: Express.User,
  login: FirstFactorLogin,
): Promise<boolean> {
  const { requireForOAuth } = service.settings;
  const { strategy, kind, info, names = [strategy] } = login;
  if (kind !== 'oauth') return true;
  if (typeof requireForOAuth === 'boolean') return requireForOAuth;
  if (typeof requireForOAuth !== 'function') {
    const unknown = unknownStrategy(service, req, requireForOAuth);
    if (unknown.name !== undefined && unknown.certain) {
      throw new TypeError(
        `twoFactor.requireForOAuth names "${unknown.name}", which no strategy of this Passport is called`,
      );
    }
    // A name that cannot be placed may be meant for this strategy.
    return unknown.name !== undefined || names.some((name) => requireForOAuth.includes(name));
  }
  const answer: unknown = await requireForOAuth({ strategy, kind, user, info, req });
  // A function that forgets to answer must not exempt anybody.
  if (typeof answer !== 'boolean')
    throw new TypeError(`twoFactor.requireForOAuth must answer true or false; got ${typeof answer}`);
  return answer;
}

interface Halted extends OfRequest {
  readonly user: Express.User;
  readonly identity: Identity;
}

async function halt(
  { service, req, user, identity }: Halted,
  snapshot: PreparedSnapshot,
  login: FirstFactorLogin,
): Promise<never> {
  const { kind, remember, info, session, keepSessionInfo, redirect, channel } = login;
  const serialized = await serialize(req, user);
  // Said now: a login that nobody can be found for would cost the user a code before it fails.
  if (!service.settings.users.find && (serialized === undefined || !deserializer(passportOf(service, req), req)))
    throw new TypeError(noFind);
  const carrier = session ? 'session' : 'token';
  const first = { kind, remember, info, channel, passport: passportName(service, req), serialized, carrier } as const;
  const pending = await service.logins.begin(identity, snapshot, first);
  if (session) {
    const allowed = service.settings.keepInSession;
    await storePending(req, pending, {
      now: service.settings.clock(),
      keep: (key) => keepSessionInfo || allowed.includes(key),
    });
  }
  // Only now: a message that arrives before its pending login is stored could not be answered.
  await pending.deliver();
  throw haltOf(pending, carrier, redirect);
}
