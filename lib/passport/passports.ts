import type { SessionRequest } from '../standing/session.js';
import type { InnerStrategy } from './run-strategy.js';
import type { SessionManager } from './verdict.js';

/** What is used of a Passport, structurally: an app may have a second copy of it. */
export interface Passport {
  _sm: SessionManager;
  readonly _strategies: Record<string, InnerStrategy | undefined>;
  use(name: string | InnerStrategy, strategy?: InnerStrategy): unknown;
  deserializeUser?(serialized: unknown, req: unknown, done: (error: unknown, user?: unknown) => void): void;
}

/** The Passports of an app, as one service knows them. */
interface Known {
  /** Those that were given to `protect`, `twoFactorAuth` or the router. */
  readonly passports: Set<Passport>;
  /** By Passport, or by its session manager where that is all that is known of it. */
  readonly names: WeakMap<object, string>;
  /** Names of the strategies that were wrapped. */
  readonly strategies: Set<string>;
  count: number;
}

const services = new WeakMap<object, Known>();

function knownBy(service: object): Known {
  const known = services.get(service) ?? {
    passports: new Set(),
    names: new WeakMap(),
    strategies: new Set(),
    count: 0,
  };
  services.set(service, known);
  return known;
}

/**
 * Makes a Passport known, at set-up. A pending login belongs to the Passport that began it, so each has a name that is
 * the same in every process of the app: the one that it is given, or its number in the order of these calls.
 *
 * @throws TypeError for a name that is none, or another one than it was given before
 */
export function introduce(
  service: object,
  passport: Passport,
  { where, name }: { readonly where: string; readonly name?: unknown },
): void {
  const known = knownBy(service);
  known.passports.add(passport);
  if (name === undefined) {
    nameOf(known, passport);
    return;
  }
  if (typeof name !== 'string' || !/^[^#].{0,63}$/.test(name)) {
    throw new TypeError(`${where}: name must have 1 to 64 characters and not begin with "#"; got ${typeof name}`);
  }
  const before = known.names.get(passport);
  if (before !== undefined && !before.startsWith('#') && before !== name) {
    throw new TypeError(
      `${where}: this Passport is called "${before}" already; a pending login finds its Passport by that name`,
    );
  }
  known.names.set(passport, name);
}

/** Keeps the names of a strategy that was wrapped, to tell a misspelt name of a list. */
export function introduceStrategy(service: object, names: readonly (string | undefined)[]): void {
  for (const name of names) if (name !== undefined) knownBy(service).strategies.add(name);
}

/** The Passport that runs in this request, where the service knows it. */
export function passportOf(service: object, req: SessionRequest): Passport | undefined {
  const manager = req._sessionManager;
  if (!manager) return undefined;
  const { instance } = (req as { _passport?: { instance?: Passport } })._passport ?? {};
  return [...knownBy(service).passports, ...(instance ? [instance] : [])].find(({ _sm }) => _sm === manager);
}

/**
 * The name of the Passport that runs in this request; '' where none does, as in a test that runs a strategy by hand.
 */
export function passportName(service: object, req: SessionRequest): string {
  const manager = req._sessionManager;
  return manager ? nameOf(knownBy(service), passportOf(service, req) ?? manager) : '';
}

export const nameOfPassport = (service: object, passport: Passport): string => nameOf(knownBy(service), passport);

function nameOf(known: Known, subject: Passport | object): string {
  const manager = (subject as Partial<Passport>)._sm;
  // By first use, where that came before the set-up.
  const name = known.names.get(subject) ?? (manager && known.names.get(manager)) ?? `#${(known.count += 1)}`;
  known.names.set(subject, name);
  return name;
}

/** Whether a pending login of that Passport is this one's; '' stands for any. */
export const isSamePassport = (began: string | undefined, now: string): boolean =>
  !began || now === '' || began === now;

/** The names that a strategy is registered under in the Passport that runs in this request. */
export function registeredNames(service: object, req: SessionRequest, strategy: object): string[] {
  const strategies = passportOf(service, req)?._strategies ?? {};
  return Object.entries(strategies).flatMap(([name, registered]) => (registered === strategy ? [name] : []));
}

/** The first of these names that no strategy has, and whether all strategies of this request's Passport are known. */
export function unknownStrategy(
  service: object,
  req: SessionRequest,
  names: readonly string[],
): { name?: string | undefined; certain: boolean } {
  const known = knownBy(service);
  const running = passportOf(service, req);
  const all = new Set(known.strategies);
  for (const { _strategies } of [...known.passports, ...(running ? [running] : [])]) {
    for (const [name, strategy] of Object.entries(_strategies)) {
      all.add(name);
      if (typeof strategy?.name === 'string') all.add(strategy.name);
    }
  }
  return { name: names.find((name) => !all.has(name)), certain: running !== undefined };
}
