import { setBrand } from '../core/define.js';
import type { Request } from 'express';
import { Strategy } from 'passport';
import { TwoFactorExpiredError } from '../errors.js';
import { readMethods } from '../service/matching.js';
import type { TwoFactorService } from '../service/two-factor-service.js';
import { checkStillThere } from '../standing/renewal.js';
import { userOf } from '../standing/session.js';
import { challengeTokenOf, holdProved, isByToken } from '../standing/token-standing.js';
import { checkOptions, checkText } from '../core/options.js';
import { letThrough, planVerified } from './gate.js';
import { passportName } from './passports.js';
import { finishLogin, sessionPending, stepUp, verifyStepUp } from './second-factor.js';
import { captureActions, refuse } from './settle.js';
import { checkService } from './check-service.js';

/** Options of `SecondFactorStrategy`. */
export interface SecondFactorStrategyOptions {
  /** Where second factors are kept. */
  readonly service: TwoFactorService;
  /** Default `'two-factor'`. */
  readonly name?: string;
}

interface SecondFactorAuthenticateOptions {
  readonly session?: boolean;
  readonly failureRedirect?: string;
}

/**
 * The second step of a login: takes `code` (and, to say which, `method`), or `response` for a passkey, from the
 * request's body and finishes the pending login of the session, or with `session: false` that of the body's
 * `challengeToken`. For a user who is logged in and has no pending login it is a step-up; the session keeps its data.
 *
 * A 4xx is answered by `fail` where the route has a `failureRedirect`, so that `failureMessage` and flash messages
 * work, and by an error otherwise, so that `secondFactorErrorHandler` renders it.
 */
export class SecondFactorStrategy extends Strategy {
  /** What `passport.authenticate` calls it. */
  override readonly name: string;
  private readonly service: TwoFactorService;

  /** @throws TypeError for a missing service, and for an option that there is not */
  constructor(options: SecondFactorStrategyOptions) {
    super();
    checkService((options as SecondFactorStrategyOptions | undefined)?.service, 'SecondFactorStrategy');
    checkOptions('SecondFactorStrategy', options, ['service', 'name']);
    checkText('SecondFactorStrategy', 'name', {
      value: options.name,
      expected: 'the name of the strategy, such as "two-factor"',
    });
    this.name = options.name ?? 'two-factor';
    this.service = options.service;
  }

  override authenticate(req: Request, options: SecondFactorAuthenticateOptions = {}): void {
    const actions = captureActions(this, req);
    // Whatever comes is answered later.
    actions.returned();
    this.verify(req, options).then(
      ({ user, info }) => {
        actions.success(user, info);
      },
      (reason: unknown) => {
        refuse(actions, reason, options.failureRedirect);
      },
    );
  }

  private async verify(
    req: Request,
    options: SecondFactorAuthenticateOptions,
  ): Promise<{ user: unknown; info: unknown }> {
    const { service } = this;
    // Codes come from the body only: a query stands in logs and referrers.
    const body = ((req.body as unknown) ?? {}) as Record<string, unknown>;
    const hasResponse = body.response !== undefined && body.response !== '';
    const methods = readMethods(hasResponse ? (body.method ?? 'passkey') : body.method);
    const response = { methods, code: hasResponse ? body.response : body.code };
    const passport = passportName(service, req);
    const user = userOf(req);
    if (options.session === false) {
      // Who is logged in by a token that the app has verified proves a second factor once more.
      if (isByToken(req) && user !== undefined) {
        await stepUp({ service, req }, response);
        return { user, info: undefined };
      }
      const token = challengeTokenOf(req);
      // Whatever is no text is answered like a token that has expired.
      if (token === undefined) throw new TwoFactorExpiredError();
      const finished = await finishLogin({ service, req }, { token, carrier: 'token', passport }, response);
      holdProved(req, service.gate.verified(finished));
      return finished;
    }

    const pending = sessionPending(req, passport);
    if (!pending && user !== undefined) {
      const standing = await verifyStepUp({ service, req }, response);
      await checkStillThere(req);
      letThrough({ service, req }, user, { standing, keep: [], keepAll: true });
      return { user, info: undefined };
    }
    const finished = await finishLogin({ service, req }, pending, response);
    letThrough({ service, req }, finished.user, planVerified(service, finished));
    return finished;
  }
}

// By a symbol of the process, since an app may have two copies of this package.
const brand = Symbol.for('passport-two-factor.SecondFactorStrategy');
setBrand(SecondFactorStrategy.prototype, brand);

/**
 * @internal Whether a strategy is the second step, of whichever copy of this package: it is not wrapped in a first
 * one.
 */
export const isSecondFactorStrategy = (strategy: object): boolean =>
  (strategy as Record<symbol, unknown>)[brand] === true;
