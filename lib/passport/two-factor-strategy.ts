import { setBrand } from '../core/define.js';
import { checkService } from './check-service.js';
import type { Request } from 'express';
import { Strategy } from 'passport';
import { SecondFactorRequiredError } from '../errors.js';
import type { StrategyKind } from '../options.js';
import type { TwoFactorService } from '../service/two-factor-service.js';
import { checkOptions, checkText } from '../core/options.js';
import { longestStrategyName, readRemember } from './first-factor.js';
import { admit, letThrough } from './gate.js';
import { keepMembers } from './keep-members.js';
import { isLinking } from './linking.js';
import { introduceStrategy, registeredNames } from './passports.js';
import { runStrategy, type InnerStrategy } from './run-strategy.js';
import { captureActions } from './settle.js';
import { checkKind, detectKind } from './strategy-kind.js';

declare module 'passport' {
  interface AuthenticateOptions {
    /** Where a login goes that a `TwoFactorStrategy` halts. */
    secondFactorRedirect?: string | undefined;
    /** Keeps the session for `rememberFor`, once the login is finished. */
    remember?: boolean | ((req: Request) => boolean) | undefined;
  }
}

/** Options of `TwoFactorStrategy`. */
export interface TwoFactorStrategyOptions {
  /** Where second factors are kept. */
  readonly service: TwoFactorService;
  /** The name to be registered and authenticated by. Default: the inner strategy's own. */
  readonly name?: string;
  /**
   * How the inner strategy proves who the user is. Default: detected; what is not recognized needs the second factor.
   */
  readonly kind?: StrategyKind;
  /** Where a halted login goes, instead of `SecondFactorRequiredError`. `passport.authenticate`'s own option wins. */
  readonly secondFactorRedirect?: string;
}

/** What `passport.authenticate(name, options)` may say to a `TwoFactorStrategy`, beside Passport's own options. */
export interface TwoFactorAuthenticateOptions {
  /** Where a halted login goes, instead of the error. */
  readonly secondFactorRedirect?: string;
  /** Keeps the session for `rememberFor`, once the login is finished. */
  readonly remember?: boolean | ((req: Request) => boolean);
  /** `false`: the halted login is told by a token. */
  readonly session?: boolean;
  /** Keeps all of the session's data. */
  readonly keepSessionInfo?: boolean;
  /** Set by `passport.authorize`: accounts are linked. */
  readonly assignProperty?: string;
}

// By a symbol of the process, since an app may have two copies of this package.
const brand = Symbol.for('passport-two-factor.TwoFactorStrategy');

/** @internal Whether a strategy is wrapped already, by whichever copy of this package. */
export const isTwoFactorStrategy = (strategy: object): strategy is TwoFactorStrategy =>
  (strategy as Record<symbol, unknown>)[brand] === true;

interface Own {
  readonly service: TwoFactorService;
  readonly redirect: string | undefined;
}

// Off the strategy, whose other members are those of the strategy that it wraps.
const owned = new WeakMap<object, Own>();

/** What runs is the strategy, or an object that Passport has made of it for one request. */
function findOwn(running: object): { strategy: object; own: Own } {
  for (let strategy = running as object | null; strategy; strategy = Object.getPrototypeOf(strategy) as object | null) {
    const own = owned.get(strategy);
    if (own) return { strategy, own };
  }
  throw new TypeError('TwoFactorStrategy: authenticate was called on something else; call it on the strategy.');
}

/**
 * Wraps a Passport strategy. A login whose first factor is right goes on for a user without a second factor, and ends
 * with `SecondFactorRequiredError` (or at `secondFactorRedirect`) for one who has it. Everything else that the inner
 * strategy does is passed on unchanged, and its members are there: `strategy.logout(…)` runs on the inner one.
 *
 * It halts by `error`, never by `fail`: `passport.authenticate(['wrapped', 'other'])` goes on to `other` after a
 * `fail`.
 */
export class TwoFactorStrategy extends Strategy {
  /** What `passport.authenticate` calls it. */
  override readonly name: string;
  /** The wrapped strategy. */
  readonly inner: InnerStrategy;
  /** How the first factor is proved. */
  readonly kind: StrategyKind;

