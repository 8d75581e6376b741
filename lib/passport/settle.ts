import type { Request } from 'express';
import type { Strategy } from 'passport';
import { SecondFactorRequiredError, TooManyAttemptsError, toError, TwoFactorError } from '../errors.js';

/** The five ways in which a strategy ends, as Passport has put them on one request's instance. */
export interface Actions {
  success: (user: unknown, info?: unknown) => void;
  fail: (challenge?: unknown, status?: number) => void;
  redirect: (url: string, status?: number) => void;
  pass: () => void;
  error: (error: unknown) => void;
}

export const actionNames = [
  'success',
  'fail',
  'redirect',
  'pass',
  'error',
] as const satisfies readonly (keyof Actions)[];

/** Passport's actions for one request, of which the first one called is the only one. */
export interface CapturedActions extends Actions {
  /** The strategy's `authenticate` has returned: from now on nobody is there to catch what an action throws. */
  returned: () => void;
  /** What an action has thrown and `authenticate` has thrown on: Express is to have it, and Passport not again. */
  hasThrown: (reason: unknown) => boolean;
}

/**
 * Takes the actions off the instance, before anything is awaited: `passport.authenticate(instance)` puts those of the
 * next request on the same object, and a late look would answer that one with this one's user.
 *
 * An action may throw, for it calls the app's custom callback. While Passport's own call is still running, that goes up
 * to Express as with the bare strategy; later it is given to Express here, or it would end the process.
 */
export function captureActions(strategy: Strategy, req: Request): CapturedActions {
  const { success, fail, redirect, pass, error } = strategy as unknown as Actions;
  let settled = false;
  let running = true;
  let reported = false;
  let thrown: { reason: unknown } | undefined;
  const once = (action: () => void): void => {
    if (settled) return;
    settled = true;
    try {
      action();
    } catch (reason) {
      thrown = { reason };
      if (running) throw reason;
      reported = true;
      tellExpress(req, reason);
    }
  };
  return {
    success: (user, info) => {
      once(() => {
        success.call(strategy, user, info);
      });
    },
    fail: (challenge, status) => {
      once(() => {
        fail.call(strategy, challenge, status);
      });
    },
    redirect: (url, status) => {
      once(() => {
        redirect.call(strategy, url, status);
      });
    },
    pass: () => {
      once(() => {
        pass.call(strategy);
      });
    },
    error: (reason) => {
      if (thrown && !reported) {
        // passport-local and others catch what the callback throws, and report it: once. An async one rejects with it.
        reported = true;
        if (running) settled = false;
        else tellExpress(req, reason);
      }
      once(() => {
        error.call(strategy, toError(reason));
      });
    },
    returned: () => {
      running = false;
    },
    hasThrown: (reason) => thrown !== undefined && thrown.reason === reason,
  };
}

/**
 * Ends a strategy of ours whose login was refused. A 4xx is answered by `fail` where the route has a `failureRedirect`,
 * so that `failureMessage` and flash messages work, and by an error otherwise.
 */
export function refuse(actions: Actions, reason: unknown, failureRedirect: string | undefined): void {
  const isRefusal = reason instanceof TwoFactorError && reason.status < 500 && !SecondFactorRequiredError.is(reason);
  if (failureRedirect === undefined || !isRefusal) {
    actions.error(reason);
    return;
  }
  const { code, message, status } = reason;
  actions.fail(
    { code, message, ...(reason instanceof TooManyAttemptsError && { retryAfter: reason.retryAfter }) },
    status,
  );
}

/** Express keeps its `next` on the request. Without Express nobody can be told but the process, by a warning. */
function tellExpress(req: Request, reason: unknown): void {
  const error = toError(reason);
  if (typeof req.next === 'function') req.next(error);
  else process.emitWarning(error);
}
