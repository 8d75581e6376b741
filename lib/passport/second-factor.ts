import type { Request } from 'express';
import type { MethodName } from '../core/mechanism.js';
import type { Identity } from '../service/context.js';
import type { FinishedLogin } from '../service/login-challenge.js';
import type { TwoFactorService } from '../service/two-factor-service.js';
import { elevate, secondFactorVerified, stepUpToken } from '../session/authentication.js';
import { pendingToken } from '../session/pending-login.js';
import { hasSession, type Authentication } from '../session/session.js';

/** Verifies and uses up a pending login in one go. @throws TwoFactorError, before anybody is logged in */
export async function finishLogin(
  service: TwoFactorService, token: string | undefined, methods: readonly MethodName[], code: unknown,
): Promise<FinishedLogin> {
  const { subject } = await service.verification.verifyLogin(token, methods, code);
  return service.logins.finish(subject.challenge, subject.snapshot.securityEpoch, false);
}

/** Verifies a code of the user who is logged in. */
export async function verifyStepUp(
  service: TwoFactorService, req: Request, identity: Identity, methods: readonly MethodName[], code: unknown,
): Promise<Authentication> {
  const { subject } = await service.verification.verifyUser(identity, methods, code, stepUpToken(req) ?? '');
  return secondFactorVerified(identity.key, subject.snapshot.securityEpoch, service.settings.clock());
}

/** The same, stamped on the session, whose data is kept. */
export async function stepUp(
  service: TwoFactorService, req: Request, identity: Identity, methods: readonly MethodName[], code: unknown,
): Promise<void> {
  const authentication = await verifyStepUp(service, req, identity, methods, code);
  if (hasSession(req)) await elevate(req, authentication);
}

export const sessionToken = (req: Request): string | undefined => (hasSession(req) ? pendingToken(req) : undefined);
