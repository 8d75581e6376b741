import { setAccessor } from '../core/define.js';
import type { SessionRequest } from '../standing/session.js';
import type { Passport } from './passports.js';
import type { TwoFactorService } from '../service/two-factor-service.js';
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

/**
 * Where `protect` was called with another service, that one judges the logins of this Passport: to it, users of this
 * app have no second factor. So no request is served, as of an app whose Passport the next one has taken over.
 *
 * @throws TypeError
 */
export function refuseOtherService(passport: Passport, service: TwoFactorService): void {
  const door = doorOf(passport._sm);
  if (!door?.judges || door.service === undefined || door.service === service) return;
  throw new TypeError(
    'twoFactorAuth: protect guards this passport for another TwoFactorService, whose users are not those of this ' +
      'one. Give both the same service, or each a passport of its own; an app that came before must be closed.',
  );
}
