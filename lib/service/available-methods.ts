import { mechanisms, methodNames, type TwoFactorMechanism } from '../core/mechanism.js';
import type { AvailableContact, AvailableMethods, PublicMethods } from '../errors.js';

/** The user's preferred method leads, so that a page offers the first one it finds. */
export function preferredFirst(preferred: TwoFactorMechanism | 0, methods: AvailableMethods): AvailableMethods {
  const name = mechanisms.find((mechanism) => mechanism === preferred);
  const first = name === undefined ? undefined : methods[methodNames[name]];
  return first === undefined || name === undefined ? methods : { [methodNames[name]]: first, ...methods };
}

/** The same without what only the server may see, in the same order. */
export const masked = (methods: AvailableMethods): PublicMethods =>
  Object.fromEntries(
    Object.entries(methods).map(([name, method]: [string, true | AvailableContact]) => [
      name,
      method === true ? true : method.maskedContact,
    ]),
  );
