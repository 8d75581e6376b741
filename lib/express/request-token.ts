import type { Request } from 'express';
import type { TwoFactorClaims } from '../core/standing.js';
import { presentUser } from '../passport/by-token.js';
import type { TwoFactorService } from '../service/two-factor-service.js';
import { claimsOfUser } from '../standing/request-standing.js';
import { sessionHasLogin, setUser, userOf } from '../standing/session.js';
import { hasProved, ignoreSession, isByToken, tokenStanding } from '../standing/token-standing.js';

/** @internal The token of a request, for whoever serves clients without a session. */
export class RequestToken {
  constructor(
    private readonly service: TwoFactorService,
    private readonly req: Request,
  ) {}

  /** Whether it, and no session, says what the login of this request stands for. */
  get counts(): boolean {
    return isByToken(this.req);
  }

  /**
   * Nothing but the token says who sends this request: a cookie beside it may be another user's.
   * @param keep `'nobody'`, where the token is yet to be read. `'user'`, where the app has read it: beside a session
   *   with a login `req.user` may be of either, and is kept only as the one whom the token's claims name.
   */
  ignoreSession(keep: 'nobody' | 'user'): void {
    const { req } = this;
    const user = userOf(req);
    const byCookie = sessionHasLogin(req);
    ignoreSession(req);
    if (user === undefined) return;
    const isClaimed = keep === 'user' && tokenStanding(req)?.userKey === this.service.identify(user).key;
    if (keep === 'nobody' || (byCookie && !isClaimed)) setUser(req, undefined);
  }

  /**
   * Who has proved something in this request that the client's token does not say yet, and what the next one says.
   * @throws UserNotLoggedInError where the app has removed the user
   */
  async newClaims(): Promise<{ readonly user: Express.User; readonly claims: TwoFactorClaims } | undefined> {
    const { service, req } = this;
    if (!isByToken(req) || !hasProved(req)) return undefined;
    const { user, identity } = await presentUser({ service, req });
    return { user, claims: claimsOfUser(req, identity.key) };
  }
}
