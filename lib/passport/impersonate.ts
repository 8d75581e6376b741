import type { Request } from 'express';
import { InvalidInputError } from '../errors.js';
import { logIn } from '../standing/log-in.js';
import { letThrough } from './gate.js';
import { doorOf, type SessionManager } from './verdict.js';

/** Who becomes somebody else, and why. */
export interface Impersonation {
  /** Who does it, as your records name them: 1 to 191 characters. */
  readonly by: string;
  /** Why, for the record: 1 to 500 characters. */
  readonly reason: string;
}

/**
 * Lets support staff act as a user: an explicit way through the door that `protect` guards. The session stands for no
 * second factor and for no recent authentication, so that guarded routes and changes of factors stay closed. The event
 * `impersonated` tells of it, with `by` and `reason`. Whether the caller may do it is for the app to ask before.
 *
 * @throws InvalidInputError for `by` or `reason`, TypeError where `protect` was not called for the Passport of the
 *   request
 */
export async function impersonate(req: Request, user: Express.User, { by, reason }: Impersonation): Promise<void> {
  checkText('by', by, 191);
  checkText('reason', reason, 500);
  const service = doorOf((req as { _sessionManager?: SessionManager })._sessionManager)?.service;
  if (!service)
    throw new TypeError(
      'impersonate: call protect(passport, { service }) first, and app.use(passport.session()) before this route',
    );
  const { id } = service.identify(user);
  letThrough({ service, req }, user, { standing: undefined, keep: [] });
  await logIn(req, user);
  service.announce('impersonated', { userId: id, by, reason, at: service.settings.clock() });
}

function checkText(field: string, value: unknown, longest: number): void {
  if (typeof value === 'string' && value.trim() !== '' && value.length <= longest) return;
  throw new InvalidInputError(field, `a text of 1 to ${longest} characters`);
}
