import type { Request } from 'express';
import type { TwoFactorService } from 'passport-two-factor';
import { doorOf, recordVerdict, type SessionManager } from '../passport/verdict.js';
import { logIn, type LogInRequest } from '../standing/log-in.js';
import type { Standing } from '../core/standing.js';

/** How a test's user is logged in. */
export interface TestLogIn {
  /** Whether the session stands for a second factor that was verified just now. Default `false`. */
  readonly secondFactor?: boolean;
  /** Where second factors are kept. Default: the service that `protect` was given. */
  readonly service?: TwoFactorService;
}

/**
 * Logs a test's user in, whoever that is and whatever second factor the user has: through a Passport that `protect`
 * guards, or another. For a route that only the tests of an app have:
 *
 * ```ts
 * app.post('/test/login', async (req, res) => {
 *   await logInAs(req, await users.findOneByOrFail({ id: req.body.id }), { secondFactor: true });
 *   res.end();
 * });
 *
 * await agent.post('/test/login').send({ id: 1 }).expect(200);
 * await agent.get('/admin').expect(200);   // behind requireSecondFactor
 * ```
 *
 * @throws TypeError for `secondFactor` without a service to ask
 */
export async function logInAs(
  req: Request,
  user: Express.User,
  { secondFactor = false, service: given }: TestLogIn = {},
): Promise<void> {
  const door = doorOf((req as { _sessionManager?: SessionManager })._sessionManager);
  const service = given ?? door?.service;
  if (secondFactor && !service)
    throw new TypeError('logInAs: give it the service: logInAs(req, user, { secondFactor: true, service })');
  const standing = secondFactor && service ? await verifiedNow(service, user) : undefined;
  recordVerdict(req as LogInRequest, { concerns: (other) => other === user, plan: { standing, keep: [] } });
  await logIn(req as LogInRequest, user);
}

async function verifiedNow(service: TwoFactorService, user: Express.User): Promise<Standing> {
  const identity = service.identify(user);
  const { securityEpoch: epoch } = await service.snapshot(identity);
  const at = service.settings.clock();
  return { userKey: identity.key, epoch, at, factors: [{ method: 'totp', at }] };
}
