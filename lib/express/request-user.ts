import type { Request } from 'express';
import type { DeliveredMethod, EnrollableMethod, MethodName } from '../core/methods.js';
import { StepUpRequiredError, UserNotLoggedInError } from '../errors.js';
import { presentUser, type Present } from '../passport/by-token.js';
import { pendingOf, stepUp } from '../passport/second-factor.js';
import { nameOfPassport, type Passport } from '../passport/passports.js';
import type { Change } from '../service/context.js';
import type { Identity } from '../service/identity.js';
import type { PasskeyRequestOptions } from '../core/passkeys.js';
import type { ChallengeSent } from '../service/code-sending.js';
import type { TwoFactorService } from '../service/two-factor-service.js';
import type { PendingToken } from '../service/pending-token.js';
import type { MarkedLogin } from '../service/verification.js';
import { withHidden } from '../core/hidden.js';
import {
  canHold,
  carryOver,
  checkFit,
  elevate,
  standingEpoch,
  standingOf,
  stepUpSession,
  stepUpToken,
} from '../standing/request-standing.js';
import { noteSent, renewPending, resendAt } from '../standing/pending-login.js';
import { userOf } from '../standing/session.js';
import { isRecent, withFactor } from '../core/standing.js';

/** The user of a request, with what its session or its token stands for. */
export class RequestUser {
  /** A pending login of a client without a session that this request has verified: its token since. */
  private renewed: string | undefined;

  /** A pending login that this very request has verified, so that completing it need not read it again. */
  private verified: MarkedLogin | undefined;

  /** The `verify.*` of this request that have not answered yet. */
  private readonly running = new Set<Promise<void>>();

  /** @internal */
  constructor(
    protected readonly service: TwoFactorService,
    protected readonly req: Request,
    protected readonly passport: Passport,
  ) {}

  /**
   * @internal What this request has verified, once: only for the login that is pending now, since another one may
   *   have been begun in between.
   */
  takeVerified(pending: PendingToken | undefined): MarkedLogin['subject'] | undefined {
    const { verified } = this;
    this.verified = undefined;
    return verified?.token === pending?.token ? verified?.subject : undefined;
  }

  /** @internal The pending login, where this Passport began it. */
  pendingToken(): PendingToken | undefined {
    const pending = pendingOf(this.req, nameOfPassport(this.service, this.passport));
    return pending && this.renewed !== undefined ? { ...pending, token: this.renewed } : pending;
  }

  /** @internal */
  protected current(): Identity | undefined {
    const user = userOf(this.req);
    return user === undefined ? undefined : this.service.identify(user);
  }

  /** @internal @throws UserNotLoggedInError */
  async present(): Promise<Present> {
    // A login that waits for its second factor is none, whatever the app has put on the request.
    if (this.pendingToken() !== undefined) throw new UserNotLoggedInError();
    return presentUser({ service: this.service, req: this.req });
  }

  /** @internal @throws UserNotLoggedInError */
  protected async loggedIn(): Promise<Identity> {
    return (await this.present()).identity;
  }

  /** @internal */
  async isRecent(): Promise<boolean> {
    try {
      await this.recent();
      return true;
    } catch (error) {
      if (error instanceof StepUpRequiredError || error instanceof UserNotLoggedInError) return false;
      throw error;
    }
  }

  /**
   * @internal
   * For an account with a factor the mark of this epoch comes from a second factor, or is that of the session that has
   * enabled the first one without a code: a password renews neither (`reauthenticate`).
   * @throws StepUpRequiredError where this session's last authentication is too old or skipped an enrolled factor
   */
  protected async recent(): Promise<Identity> {
    const identity = await this.loggedIn();
    const { recentAuthentication, clock } = this.service.settings;
    if (recentAuthentication === false) return identity;
    const { securityEpoch } = await this.service.snapshot(identity);
    const standing = standingOf(this.req, identity.key, securityEpoch);
    if (!standing || !isRecent(standing.at, clock(), recentAuthentication)) {
      checkFit(this.req);
      throw new StepUpRequiredError();
    }
    return { ...identity, judgedAt: securityEpoch };
  }

