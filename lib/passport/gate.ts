import type { Request } from 'express';
import { SecondFactorRequiredError } from '../errors.js';
import type { Identity } from '../service/context.js';
import type { PreparedSnapshot } from '../service/enrollment-draft.js';
import type { FinishedLogin, FirstFactor } from '../service/login-challenge.js';
import type { TwoFactorService } from '../service/two-factor-service.js';
import { secondFactorVerified } from '../session/authentication.js';
import { planLogIn, type LogInPlan } from '../session/log-in.js';
import { storePending } from '../session/pending-login.js';
import { sessionOf } from '../session/session.js';

export interface FirstFactorLogin extends FirstFactor {
  /** `false`: there is no session, and the halted login is told by a token. */
  readonly session: boolean;
  readonly keepSessionInfo: boolean;
}

/**
 * The one place where a login whose first factor was right is let through or halted. It is let through for a user
 * without a verified method, for an exempt OAuth login, and while the second factor is not enabled.
 *
 * @throws SecondFactorRequiredError where it is halted; whatever else it throws, nobody is logged in
 */
export async function admit(service: TwoFactorService, req: Request, user: Express.User, login: FirstFactorLogin): Promise<void> {
  const { settings } = service;
  const identity = service.identify(user);
  // No session where there should be one is an error here, before anything is decided; never "no second factor".
  if (login.session) sessionOf(req);
  const required = settings.enabled && (await isRequired(service, req, user, login));
  const snapshot = await service.snapshot(identity);
  const { account, authenticators } = snapshot;
  if (required && account && authenticators.length > 0) await halt(service, req, identity, { ...snapshot, account }, login);
  if (!login.session) return;

  const authentication = authenticators.length > 0 ? undefined : {
    userKey: identity.key, at: settings.clock(), epoch: snapshot.securityEpoch, secondFactorAt: 0,
  };
  planLogIn(req, planFor(service, login.remember, authentication));
}

/** Prepares `req.logIn` for a login whose both factors were right. */
export function admitVerified(service: TwoFactorService, req: Request, finished: FinishedLogin): void {
  const { identity, remember, securityEpoch } = finished;
  planLogIn(req, planFor(service, remember, secondFactorVerified(identity.key, securityEpoch, service.settings.clock())));
}

function planFor({ settings }: TwoFactorService, remember: boolean, authentication: LogInPlan['authentication']): LogInPlan {
  return { authentication, keep: settings.keepInSession, ...(remember && { maxAge: settings.rememberFor }) };
}

/** Judged by how this login was made, never by which providers the account is linked to. */
async function isRequired({ settings }: TwoFactorService, req: Request, user: Express.User, login: FirstFactorLogin): Promise<boolean> {
  const { requireForOAuth } = settings;
  const { strategy, kind, info } = login;
  if (kind !== 'oauth') return true;
  if (typeof requireForOAuth === 'boolean') return requireForOAuth;
  if (typeof requireForOAuth !== 'function') return requireForOAuth.includes(strategy);
  const answer: unknown = await requireForOAuth({ strategy, kind, user, info, req });
  // A function that forgets to answer must not exempt anybody.
  if (typeof answer !== 'boolean') throw new TypeError(`twoFactor.requireForOAuth must answer true or false; got ${typeof answer}`);
  return answer;
}

async function halt(
  service: TwoFactorService, req: Request, identity: Identity, snapshot: PreparedSnapshot, login: FirstFactorLogin,
): Promise<never> {
  const pending = await service.logins.begin(identity, snapshot, login);
  if (login.session) {
    const allowed = service.settings.keepInSession;
    await storePending(req, pending, service.settings.clock(), (key) => login.keepSessionInfo || allowed.includes(key));
  }
  // Only now: a message that arrives before its pending login is stored could not be answered.
  await pending.deliver();
  const { methods, availableMethods, expiresAt, token } = pending;
  throw new SecondFactorRequiredError({ methods, availableMethods, expiresAt, ...(!login.session && { challengeToken: token }) });
}
