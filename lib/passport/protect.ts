import type { TwoFactorService } from '../service/two-factor-service.js';
import type { InnerStrategy } from './first-factor.js';
import { SecondFactorStrategy } from './second-factor-strategy.js';
import { checkService, TwoFactorStrategy, type TwoFactorStrategyOptions } from './two-factor-strategy.js';

/** Options of `protect`. */
export interface ProtectOptions extends Pick<TwoFactorStrategyOptions, 'service' | 'secondFactorRedirect'> {
  /** Where second factors are kept. */
  readonly service: TwoFactorService;
  /** Wraps these strategies alone, now and later. */
  readonly only?: readonly string[];
  /** Leaves these as they are: those that authenticate a program, such as an API key. */
  readonly except?: readonly string[];
}

interface Registry {
  use(name: string | InnerStrategy, strategy?: InnerStrategy): unknown;
  _strategies: Record<string, InnerStrategy | undefined>;
}

/**
 * Puts the second factor round every strategy of an app that has its logins already: those registered by now and those
 * registered later. `session` is left alone, and `'two-factor'` is registered where it is missing.
 *
 * @throws TypeError for a name in `only` or `except` that no strategy has: a misspelt one would protect nothing
 */
export function protect(passport: { readonly use: unknown }, options: ProtectOptions): void {
  checkService((options as ProtectOptions | undefined)?.service, 'protect');
  const registry = passport as unknown as Registry;
  if (typeof registry.use !== 'function' || typeof registry._strategies !== 'object') {
    throw new TypeError('protect: the first argument must be the app\'s passport: protect(passport, { service })');
  }
  const { service, secondFactorRedirect, only, except = [] } = options;
  for (const name of [...(only ?? []), ...except]) {
    if (registry._strategies[name] === undefined) throw new TypeError(`protect: no strategy is registered as "${name}"; register it first`);
  }
  const wrap = (name: string, strategy: InnerStrategy): InnerStrategy => {
    const spared = name === 'session' || except.includes(name) || only?.includes(name) === false;
    if (spared || strategy instanceof TwoFactorStrategy || strategy instanceof SecondFactorStrategy) return strategy;
    return new TwoFactorStrategy({ service, name, ...(secondFactorRedirect !== undefined && { secondFactorRedirect }) }, strategy);
  };
  const use = registry.use.bind(registry);
  for (const [name, strategy] of Object.entries(registry._strategies)) {
    if (strategy) use(name, wrap(name, strategy));
  }
  // A strategy that is registered later must not be a way round.
  registry.use = (given, strategy) => {
    const inner = strategy ?? (given as InnerStrategy);
    const name = typeof given === 'string' ? given : (inner.name ?? '');
    use(name, wrap(name, inner));
    return registry;
  };
  if (registry._strategies['two-factor'] === undefined) use('two-factor', new SecondFactorStrategy({ service }));
}
