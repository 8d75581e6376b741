import type { Request } from 'express';
import { InvalidCredentialsError } from '../errors.js';
import type { StrategyKind } from '../options.js';
import type { Actions } from './settle.js';

export { readRemember } from '../core/remember.js';

/** A Passport strategy, structurally: those with nested types of their own (passport-saml) are strategies too. */
export interface InnerStrategy {
  name?: string | undefined;
  authenticate(req: never, options?: never): unknown;
}

/** @internal As long as the column in which a pending login keeps it. */
export const longestStrategyName = 191;

/** @internal Runs a strategy for one request on an object of its own, with these actions in place of Passport's. */
export function runStrategy(strategy: InnerStrategy, req: Request, options: object, actions: Actions): void {
  const delegate = Object.assign(Object.create(strategy) as object, actions) as Actions & {
    authenticate(req: Request, options: object): unknown;
  };
  try {
    // Some strategies are async functions: what they reject with would otherwise hang the request.
    Promise.resolve(delegate.authenticate(req, { ...options })).catch((reason: unknown) => { actions.error(reason); });
  } catch (reason) {
    actions.error(reason);
  }
}

/** @internal */
export interface FirstFactorProof {
  readonly strategy: { readonly name: string; readonly kind: StrategyKind; readonly inner: InnerStrategy };
  readonly identifier: string;
  readonly password: string;
}

/** @internal */
export interface ProvenUser {
  readonly user: Express.User;
  readonly info: unknown;
  readonly name: string;
  readonly kind: StrategyKind;
}

/**
 * Runs a password strategy outside of a Passport route, fed through the body fields that it reads.
 * @throws InvalidCredentialsError with the message of the strategy's `info`
 * @internal
 */
export function proveFirstFactor({ strategy, identifier, password }: FirstFactorProof, req: Request): Promise<ProvenUser> {
  const { inner, name, kind } = strategy;
  const fields = inner as { _usernameField?: unknown; _passwordField?: unknown };
  const usernameField = typeof fields._usernameField === 'string' ? fields._usernameField : 'username';
  const passwordField = typeof fields._passwordField === 'string' ? fields._passwordField : 'password';
  // The request itself, with these two in its body; and no query, which passport-local falls back to for an empty value.
  const own = { body: { ...(req.body as object | undefined), [usernameField]: identifier, [passwordField]: password }, query: {} };
  const fed = new Proxy(req, { get: (target, key): unknown => (Object.hasOwn(own, key) ? own[key as keyof typeof own] : Reflect.get(target, key)) });
  return new Promise((resolve, reject) => {
    runStrategy(inner, fed, {}, {
      success: (user, info) => { resolve({ user: user as Express.User, info, name, kind }); },
      fail: (challenge) => { reject(new InvalidCredentialsError(messageOf(challenge))); },
      error: (reason) => { reject(reason instanceof Error ? reason : new Error('The login strategy failed.', { cause: reason })); },
      redirect: () => { reject(new TypeError(`twoFactorAuth: the strategy "${name}" redirects; req.auth.login needs one that takes a password`)); },
      pass: () => { reject(new InvalidCredentialsError()); },
    });
  });
}

function messageOf(challenge: unknown): string | undefined {
  if (typeof challenge === 'string') return challenge;
  const message: unknown = (challenge as { message?: unknown } | undefined)?.message;
  return typeof message === 'string' ? message : undefined;
}
