import type { Passkeys } from './core/passkeys.js';
import type { Request } from 'express';
import type {} from 'passport';
import type { DataSource } from 'typeorm';
import type { DeliveredMechanism, DeliveredMethod, MethodTable } from './core/methods.js';
import type { ChallengePurpose } from './core/one-time-code.js';

/** The app's user: `Express.User` where the app has declared its members, as @types/passport asks, else untyped. */
export type AppUser = keyof Express.User extends never ? any : Express.User;

/** Milliseconds, or a text such as `'30s'`, `'5m'`, `'1h'`, `'30d'`. */
export type Duration = number | string;

/** How the library knows the app's users. */
export interface UserAdapter {
  /** The user's stable id, 1 to 191 characters. The second factor is bound to it alone. */
  id(user: AppUser): string;
  /** The account's own address: the default e-mail contact, and the label in the TOTP URI. */
  email?(user: AppUser): string | null | undefined;
  /** Another label, such as a user name. */
  label?(user: AppUser): string | null | undefined;
  /**
   * Asked again after the second factor; null or undefined (removed, disabled) refuses the login. `login` has what
   * was kept where the login was halted. Without `find`, Passport's own `deserializeUser` finds the user.
   */
  find?(id: string, login: KeptLogin): AppUser | null | undefined | Promise<AppUser | null | undefined>;
  /**
   * For an app with passwords, some of whose users come by a provider alone: false for one without a password, who is
   * never asked for it. Default: everybody has one.
   */
  hasPassword?(user: AppUser): boolean | Promise<boolean>;
}

/** What was kept, sealed, of a login that was halted: for apps whose users live in the session alone (SAML, OIDC). */
export interface KeptLogin {
  /** What Passport's `serializeUser` gave; undefined where there is none, or no login. */
  readonly serialized?: unknown;
  /** What the strategy gave with the user. */
  readonly info?: unknown;
}

