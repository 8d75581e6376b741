import type { MethodName } from '../core/methods.js';
import type { Proof } from '../factors/factor.js';

/** How a second factor was proved. */
export interface Proved extends Pick<Proof, 'uv' | 'synced'> {
  readonly method: MethodName;
}

/** That of a match, without what is kept elsewhere. */
export const provedOf = ({ method, uv, synced }: Proved): Proved => ({
  method,
  ...(uv !== undefined && { uv }),
  ...(synced !== undefined && { synced }),
});
