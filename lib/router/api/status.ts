import { methodOf } from 'passport-two-factor';
import type { Request } from 'express';
import type { RouterSettings } from '../options.js';
import { authOf } from '../request.js';

/** What a client has to know to show the right page. A token is given where there is a login to protect. */
export async function statusOf(req: Request, { methods, csrf }: RouterSettings): Promise<object> {
  const auth = authOf(req);
  const { pending } = auth;
  if (pending)
    return { state: 'pending', methods: pending.methods, expiresAt: pending.expiresAt, csrfToken: csrf.token(req) };
  if (!auth.isLoggedIn()) return { state: 'anonymous' };
  const authenticators = await auth.twoFactor.list();
  return {
    state: 'authenticated',
    authenticators: authenticators.map(({ mechanism, ...rest }) => ({ ...rest, method: methodOf(mechanism) })),
    backupCodes: await auth.twoFactor.remainingBackupCodes(),
    recent: await auth.isRecent(),
    enrollable: methods,
    csrfToken: csrf.token(req),
  };
}
