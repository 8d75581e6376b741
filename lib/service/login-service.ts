import { byMethod, deliveredMethods, type ByMethod, type DeliveredMethod, type MethodName } from '../core/methods.js';
import type { PasskeyRequestOptions } from '../core/passkeys.js';
import type { TwoFactorClaims } from '../core/standing.js';
import type { ChallengeSent } from './code-sending.js';
import { identityOf } from './identity.js';
import type { FinishedTokenLogin, TokenLogin } from './token-login.js';
import { UseCases } from './use-cases.js';

/** Logins of apps without sessions, and what ends those of a user. */
export class LoginService extends UseCases {
  /**
   * Judges a login of an app without sessions that has checked the first factor itself. Nobody is logged in by it: the
   * app issues a token that holds the claims.
   *
   * ```ts
   * app.post('/login', async (req, res) => {
   *   const user = await checkPassword(req.body.email, req.body.password);
   *   const claims = await service.login(user, { via: 'password', kind: 'local' });
   *   res.json({ token: jwt.sign({ sub: String(user.id), ...claims }, secret, { expiresIn: '15m' }) });
   * });
   * ```
   *
   * @throws SecondFactorRequiredError where the user has a second factor: its `challengeToken` is for `finish`.
   *   TooManyAttemptsError, DeliveryFailedError, InvalidInputError, TypeError without `users.find`
   */
  async login(user: Express.User, options: TokenLogin): Promise<TwoFactorClaims> {
    return this.tokenLogins.login(user, options);
  }

  /**
   * Finishes a login by `challengeToken`, which the client sends back with its code.
   * @param response a code, or for a passkey the browser's JSON
   * @param method which one it is of; default: tried like `SecondFactorStrategy` does
   * @throws InvalidTwoFactorCodeError, InvalidBackupCodeError, TwoFactorExpiredError, TooManyAttemptsError,
   *   TwoFactorNotSetupError, InvalidInputError
   */
  async finish(challengeToken: string, response: unknown, method?: MethodName): Promise<FinishedTokenLogin> {
    return this.tokenLogins.finish(challengeToken, response, method);
  }

  /**
   * Sends a code, or another one, for a login that waits for its second factor.
   * @throws TwoFactorExpiredError, TooManyAttemptsError, TwoFactorNotSetupError, DeliveryFailedError
   */
  readonly challengeLogin: ByMethod<DeliveredMethod, (challengeToken: string) => Promise<ChallengeSent>> & {
    /** Answers what the browser uses a passkey by. */
    readonly passkey: (challengeToken: string) => Promise<PasskeyRequestOptions>;
  } = {
    passkey: (token) => this.tokenLogins.askPasskey(token),
    ...byMethod(deliveredMethods, (method) => (token: string) => this.tokenLogins.send(token, method)),
  };

  /**
   * Ends what every session and token of the user stands for: second factors and recent authentications. Factors stay,
   * and nobody is logged out. For a changed password and "log out everywhere".
   */
  async endStandings(userId: string): Promise<void> {
    return this.ending.endStandings(identityOf(userId));
  }

  /**
   * Erases a user whom the app has erased: no row of any table is left. An error leaves a user whom nobody logs in as
   * until the call is made again. Whoever is given the id later begins with nothing.
   */
  async forget(userId: string): Promise<void> {
    return this.ending.forget(identityOf(userId));
  }
}
