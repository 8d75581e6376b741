import type { Request } from 'express';
import { InvalidInputError } from 'passport-two-factor';

/** The body, or an empty one where the client sent none. Its values are untyped: the library checks what it is given. */
export const bodyOf = (req: Request): Request['body'] => req.body ?? {};

const verifiers = ['totp', 'email', 'sms', 'otp', 'backupCode'] as const;

/** Verifies the body's `code` by its `method`, an authenticator app's unless it says otherwise. */
export async function verifyBy(req: Request): Promise<void> {
  const { code, method = 'totp' } = bodyOf(req);
  const verifier = verifiers.find((name) => name === method);
  if (verifier === undefined) throw new InvalidInputError('method', `one of ${verifiers.join(', ')}`);
  await req.auth.twoFactor.verify[verifier](code);
}
