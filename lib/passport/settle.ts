import type { Strategy } from 'passport';

/** The five ways in which a strategy ends, as Passport has put them on one request's instance. */
export interface Actions {
  success: (user: unknown, info?: unknown) => void;
  fail: (challenge?: unknown, status?: number) => void;
  redirect: (url: string, status?: number) => void;
  pass: () => void;
  error: (error: unknown) => void;
}

/**
 * Takes the actions off the instance, before anything is awaited: `passport.authenticate(instance)` puts those of the
 * next request on the same object, and a late look would answer that one with this one's user. The first action called
 * is the only one, and it is called outside of any promise, so that an app's callback that throws is not called twice.
 */
export function captureActions(strategy: Strategy): Actions {
  const { success, fail, redirect, pass, error } = strategy as unknown as Actions;
  let settled = false;
  const once = (action: () => void): void => {
    if (settled) return;
    settled = true;
    setImmediate(action);
  };
  return {
    success: (user, info) => { once(() => { success.call(strategy, user, info); }); },
    fail: (challenge, status) => { once(() => { fail.call(strategy, challenge, status); }); },
    redirect: (url, status) => { once(() => { redirect.call(strategy, url, status); }); },
    pass: () => { once(() => { pass.call(strategy); }); },
    error: (reason) => { once(() => { error.call(strategy, reason); }); },
  };
}
