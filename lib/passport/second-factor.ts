import type { Request } from 'express';
import type { MethodName } from '../core/mechanism.js';
import type { Identity } from '../service/context.js';
import type { FinishedLogin } from '../service/login-challenge.js';
import type { TwoFactorService } from '../service/two-factor-service.js';
import { elevate, secondFactorVerified, stepUpToken } from '../session/authentication.js';
import { pendingPassport, pendingToken } from '../session/pending-login.js';
import { hasSession, type Authentication } from '../session/session.js';
import { isSamePassport, passportName, passportOf } from './passports.js';
import { deserializer } from './serialized-user.js';

/** A pending login, as this request tells of it. */
export interface PendingPointer {
  readonly service: TwoFactorService;
  readonly req: Request;
  readonly token: string | undefined;
}

/** Verifies and uses up a pending login in one go. @throws TwoFactorError, before anybody is logged in */
export async function finishLogin(
  { service, req, token }: PendingPointer,
  methods: readonly MethodName[],
  code: unknown,
): Promise<FinishedLogin> {
  const passport = passportName(service, req);
  const { subject } = await service.verification.verifyLogin(
    token === undefined ? undefined : { token, passport },
    methods,
    code,
  );
  const deserialize = deserializer(passportOf(service, req), req);
  return service.logins.finish(subject.challenge, subject.snapshot.securityEpoch, { marked: false, deserialize });
}

/** Verifies a code of the user who is logged in. */
export async function verifyStepUp(
  service: TwoFactorService,
  req: Request,
  identity: Identity,
  methods: readonly MethodName[],
  code: unknown,
): Promise<Authentication> {
  const { subject } = await service.verification.verifyUser(identity, methods, code, stepUpToken(req) ?? '');
  return secondFactorVerified(identity.key, subject.snapshot.securityEpoch, service.settings.clock());
}

/** The same, stamped on the session, whose data is kept. */
export async function stepUp(
  service: TwoFactorService,
  req: Request,
  identity: Identity,
  methods: readonly MethodName[],
  code: unknown,
): Promise<void> {
  const authentication = await verifyStepUp(service, req, identity, methods, code);
  if (hasSession(req)) await elevate(req, authentication);
}

/** The token of the session's pending login, for the Passport that began it: to another one there is none. */
export const sessionToken = (req: Request, passport: string): string | undefined =>
  hasSession(req) && isSamePassport(pendingPassport(req), passport) ? pendingToken(req) : undefined;
