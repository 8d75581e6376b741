import type { Request } from 'express';
import { TwoFactorExpiredError, UserNotLoggedInError } from '../errors.js';
import { proveFirstFactor, readRemember } from '../passport/first-factor.js';
import { admit, letThrough, planVerified, type FirstFactorLogin } from '../passport/gate.js';
import { deserializer } from '../passport/serialized-user.js';
import { throughPassport } from '../passport/through-passport.js';
import { doorOf } from '../passport/verdict.js';
import type { TwoFactorService } from '../service/two-factor-service.js';
import { readChannel, readVia } from '../service/token-login.js';
import { claimsOfUser } from '../standing/request-standing.js';
import { forgetProved, holdProved, isByToken } from '../standing/token-standing.js';
import { logIn, logOut, type LogInPlan } from '../standing/log-in.js';
import { pendingView, viewOfToken, type PendingView } from '../standing/pending-login.js';
import { setUser, userOf } from '../standing/session.js';
import type { TwoFactorClaims } from '../core/standing.js';
import type { AuthHost } from './auth-host.js';
import { namesOf, readText, type LoginAsOptions } from './login-input.js';
import { reauthenticate } from './reauthenticate.js';
import { RequestToken } from './request-token.js';
import { RequestTwoFactor } from './request-two-factor.js';

/** `req.auth` */
export class RequestAuth {
  /** The second factor of this user. */
  readonly twoFactor: RequestTwoFactor;
  /** @internal */
  readonly token: RequestToken;

  /** @internal */
  constructor(
    private readonly service: TwoFactorService,
    private readonly req: Request,
    private readonly host: AuthHost,
  ) {
    this.twoFactor = new RequestTwoFactor(service, req, host.passport);
    this.token = new RequestToken(service, req);
  }

  /**
   * Proves the first factor by the strategy that `twoFactorAuth({ login })` names, and logs in.
   * @param remember keeps the session for `rememberFor`, after the second factor too; a checkbox's `'on'` counts as
   *   true
   * @throws SecondFactorRequiredError where the login is halted, InvalidCredentialsError where it is refused
   */
  async login(identifier: string, password: string, remember?: unknown): Promise<Express.User> {
    const remembered = readRemember(remember);
    const { user, info, name, kind } = await this.prove(readText('identifier', identifier), password);
    return this.enter(user, { strategy: name, kind, info, remember: remembered });
  }

  /**
   * Logs in a user whom the app has authenticated by itself: sign-up, magic link, password reset.
   * @param options `via` names the way, for the record; it exempts from nothing. `secondFactorRedirect` is where
   *   `secondFactorErrorHandler` sends a browser whose login is halted; default: that of `protect`
   * @throws SecondFactorRequiredError where the login is halted
   */
  async loginAs(user: Express.User, options: LoginAsOptions): Promise<Express.User> {
    const strategy = readVia((options as { via?: unknown } | undefined)?.via);
    const remember = readRemember(options.remember);
    const channel = readChannel(options.channel);
    return this.enter(user, {
      channel,
      strategy,
      kind: 'unknown',
      info: undefined,
      remember,
      redirect: options.secondFactorRedirect,
    });
  }

  /**
   * Finishes the pending login, once a `verify.*` has verified it in this or an earlier request.
   * @throws TwoFactorNotVerifiedError before that, TwoFactorExpiredError where there is nothing to finish
   */
  async completeTwoFactorLogin(): Promise<Express.User> {
    this.twoFactor.checkAwaited();
    const pending = this.twoFactor.pendingToken();
    const known = this.twoFactor.takeVerified(pending);
    const finished = await this.service.finishing.complete(pending, known, deserializer(this.host.passport, this.req));
    if (isByToken(this.req)) {
      holdProved(this.req, this.service.gate.verified(finished));
      setUser(this.req, finished.user);
    } else await this.logIn(finished.user, planVerified(this.service, finished));
    return finished.user;
  }

