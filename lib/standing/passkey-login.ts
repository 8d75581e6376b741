import { save, sessionOf, setState, stateOf, type SessionRequest } from './session.js';

/**
 * What stands for a login by a passkey that this session has begun, in place of an earlier one.
 * @internal
 */
export async function storePasskeyToken(req: SessionRequest, token: string): Promise<void> {
  const session = sessionOf(req);
  setState(session, { ...stateOf(req), passkey: token });
  await save(session);
}

/** @internal */
export function passkeyToken(req: SessionRequest): string | undefined {
  const token: unknown = stateOf(req).passkey;
  return typeof token === 'string' ? token : undefined;
}
