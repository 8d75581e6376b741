import type { Request } from 'express';
import { Strategy } from 'passport';
import { SecondFactorRequiredError } from '../errors.js';
import type { StrategyKind } from '../options.js';
import { TwoFactorService } from '../service/two-factor-service.js';
import { longestStrategyName, readRemember, runStrategy, type InnerStrategy } from './first-factor.js';
import { admit, type FirstFactorLogin } from './gate.js';
import { captureActions } from './settle.js';
import { detectKind } from './strategy-kind.js';

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
  /** How the inner strategy proves who the user is. Default: detected; what is not recognised needs the second factor. */
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

const kinds: readonly StrategyKind[] = ['local', 'oauth', 'unknown'];

/** @internal @throws TypeError that says what was expected */
export function checkService(service: unknown, where: string): asserts service is TwoFactorService {
  // By its shape: with two copies of this package an app's service is not an instance of this class.
  if (service instanceof TwoFactorService || typeof (service as TwoFactorService | undefined)?.setup === 'object') return;
  throw new TypeError(`${where}: service must be a TwoFactorService; got ${typeof service}`);
}

/**
 * Wraps a Passport strategy. A login whose first factor is right goes on for a user without a second factor, and ends
 * with `SecondFactorRequiredError` (or at `secondFactorRedirect`) for one who has it. Everything else that the inner
 * strategy does is passed on unchanged.
 *
 * It halts by `error`, never by `fail`: `passport.authenticate(['wrapped', 'other'])` goes on to `other` after a `fail`.
 */
export class TwoFactorStrategy extends Strategy {
  /** What `passport.authenticate` calls it. */
  override readonly name: string;
  /** The wrapped strategy. */
  readonly inner: InnerStrategy;
  /** How the first factor is proved. */
  readonly kind: StrategyKind;
  private readonly service: TwoFactorService;
  private readonly secondFactorRedirect: string | undefined;

  /** @throws TypeError for a missing service, strategy or name */
  constructor(options: TwoFactorStrategyOptions, inner: InnerStrategy) {
    super();
    checkService((options as TwoFactorStrategyOptions | undefined)?.service, 'TwoFactorStrategy');
    if (typeof (inner as InnerStrategy | undefined)?.authenticate !== 'function') {
      throw new TypeError('TwoFactorStrategy: the second argument must be the Passport strategy to wrap: new TwoFactorStrategy({ service }, new LocalStrategy(verify))');
    }
    const name = options.name ?? inner.name;
    if (typeof name !== 'string' || name === '') throw new TypeError('TwoFactorStrategy: the strategy has no name; give one as { service, name }');
    if (name.length > longestStrategyName) throw new TypeError(`TwoFactorStrategy: name must have 1 to ${longestStrategyName} characters; got ${name.length}`);
    const { kind, secondFactorRedirect } = options as { kind?: unknown; secondFactorRedirect?: unknown };
    if (kind !== undefined && !kinds.some((known) => known === kind)) throw new TypeError(`TwoFactorStrategy: kind must be one of "${kinds.join('", "')}"; got ${typeof kind} ${JSON.stringify(kind)}`);
    if (secondFactorRedirect !== undefined && typeof secondFactorRedirect !== 'string') throw new TypeError(`TwoFactorStrategy: secondFactorRedirect must be a path such as "/2fa"; got ${typeof secondFactorRedirect}`);
    this.name = name;
    this.inner = inner;
    this.kind = options.kind ?? detectKind(inner);
    this.service = options.service;
    this.secondFactorRedirect = options.secondFactorRedirect;
  }

  override authenticate(req: Request, options: TwoFactorAuthenticateOptions = {}): void {
    const actions = captureActions(this);
    const redirect = options.secondFactorRedirect ?? this.secondFactorRedirect;
    let admitted = false;
    const success = (user: unknown, info?: unknown): void => {
      // A strategy that succeeds twice must not begin two logins.
      if (admitted) return;
      admitted = true;
      this.admit(req, user, info, options).then(
        () => { actions.success(user, info); },
        (reason: unknown) => {
          if (redirect !== undefined && SecondFactorRequiredError.is(reason)) actions.redirect(redirect);
          else actions.error(reason);
        },
      );
    };
    runStrategy(this.inner, req, options, { ...actions, success });
  }

  private async admit(req: Request, user: unknown, info: unknown, options: TwoFactorAuthenticateOptions): Promise<void> {
    // `passport.authorize` links an account to the user who is logged in; without one it would be a login.
    // Passport asks for its truth, too: an empty name would log in.
    if (options.assignProperty && req.isAuthenticated()) return;
    const login: FirstFactorLogin = {
      strategy: this.name,
      kind: this.kind,
      remember: readRemember(typeof options.remember === 'function' ? options.remember(req) : options.remember),
      info,
      session: options.session !== false,
      keepSessionInfo: options.keepSessionInfo === true,
    };
    await admit(this.service, req, user as Express.User, login);
  }
}
