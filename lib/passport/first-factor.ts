import type { Request } from 'express';
import { InvalidCredentialsError, toError } from '../errors.js';
import type { StrategyKind } from '../options.js';
import { runStrategy, type InnerStrategy } from './run-strategy.js';

export { readRemember } from '../core/remember.js';

export { longestVia as longestStrategyName } from '../service/token-login.js';

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
export function proveFirstFactor(
  { strategy, identifier, password }: FirstFactorProof,
  req: Request,
): Promise<ProvenUser> {
  const { inner, name, kind } = strategy;
  const fields = inner as { _usernameField?: unknown; _passwordField?: unknown };
  const usernameField = typeof fields._usernameField === 'string' ? fields._usernameField : 'username';
  const passwordField = typeof fields._passwordField === 'string' ? fields._passwordField : 'password';
  const body = { ...(req.body as object | undefined), [usernameField]: identifier, [passwordField]: password };
  const fed = withBody(req, body);
  return new Promise((resolve, reject) => {
    runStrategy(
      inner,
      { req: fed, options: {} },
      {
        success: (user, info) => {
          resolve({ user: user as Express.User, info, name, kind });
        },
        fail: (challenge) => {
          reject(new InvalidCredentialsError(messageOf(challenge)));
        },
        error: (reason) => {
          reject(toError(reason));
        },
        redirect: () => {
          reject(
            new TypeError(
              `twoFactorAuth: the strategy "${name}" redirects; req.auth.login needs one that takes a password`,
            ),
          );
        },
        pass: () => {
          reject(new InvalidCredentialsError());
        },
      },
    );
  });
}

function messageOf(challenge: unknown): string | undefined {
  if (typeof challenge === 'string') return challenge;
  const message: unknown = (challenge as { message?: unknown } | undefined)?.message;
  return typeof message === 'string' ? message : undefined;
}

/**
 * The request as it is, but for the body and the query, which passport-local falls back to for an empty value. What the
 * strategy puts on it lands on the request itself; a copy would lose that.
 */
function withBody(req: Request, body: object): Request {
  const own = { body, query: {} };
  return new Proxy(req, {
    get: (target, key): unknown => (Object.hasOwn(own, key) ? own[key as keyof typeof own] : Reflect.get(target, key)),
  });
}
