import { claimsFrom, type TwoFactorClaims } from '../core/standing.js';
import { deliveredMethods, twoFactorMethods, type DeliveredMethod, type MethodName } from '../core/methods.js';
import { checkOptions } from '../core/options.js';
import type { PasskeyRequestOptions } from '../core/passkeys.js';
import { InvalidInputError } from '../errors.js';
import type { LoginChannel, StrategyKind } from '../options.js';
import type { ChallengeSent } from './code-sending.js';
import type { Context } from './context.js';
import { identify, noFind } from './identity.js';
import { haltOf, type LoginChallenge, type PendingLogin } from './login-challenge.js';
import type { LoginFinish } from './login-finish.js';
import type { LoginGate } from './login-gate.js';
import { readMethods } from './matching.js';
import type { PasskeyCeremonies } from './passkeys.js';
import { openPending, type PendingToken } from './pending-token.js';
import type { Verification } from './verification.js';

/** How the app has found out who the user is. */
export interface TokenLogin {
  /** Names the way, for the record: `'password'`, `'magic-link'`. 1 to 191 characters; it exempts from nothing. */
  readonly via: string;
  /** `'local'` where a password was right, which the claims then tell. Default `'unknown'`. */
  readonly kind?: Exclude<StrategyKind, 'oauth'>;
  /** Where a message went that has proved it: a code that goes there, too, does not finish the login. */
  readonly channel?: LoginChannel;
}

/** A login that is finished, and what belongs into its token. */
export interface FinishedTokenLogin {
  /** As `users.find` answers. */
  readonly user: Express.User;
  /** For the token that the app issues. */
  readonly claims: TwoFactorClaims;
}

const kinds: readonly unknown[] = ['local', 'remembered', 'unknown'];
const channels: readonly unknown[] = deliveredMethods.map((method) => twoFactorMethods[method].channel);

/** @internal Logins of apps that check the first factor themselves and hold no session. */
export class TokenLogins {
  constructor(
    private readonly context: Context,
    private readonly parts: {
      readonly gate: LoginGate;
      readonly logins: LoginChallenge;
      readonly verification: Verification;
      readonly finishing: LoginFinish;
      readonly passkeys: PasskeyCeremonies;
    },
  ) {}

  async login(user: unknown, given: TokenLogin): Promise<TwoFactorClaims> {
    const { settings } = this.context;
    const { kind, channel } = readLogin(given);
    // Said now: a login that nobody can be found for would cost the user a code before it fails.
    if (!settings.users.find) throw new TypeError(noFind);
    const identity = identify(settings, user);
    const { halted, standing } = await this.parts.gate.admit(identity, { kind, isRequired: settings.enabled });
    if (!halted) return claimsFrom(standing);
    const first = { kind, remember: false, info: undefined, carrier: 'token', ...(channel && { channel }) } as const;
    const pending = await this.parts.logins.begin(identity, halted, first);
    await pending.deliver();
    throw haltOf(pending, 'token');
  }

  async finish(challengeToken: unknown, response: unknown, method?: MethodName): Promise<FinishedTokenLogin> {
    const isObject = typeof response === 'object' && response !== null;
    const methods = readMethods(isObject ? (method ?? 'passkey') : method);
    const verified = await this.parts.verification.verifyLogin(pendingOf(challengeToken), { methods, code: response });
    const finished = await this.parts.finishing.finish(verified);
    return { user: finished.user, claims: claimsFrom(this.parts.gate.verified(finished)) };
  }

  /** What a page may show of it; undefined where it has expired. Whether it can be finished, the database tells. */
  shown(pending: PendingToken): Pick<PendingLogin, 'methods' | 'expiresAt'> | undefined {
    const { methods = {}, expiresAt = 0 } = openPending(this.context, pending) ?? {};
    return expiresAt > this.context.settings.clock() ? { methods, expiresAt } : undefined;
  }

  send(challengeToken: unknown, method: DeliveredMethod): Promise<ChallengeSent> {
    return this.parts.logins.sendForLogin(pendingOf(challengeToken), method);
  }

  askPasskey(challengeToken: unknown): Promise<PasskeyRequestOptions> {
    return this.parts.passkeys.forLogin(pendingOf(challengeToken));
  }
}

/** Whatever is no text is a token that has expired. */
const pendingOf = (token: unknown): PendingToken => ({
  token: typeof token === 'string' ? token : '',
  carrier: 'token',
  passport: '',
});

function readLogin(given: TokenLogin): Required<Pick<TokenLogin, 'kind'>> & Pick<TokenLogin, 'channel'> {
  checkOptions('service.login', given, ['via', 'kind', 'channel']);
  const { via, kind = 'unknown' } = given;
  readVia(via);
  const channel = readChannel(given.channel);
  // A provider's answer is judged where it arrives, by its strategy: `requireForOAuth` is asked with its request.
  if (!kinds.includes(kind)) throw new InvalidInputError('kind', '"local", "remembered" or "unknown"');
  return { kind, ...(channel && { channel }) };
}

/** @internal As long as the column in which a pending login of version 0.1 kept it. */
export const longestVia = 191;

/** @internal The name of a way to log in. */
export function readVia(via: unknown): string {
  if (typeof via === 'string' && via.length >= 1 && via.length <= longestVia) return via;
  throw new InvalidInputError('via', `a text of 1 to ${longestVia} characters`);
}

/** @internal */
export function readChannel(channel: unknown): LoginChannel | undefined {
  if (channel === undefined || channels.includes(channel)) return channel as LoginChannel | undefined;
  throw new InvalidInputError('channel', `one of ${channels.map((name) => `"${String(name)}"`).join(', ')}`);
}
