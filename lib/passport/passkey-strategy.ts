import type { Request } from 'express';
import { Strategy } from 'passport';
import { setBrand } from '../core/define.js';
import { checkOptions, checkText } from '../core/options.js';
import type { PasskeyRequestOptions } from '../core/passkeys.js';
import { readRemember } from '../core/remember.js';
import { SecondFactorRequiredError } from '../errors.js';
import type { PasskeyLogin } from '../service/passkey-login.js';
import type { TwoFactorService } from '../service/two-factor-service.js';
import { passkeyToken, storePasskeyToken } from '../standing/request-standing.js';
import { holdProved } from '../standing/token-standing.js';
import { checkService } from './check-service.js';
import { admit, letThrough, planOf } from './gate.js';
import { passportName, passportOf } from './passports.js';
import { deserializer } from './serialized-user.js';
import { captureActions, refuse } from './settle.js';

/** Options of `PasskeyStrategy`. */
export interface PasskeyStrategyOptions {
  /** Where second factors are kept. It has the option `passkeys`. */
  readonly service: TwoFactorService;
  /** Default `'passkey'`. */
  readonly name?: string;
  /**
   * `'required'` (default): the authenticator verifies its user, so that the passkey is both factors. `'preferred'`:
   * one that does not is the first factor alone, and a second one is asked for.
   */
  readonly userVerification?: 'required' | 'preferred';
}

/** A login that was begun for a client without a session. */
export interface PasskeyLoginForToken {
  /** For the browser: WebAuthn L3 §5.1.9. */
  readonly options: PasskeyRequestOptions;
  /** To be sent back beside `response`. */
  readonly challengeToken: string;
}

/** What `passport.authenticate('passkey', options)` may say, beside Passport's own options. */
export interface PasskeyAuthenticateOptions {
  /** `false`: `challengeToken` of the body stands for the login, and no session is made. */
  readonly session?: boolean;
  /** Keeps the session for `rememberFor`. */
  readonly remember?: boolean | ((req: Request) => boolean);
  /** Passport's own: a refusal goes there, and is no error. */
  readonly failureRedirect?: string;
  /** Where a login goes whose passkey has verified nobody, instead of the error. */
  readonly secondFactorRedirect?: string;
  /** Keeps all of the session's data. */
  readonly keepSessionInfo?: boolean;
}

/**
 * A login by a passkey alone: no name, no password. `strategy.begin(req)` answers what the browser is to be asked; what
 * it answers is posted as `response` to a route with `passport.authenticate('passkey')`.
 *
 * ```ts
 * const passkey = new PasskeyStrategy({ service });
 * passport.use(passkey);
 * app.post('/login/passkey/options', async (req, res) => res.json(await passkey.begin(req)));
 * app.post('/login/passkey', passport.authenticate('passkey'), (req, res) => res.json({ success: true }));
 * ```
 */
export class PasskeyStrategy extends Strategy {
  /** What `passport.authenticate` calls it. */
  override readonly name: string;
  private readonly service: TwoFactorService;
  private readonly userVerification: 'required' | 'preferred';

  /** @throws TypeError for a missing service, one without passkeys, and for an option that there is not */
  constructor(options: PasskeyStrategyOptions) {
    super();
    checkService((options as PasskeyStrategyOptions | undefined)?.service, 'PasskeyStrategy');
    checkOptions('PasskeyStrategy', options, ['service', 'name', 'userVerification']);
    const { service, name = 'passkey', userVerification = 'required' } = options;
    checkText('PasskeyStrategy', 'name', { value: name, expected: 'the name of the strategy, such as "passkey"' });
    if (!['required', 'preferred'].includes(userVerification))
      throw new TypeError('PasskeyStrategy: userVerification must be "required" or "preferred"');
    if (!service.hasPasskeys)
      throw new TypeError(
        'PasskeyStrategy: the service has no passkeys: new TwoFactorService({ passkeys: passkeys({ … }) })',
      );
    this.name = name;
    this.service = service;
    this.userVerification = userVerification;
  }

  /**
   * Begins a login: what `startAuthentication({ optionsJSON })` of `@simplewebauthn/browser` takes, also with
   * `useBrowserAutofill`. The session keeps what stands for it.
   */
  async begin(req: Request): Promise<PasskeyRequestOptions> {
    const { options, token } = await this.start(req, 'session');
    await storePasskeyToken(req, token);
    return options;
  }

  /** The same for a client without a session: it sends `challengeToken` back beside `response`. */
  async beginForToken(req: Request): Promise<PasskeyLoginForToken> {
    const { options, token } = await this.start(req, 'token');
    return { options, challengeToken: token };
  }

  override authenticate(req: Request, options: PasskeyAuthenticateOptions = {}): void {
    const actions = captureActions(this, req);
    // Whatever comes is answered later.
    actions.returned();
    this.logIn(req, options).then(
      (user) => {
        actions.success(user);
      },
      (reason: unknown) => {
        const { secondFactorRedirect: redirect } = options;
        if (redirect !== undefined && SecondFactorRequiredError.is(reason)) actions.redirect(redirect);
        else refuse(actions, reason, options.failureRedirect);
      },
    );
  }

  private start(req: Request, carrier: 'session' | 'token') {
    const { service, userVerification } = this;
    return service.passkeyLogins.begin({ carrier, passport: passportName(service, req) }, userVerification);
  }

  private async logIn(req: Request, options: PasskeyAuthenticateOptions): Promise<unknown> {
    const { service } = this;
    const body = ((req.body as unknown) ?? {}) as Record<string, unknown>;
    const carrier = options.session === false ? 'token' : 'session';
    const token = carrier === 'token' ? body.challengeToken : passkeyToken(req);
    const begun =
      typeof token === 'string' ? ({ token, carrier, passport: passportName(service, req) } as const) : undefined;
    const find = deserializer(passportOf(service, req), req);
    const login = await service.passkeyLogins.finish(begun, body.response, find);
    await this.enter(req, login, options);
    return login.user;
  }

  /** With the user verified it is both factors; without, the first one. */
  private async enter(req: Request, login: PasskeyLogin, options: PasskeyAuthenticateOptions): Promise<void> {
    const { service } = this;
    const remember = readRemember(typeof options.remember === 'function' ? options.remember(req) : options.remember);
    const of = { service, req };
    if (login.proved.uv === true) {
      if (options.session === false) holdProved(req, service.gate.byPasskey(login));
      else letThrough(of, login.user, planOf(service, { ...login, remember }));
      return;
    }
    const plan = await admit(of, login.user, {
      strategy: this.name,
      kind: 'passkey',
      remember,
      info: undefined,
      session: options.session !== false,
      keepSessionInfo: options.keepSessionInfo === true,
      redirect: options.secondFactorRedirect,
    });
    if (plan) letThrough(of, login.user, plan);
  }
}

// By a symbol of the process, since an app may have two copies of this package.
const brand = Symbol.for('passport-two-factor.PasskeyStrategy');
setBrand(PasskeyStrategy.prototype, brand);

/** @internal Whether a strategy judges its logins itself: it is not wrapped in a first factor. */
export const isPasskeyStrategy = (strategy: object): boolean => (strategy as Record<symbol, unknown>)[brand] === true;