  /** @throws TypeError for a missing service, strategy or name, and for an option that there is not */
  constructor(options: TwoFactorStrategyOptions, inner: InnerStrategy) {
    super();
    checkService((options as TwoFactorStrategyOptions | undefined)?.service, 'TwoFactorStrategy');
    checkOptions('TwoFactorStrategy', options, ['service', 'name', 'kind', 'secondFactorRedirect']);
    if (typeof (inner as InnerStrategy | undefined)?.authenticate !== 'function') {
      throw new TypeError(
        'TwoFactorStrategy: the second argument must be the Passport strategy to wrap: ' +
          'new TwoFactorStrategy({ service }, new LocalStrategy(verify))',
      );
    }
    const name = options.name ?? inner.name;
    if (typeof name !== 'string' || name === '')
      throw new TypeError('TwoFactorStrategy: the strategy has no name; give one as { service, name }');
    if (name.length > longestStrategyName) {
      throw new TypeError(
        `TwoFactorStrategy: name must have 1 to ${longestStrategyName} characters; got ${name.length}`,
      );
    }
    if (options.kind !== undefined) checkKind('TwoFactorStrategy', options.kind);
    checkText('TwoFactorStrategy', 'secondFactorRedirect', {
      value: options.secondFactorRedirect,
      expected: 'a path such as "/2fa"',
    });
    this.name = name;
    this.inner = inner;
    this.kind = options.kind ?? detectKind(inner);
    introduceStrategy(options.service, [name, inner.name]);
    const strategy = keepMembers(this, inner);
    owned.set(strategy, { service: options.service, redirect: options.secondFactorRedirect });
    return strategy;
  }

  override authenticate(req: Request, options: TwoFactorAuthenticateOptions = {}): void {
    const { strategy, own } = findOwn(this);
    const actions = captureActions(this, req);
    const redirect = options.secondFactorRedirect ?? own.redirect;
    let proved = false;
    const success = (user: unknown, info?: unknown): void => {
      // A strategy that succeeds twice must not begin two logins.
      if (proved) return;
      proved = true;
      this.admit(own.service, strategy, { req, user, info, options, redirect }).then(
        () => {
          actions.success(user, info);
        },
        (reason: unknown) => {
          if (redirect !== undefined && SecondFactorRequiredError.is(reason)) actions.redirect(redirect);
          else actions.error(reason);
        },
      );
    };
    // Nor is what comes after it the end of the request: the gate's answer is.
    const unproved =
      <Given extends unknown[]>(action: (...given: Given) => void) =>
      (...given: Given): void => {
        if (!proved) action(...given);
      };
    const { fail, pass, error } = actions;
    runStrategy(
      this.inner,
      { req, options },
      {
        ...actions,
        success,
        fail: unproved(fail),
        redirect: unproved(actions.redirect),
        pass: unproved(pass),
        error: unproved(error),
      },
    );
  }

  private async admit(
    service: TwoFactorService,
    strategy: object,
    { req, user, info, options, redirect }: Proved,
  ): Promise<void> {
    // `passport.authorize` links an account to the user who is logged in; without one it would be a login.
    if (isLinking(req, options.assignProperty)) return;
    const registered = registeredNames(service, req, strategy);
    const [name = this.name] = registered.filter(({ length }) => length <= longestStrategyName);
    const plan = await admit({ service, req }, user as Express.User, {
      strategy: name,
      names: [...registered, this.name, ...(this.inner.name === undefined ? [] : [this.inner.name])],
      kind: this.kind,
      remember: readRemember(typeof options.remember === 'function' ? options.remember(req) : options.remember),
      info,
      session: options.session !== false,
      keepSessionInfo: options.keepSessionInfo === true,
      redirect,
    });
    if (plan) letThrough({ service, req }, user, plan);
  }
}

interface Proved {
  readonly req: Request;
  readonly user: unknown;
  readonly info: unknown;
  readonly options: TwoFactorAuthenticateOptions;
  readonly redirect: string | undefined;
}

setBrand(TwoFactorStrategy.prototype, brand);