  /**
   * Asks the current user for the password again; the session's data is kept. For a user without a second factor it
   * renews the recent authentication. For one who has a second factor it renews nothing: only a code allows a change
   * of factors.
   * @throws InvalidCredentialsError, UserNotLoggedInError; TooManyAttemptsError after ten wrong passwords in an hour or
   *   thirty in a day; StepUpRequiredError where the user has a second factor that this session never verified, and
   *   for a user without a password
   */
  async reauthenticate(password: string): Promise<void> {
    const present = await this.twoFactor.present();
    readText('password', password);
    await reauthenticate({ service: this.service, req: this.req }, present, (name) => this.prove(name, password));
  }

  /** @internal Whether this user has a password that can be asked for. */
  async canProvePassword(): Promise<boolean> {
    const { user } = await this.twoFactor.present();
    return (await namesOf(this.service, user)).length > 0;
  }

  /**
   * Ends the login, or the pending one. A token stays good until it expires: the client drops it, and `endStandings`
   * ends what it stands for.
   */
  async logout(): Promise<void> {
    const { req, host } = this;
    if (isByToken(req)) {
      forgetProved(req);
      setUser(req, undefined);
    } else await throughPassport(host.passport, req, () => logOut(req));
  }

  /** False while a login is pending. */
  isLoggedIn(): boolean {
    return userOf(this.req) !== undefined && this.twoFactor.pendingToken() === undefined;
  }

  /** While a login is halted: what it can be finished with, masked, and until when (epoch milliseconds). */
  get pending(): PendingView | undefined {
    const pending = this.twoFactor.pendingToken();
    if (!pending) return undefined;
    if (pending.carrier === 'session') return pendingView(this.req, this.service.settings.clock());
    const shown = this.service.tokenLogins.shown(pending);
    return shown && viewOfToken(shown, pending.token);
  }

  /**
   * What belongs into the token that the app issues now: how and when the user was authenticated. Of a token that this
   * request came with, it is a copy that gets no younger.
   * @throws UserNotLoggedInError where nobody is logged in
   */
  get claims(): TwoFactorClaims {
    if (!this.isLoggedIn()) throw new UserNotLoggedInError();
    return claimsOfUser(this.req, this.service.identify(userOf(this.req)).key);
  }

  /** @internal Whether the pending login can still be finished: its attempts may be spent. */
  async isPendingLive(): Promise<boolean> {
    const pending = this.twoFactor.pendingToken();
    if (!pending) return false;
    try {
      await this.service.verification.ofLogin(pending);
      return true;
    } catch (error) {
      if (error instanceof TwoFactorExpiredError) return false;
      throw error;
    }
  }

  /** Whether a change of factors would be accepted now, so that a page can ask for the step-up before it is needed. */
  isRecent(): Promise<boolean> {
    return this.twoFactor.isRecent();
  }

  /** The account's own address, as `users.email` tells it; undefined when nobody is logged in. */
  get email(): string | undefined {
    const user = userOf(this.req) as Express.User | undefined;
    const email = user === undefined ? undefined : this.service.settings.users.email?.(user);
    return typeof email === 'string' && email !== '' ? email : undefined;
  }

  private prove(identifier: string, password: unknown) {
    const strategy = this.host.findStrategy();
    return proveFirstFactor({ strategy, identifier, password: readText('password', password) }, this.req);
  }

  /** Judges a login and makes it, by the Passport of this `req.auth`. */
  private async enter(
    user: Express.User,
    login: Omit<FirstFactorLogin, 'session' | 'keepSessionInfo'>,
  ): Promise<Express.User> {
    const { service, req, host } = this;
    const session = !isByToken(req);
    const plan = await throughPassport(host.passport, req, () =>
      admit({ service, req }, user, {
        ...login,
        redirect: login.redirect ?? doorOf(host.passport._sm)?.redirect,
        session,
        keepSessionInfo: false,
      }),
    );
    if (session) await this.logIn(user, plan);
    else setUser(req, user);
    return user;
  }

  private logIn(user: Express.User, plan: LogInPlan | undefined): Promise<void> {
    const { service, req, host } = this;
    return throughPassport(host.passport, req, () => {
      if (plan) letThrough({ service, req }, user, plan);
      return logIn(req, user);
    });
  }
}
