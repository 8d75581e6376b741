import type { TwoFactorService } from 'passport-two-factor';
import type { ProtectedPassport } from './options.js';

/** What an app has left in a Passport, besides its strategies. */
interface Left {
  readonly service: TwoFactorService;
  readonly functions: ReadonlySet<unknown>;
}

interface Serializers {
  _serializers?: unknown[];
  _deserializers?: unknown[];
}

const lefts = new WeakMap<object, Left>();

/**
 * One app of a test run after the other registers its `PassportSerializer` with the same Passport, which asks the
 * oldest first: that of an app that is closed, for users of a database that is closed. They go when the next app comes,
 * whose own are there by then. (`protect` does the same to strategies.) Apps that share one service keep theirs.
 */
export function takeOver(passport: ProtectedPassport, service: TwoFactorService): void {
  const lists = passport as ProtectedPassport & Serializers;
  const before = lefts.get(passport);
  const all: unknown[] = [];
  for (const name of ['_serializers', '_deserializers'] as const) {
    const list = lists[name];
    if (!Array.isArray(list)) continue;
    if (before && before.service !== service)
      list.splice(0, list.length, ...list.filter((one) => !before.functions.has(one)));
    all.push(...list);
  }
  lefts.set(passport, { service, functions: new Set(all) });
}
