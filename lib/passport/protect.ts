import { setAccessor } from '../core/define.js';
import type { Request } from 'express';
import type { StrategyKind } from '../options.js';
import { checkService } from './check-service.js';
import type { TwoFactorService } from '../service/two-factor-service.js';
import { checkOptions, checkText } from '../core/options.js';
import { judgingDoor } from './door.js';
import { introduce, type Passport } from './passports.js';
import type { InnerStrategy } from './run-strategy.js';
import { isPasskeyStrategy } from './passkey-strategy.js';
import { isSecondFactorStrategy, SecondFactorStrategy } from './second-factor-strategy.js';
import { checkKind, readsTokens } from './strategy-kind.js';
import { isTwoFactorStrategy, TwoFactorStrategy, type TwoFactorStrategyOptions } from './two-factor-strategy.js';
import { openDoor, recordVerdict, type Door, type SessionManager } from './verdict.js';

/** Options of `protect`. */
export interface ProtectOptions extends Pick<TwoFactorStrategyOptions, 'service' | 'secondFactorRedirect'> {
  /** Where second factors are kept. */
  readonly service: TwoFactorService;
  /** Wraps these strategies alone, now and later. The logins of the others pass. */
  readonly only?: readonly string[];
  /** Leaves these as they are: their logins pass without a second factor. */
  readonly except?: readonly string[];
  /** How these strategies prove who the user is, where that is not told by itself. */
  readonly kinds?: Readonly<Record<string, StrategyKind>>;
  /** Names this Passport where an app has several: a pending login is finished by the one that began it. */
  readonly name?: string;
}

/** What `protect` has done, by the names of the strategies; without `session` and `two-factor`. */
export interface Protected {
  /** Their logins are halted for a user with a second factor. */
  readonly wrapped: string[];
  /**
   * Left as they are: those of `except`, those that are not in `only`, and those that authenticate a program by
   * token.
   */
  readonly left: string[];
}

/** What a call of `protect` has put in place, and how it is taken away for another service. */
interface Protection {
  readonly service: TwoFactorService;
  readonly undo: () => void;
}

const protections = new WeakMap<Passport, Protection>();

const where = 'protect';
const optionNames = ['service', 'secondFactorRedirect', 'only', 'except', 'kinds', 'name'];

/**
 * Puts the second factor into an app that has its logins already. Every login into a session passes the session manager
 * of its Passport: what nothing has judged is judged there, so that a bare `req.logIn` after a password reset halts
 * like a login by password. Strategies are wrapped too, those registered later as well, which tells how a login was
 * made and serves `session: false`. Those that authenticate a program by token are left out. `'two-factor'` is
 * registered where it is missing.
 *
 * A Passport has one such service at a time. Called again with another one, as by the next app of a test run, it takes
 * over what the last call has wrapped; requests of the app before are then refused by its `twoFactorAuth`.
 *
 * @throws TypeError for an option that there is not, and for a name in `only`, `except` or `kinds` that no strategy
 *   has:
 *   a misspelt one would protect nothing
 */
