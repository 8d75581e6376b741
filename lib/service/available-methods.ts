import { enrollableMethods, isDelivered, keyOf, mechanismOf, methodOf } from '../core/methods.js';
import type { AvailableContact, AvailableMethods, PublicMethods } from '../errors.js';
import type { Snapshot } from '../store/snapshot-store.js';

/**
 * What a login can be finished with; the user's preferred method leads, so that a page offers the first one it finds.
 */
export function available(
  { authenticators, unusedBackupCodes, account }: Snapshot,
  contacts: Partial<Record<string, AvailableContact>>,
): AvailableMethods {
  const has = new Set(authenticators.map(({ mechanism }) => methodOf(mechanism)));
  const apps = [...has].filter((method) => !isDelivered(method));
  const methods: Record<string, true | AvailableContact | undefined> = {
    ...Object.fromEntries(apps.map((method) => [keyOf(method), true])),
    ...contacts,
    ...(unusedBackupCodes > 0 && { [keyOf('backup_code')]: true }),
  };
  const preferred = enrollableMethods.find((method) => mechanismOf(method) === account?.preferred);
  const first = preferred === undefined ? undefined : methods[keyOf(preferred)];
  return preferred === undefined || first === undefined ? methods : { [keyOf(preferred)]: first, ...methods };
}

/** The same without what only the server may see, in the same order. */
export const masked = (methods: AvailableMethods): PublicMethods =>
  Object.fromEntries(
    Object.entries(methods).map(([name, method]: [string, true | AvailableContact]) => [
      name,
      method === true ? true : method.maskedContact,
    ]),
  );
