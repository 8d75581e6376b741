import { setAccessor } from '../core/define.js';
import type { SessionRequest } from '../standing/session.js';
import type { Passport } from './passports.js';
import { doorOf, type SessionManager } from './verdict.js';

/**
 * Nest and others may bring a copy of Passport of their own, whose logins no `protect` of the app's copy sees. A
 * request that such a copy serves is refused, now and when a route of it begins. Another Passport of the same copy is
 * one that the app has made itself.
 *
 * @throws TypeError
 */
export function refuseOtherCopies(passport: Passport, req: SessionRequest): void {
  if (!doorOf(passport._sm)?.judges) return;
  let running = req._sessionManager as SessionManager | undefined;
  check(passport._sm, running);
  setAccessor<SessionManager | undefined>(req, '_sessionManager', {
    get: () => running,
    set: (next) => {
      check(passport._sm, next);
      running = next;
    },
    isListed: true,
  });
}

function check(guarded: SessionManager, running: SessionManager | undefined): void {
  if (!running || doorOf(running)?.judges || running.constructor === guarded.constructor) return;
  throw new TypeError(
    'twoFactorAuth: this request is served by another copy of passport than the one that protect guards, so that ' +
      'its logins would ' +
      'pass without a second factor: give both the same copy (npm ls passport shows them).',
  );
}