  /** @internal A change of factors by this session, which keeps its standing while the others lose theirs. */
  protected async change<T>(use: (identity: Identity) => Promise<Change<T>>): Promise<T> {
    const identity = await this.recent();
    const { result, epochs } = await use(identity);
    // The epochs just before and after: where another session's change came in between, this one's standing ends with
    // it.
    if (epochs && canHold(this.req)) await carryOver(this.req, identity.key, epochs);
    return result;
  }

  /** @internal */
  protected async confirm(method: EnrollableMethod, code: unknown): Promise<string[]> {
    // Beginning it needed a recent authentication; fetching the phone may take longer than that lasts.
    // But a session whose standing has ended meanwhile must not confirm what another one has begun.
    const identity = await this.loggedIn();
    const judged =
      this.service.settings.recentAuthentication === false ? {} : { judgedAt: standingEpoch(this.req, identity.key) };
    const { result, epochs, proved } = await this.service.confirming.complete({ ...identity, ...judged }, method, code);
    if (epochs && canHold(this.req)) {
      // What the session has proved before counts at the epoch that the new factor begins, too.
      const before = standingOf(this.req, identity.key, epochs.from);
      const whose = { userKey: identity.key, epoch: epochs.to };
      const factor = { ...proved, at: this.service.settings.clock() };
      await elevate(this.req, withFactor({ ...whose, at: factor.at, factors: before?.factors ?? [] }, factor));
    }
    return result;
  }

  /**
   * @internal For what rests on the verdict of a `verify.*` of this request.
   * @throws Error where one is still running, since its `await` was forgotten
   */
  checkAwaited(): void {
    if (this.running.size === 0) return;
    // What they reject with is told by this error; nobody else waits for it.
    for (const verdict of this.running) verdict.catch(() => undefined);
    throw new Error(
      'completeTwoFactorLogin was called while a verify.* of this request is still running: write "await ' +
        'req.auth.twoFactor.verify.totp(code)".',
    );
  }

  /** @internal */
  protected verifying(verdict: Promise<void>): Promise<void> {
    this.running.add(verdict);
    const done = (): void => {
      this.running.delete(verdict);
    };
    verdict.then(done, done);
    return verdict;
  }

  /** @internal */
  protected async check(methods: readonly MethodName[], code: unknown): Promise<void> {
    const pending = this.pendingToken();
    const response = { methods, code };
    if (!pending && this.current()) return stepUp({ service: this.service, req: this.req }, response);
    const marked = await this.service.verification.markLogin(pending, response);
    if (pending?.carrier === 'session') await renewPending(this.req, marked.token);
    else this.renewed = marked.token;
    this.verified = marked;
  }

  /** @internal */
  protected async send(method: DeliveredMethod): Promise<ChallengeSent> {
    const pending = this.pendingToken();
    if (pending) {
      const sent = await this.service.logins.sendForLogin(pending, method);
      if (pending.carrier === 'session')
        await noteSent(this.req, method, resendAt(sent.resendAfter, this.service.settings.clock()));
      return sent;
    }
    return this.service.stepUps.send(await this.loggedIn(), method, stepUpSession(this.req));
  }

  /** @internal */
  protected async askPasskey(): Promise<PasskeyRequestOptions> {
    const pending = this.pendingToken();
    if (pending) return this.service.passkeys.forLogin(pending);
    let challengeToken = stepUpToken(this.req);
    const session = stepUpSession(this.req, (fresh) => {
      challengeToken = fresh;
    });
    const options = await this.service.passkeys.forStepUp(await this.loggedIn(), session);
    return challengeToken === undefined ? options : withHidden(options, { challengeToken });
  }
}