/** A message for the app to send. It holds a live code: keep it out of logs. */
export interface CodeMessage {
  /** The way that it goes. */
  readonly mechanism: DeliveredMechanism;
  /** The whole address, or the phone number in E.164. */
  readonly to: string;
  /** The live code. */
  readonly code: string;
  /** What the code is for. */
  readonly purpose: ChallengePurpose;
  /** As `users.id` gives it. */
  readonly userId: string;
  /** The app's name, of `twoFactor.issuer`. */
  readonly issuer: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/** Sends one message; what it throws, or rejects with, is a `DeliveryFailedError`. */
export type Send = (message: CodeMessage) => unknown;

/**
 * How a strategy proves the first factor: by a password, by a redirect to a provider, by a cookie that the app has left
 * in the browser (`remembered`: it earns no recent authentication), or in another way, which is treated like a
 * password.
 */
export type StrategyKind = 'local' | 'oauth' | 'remembered' | 'unknown';

/** Where a message goes that proves a login: `'email'` or `'phone'`. */
export type LoginChannel = MethodTable[DeliveredMethod]['channel'];

/** @internal The same, and what `PasskeyStrategy` alone may say: others prove no passkey to this package. */
export type FirstFactorKind = StrategyKind | 'passkey';

/** A login that `requireForOAuth` is asked about. */
export interface OAuthLogin {
  /** The name of the strategy that made this login. */
  readonly strategy: string;
  /** Always `oauth` here. */
  readonly kind: StrategyKind;
  /** Whom the strategy has found. */
  readonly user: AppUser;
  /** What the strategy gave with the user. */
  readonly info: unknown;
  /** The callback's request. */
  readonly req: Request;
}

/**
 * Whether a login through OAuth needs the second factor: none (`false`, the identity provider is trusted to have
 * asked), all, those of the strategies named, or what a function says of this one login. It exempts logins, never
 * accounts.
 */
export type RequireForOAuth = boolean | readonly string[] | ((login: OAuthLogin) => boolean | Promise<boolean>);

/**
 * Who must have a second factor: nobody, everybody, those of whom a function says so, or everybody after a date. The
 * date is kept for each user when it is first told: moving it later puts nobody's deadline off.
 */
export type Enforce = boolean | ((user: AppUser) => boolean | Promise<boolean>) | { readonly after: Date };

/** The block of the second factor itself. */
export interface TwoFactorSettings {
  /** `false`: strategies and guards let pass; enrollment and management still work. Default `true`. */
  readonly enabled?: boolean;
  /** The app's name in authenticator apps and messages, without ":". */
  readonly issuer: string;
  /** Digits of a delivered code, 6 to 10. Default 6. */
  readonly codeLength?: number;
  /** Lifetime of a delivered code, 10 seconds to 10 minutes. Default `'5m'`. */
  readonly tokenExpiry?: Duration;
  /** TOTP steps of 30 s accepted to either side (RFC 6238 §5.2), 0 to 2. Default 1. */
  readonly totpWindow?: number;
  /** Backup codes of a set, 1 to 32. Default 10. */
  readonly backupCodesCount?: number;
  /** Which logins through OAuth need it. Default `false`: none. */
  readonly requireForOAuth?: RequireForOAuth;
  /** Who must have a second factor; see `requireEnrollment`. Default `false`. */
  readonly enforce?: Enforce;
}

/** Limits of guessing and of sending, for each user. */
export interface LimitSettings {
  /** Consecutive wrong codes that end the pending logins and start the backoff, 3 to 10. Default 5. */
  readonly attempts?: number;
  /** First backoff, doubled by each further failure; 10 s to 1 h. Default `'30s'`. */
  readonly backoff?: Duration;
  /** Longest backoff, 1 minute to 1 day. Default `'1h'`. */
  readonly maxBackoff?: Duration;
  /**
   * Failures in the window that suspend, 10 to 100; each counts as a third of the codes it was compared with. Default
   * 100.
   */
  readonly suspendAfter?: number;
  /** The window of `suspendAfter`, 1 to 90 days; it slides by days. Default `'30d'`. */
  readonly suspensionWindow?: Duration;
  /** Messages an hour, for each user and method, 1 to 20. Default 5. */
  readonly sendsPerHour?: number;
  /** Messages a day, 1 to 50. Default 10. */
  readonly sendsPerDay?: number;
  /**
   * Live pending logins of a user, 1 to 20; a new one past it ends the oldest that is older than a minute. Default 5.
   */
  readonly pendingLogins?: number;
  /** Factors of a user, over all methods, 1 to 50; a further one is `INVALID_INPUT`. Default 20. */
  readonly factors?: number;
}

/** Options of `TwoFactorService`. */
export interface TwoFactorOptions {
  /**
   * A TypeORM DataSource whose entities include `twoFactorEntities()`; where it is not initialized, the first
   * statement opens it.
   */
  readonly db: DataSource;
  /** `"name:BASE64"`, newest first, comma-separated; 32 bytes each (`generateKey`). The first seals, all open. */
  readonly keys: string | undefined;
  /** The app's users. */
  readonly users: UserAdapter;
  /** The second factor itself. */
  readonly twoFactor: TwoFactorSettings;
  /** Senders. Without one, the code is handed to the app (`otpValue`). */
  readonly deliver?: Readonly<Partial<Record<DeliveredMethod, Send>>>;
  /** Epoch milliseconds; the only source of time. Default `Date.now`. */
  readonly clock?: () => number;
  /** The session cookie's life after a login with `remember`, 1 minute to 366 days. Default `'30d'`. */
  readonly rememberFor?: Duration;
  /** Passkeys: what `passkeys()` of `passport-two-factor/webauthn` answers. Default: none. */
  readonly passkeys?: Passkeys;
  /** Life of a pending login, 1 to 15 minutes. Default `'10m'`. */
  readonly loginExpiry?: Duration;
  /** When e-mail and SMS codes are made: at the halt, or when `challenge.*` asks. Default `'login'`. */
  readonly challengeOn?: 'login' | 'request';
  /** How fresh the authentication for a change of factors must be, 1 minute to 1 hour; `false`: any. Default `'5m'`. */
  readonly recentAuthentication?: Duration | false;
  /** How long a sender may take, 10 ms to 1 minute. Default `'10s'`. */
  readonly deliverTimeout?: Duration;
  /** Refuses a contact before anything is sent to it. Default: all are allowed. */
  readonly allowDestination?: (contact: string, mechanism: DeliveredMechanism) => boolean | Promise<boolean>;
  /** Session keys that survive the halt and the login. Default `['returnTo']`. */
  readonly keepInSession?: readonly string[];
  /** Limits of guessing and of sending. */
  readonly limits?: LimitSettings;
}

/** @internal `users`, as the library calls it: what the app answers is checked before it is believed. */
export interface CheckedUsers {
  id(user: Express.User): unknown;
  email?(user: Express.User): unknown;
  label?(user: Express.User): unknown;
  find?(id: string, login: KeptLogin): unknown;
  hasPassword?(user: Express.User): unknown;
}