export function protect(passport: { readonly use: unknown }, options: ProtectOptions): Protected {
  checkService((options as ProtectOptions | undefined)?.service, where);
  checkOptions(where, options, optionNames);
  const registry = passport as unknown as Passport;
  if (typeof registry.use !== 'function' || typeof registry._strategies !== 'object') {
    throw new TypeError("protect: the first argument must be the app's passport: protect(passport, { service })");
  }
  const { service, secondFactorRedirect, only, except = [], kinds = {} } = options;
  checkText(where, 'secondFactorRedirect', { value: secondFactorRedirect, expected: 'a path such as "/2fa"' });
  for (const kind of Object.values(kinds)) checkKind(where, kind);
  for (const name of [...(only ?? []), ...except, ...Object.keys(kinds)]) {
    if (registry._strategies[name] === undefined)
      throw new TypeError(`protect: no strategy is registered as "${name}"; register it first`);
  }
  const before = protections.get(registry);
  const isTakenOver = before !== undefined && before.service !== service;
  if (isTakenOver) before.undo();
  introduce(service, registry, { where, name: options.name });
  guardSessionManager(registry, judgingDoor({ service, secondFactorRedirect }));

  const made = new Map<InnerStrategy | undefined, InnerStrategy>();
  const wrap = (name: string, strategy: InnerStrategy): InnerStrategy => {
    const registered = wrapped(name, strategy);
    if (registered !== strategy) made.set(registered, strategy);
    return registered;
  };
  const wrapped = (name: string, strategy: InnerStrategy): InnerStrategy => {
    if (name === 'session' || isTwoFactorStrategy(strategy) || isJudge(strategy)) return strategy;
    if (except.includes(name) || only?.includes(name) === false) return letThroughBy(strategy);
    if (kinds[name] === undefined && only === undefined && readsTokens(strategy)) return strategy;
    return new TwoFactorStrategy(
      {
        service,
        name,
        ...(kinds[name] && { kind: kinds[name] }),
        ...(secondFactorRedirect !== undefined && { secondFactorRedirect }),
      },
      strategy,
    );
  };
  const use = registry.use.bind(registry);
  const done: Protected = { wrapped: [], left: [] };
  for (const [name, strategy] of Object.entries(registry._strategies)) {
    if (!strategy) continue;
    const registered = wrap(name, strategy);
    if (registered !== strategy) use(name, registered);
    if (name !== 'session' && !isJudge(registered))
      done[isTwoFactorStrategy(registered) ? 'wrapped' : 'left'].push(name);
  }
  // A strategy that is registered later must not be a way round.
  registry.use = (given, strategy) => {
    const inner = strategy ?? (given as InnerStrategy);
    const name = typeof given === 'string' ? given : (inner.name ?? '');
    use(name, wrap(name, inner));
    return registry;
  };
  const own = registry._strategies['two-factor'] === undefined ? new SecondFactorStrategy({ service }) : undefined;
  if (own) use('two-factor', own);
  protections.set(registry, {
    service,
    undo: () => {
      registry.use = use;
      for (const [name, strategy] of Object.entries(registry._strategies)) {
        const inner = made.get(strategy);
        if (inner) use(name, inner);
        else if (strategy === own) Reflect.deleteProperty(registry._strategies, name);
      }
      if (!isTakenOver) before?.undo();
    },
  });
  return done;
}

/** Strategies that judge their logins themselves. */
const isJudge = (strategy: object): boolean => isSecondFactorStrategy(strategy) || isPasskeyStrategy(strategy);

/** Guards the session manager, and the next one where Passport is given another: each time that it is asked for. */
function guardSessionManager(passport: Passport, door: Door): void {
  let manager: SessionManager = passport._sm;
  const guarded = (): SessionManager => {
    if (typeof (manager as SessionManager | undefined)?.logIn === 'function') openDoor(manager, door);
    return manager;
  };
  setAccessor<SessionManager>(passport, '_sm', {
    get: guarded,
    set: (next) => {
      manager = next;
      guarded();
    },
    isListed: true,
  });
  guarded();
}

/** The strategy as it was, whose login says to the door that it is to pass. */
function letThroughBy(strategy: InnerStrategy): InnerStrategy {
  const authenticate = Reflect.get(strategy, 'authenticate') as (
    this: object,
    req: Request,
    options: unknown,
  ) => unknown;
  return Object.create(strategy, {
    authenticate: {
      value(this: { success?: (user: unknown, info?: unknown) => unknown }, req: Request, options: unknown) {
        const { success } = this;
        this.success = (user, info) => {
          recordVerdict(req, { concerns: (other) => other === user, plan: { standing: undefined, keep: [] } });
          return success?.call(this, user, info);
        };
        return authenticate.call(this, req, options);
      },
    },
  }) as InnerStrategy;
}
