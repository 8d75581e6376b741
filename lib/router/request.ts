import type { NextFunction, Request, RequestHandler, Response } from 'express';
import {
  enrollableMethods,
  InvalidInputError,
  isDelivered,
  keyOf,
  methodOf,
  UserNotLoggedInError,
  type MethodName,
  type PublicMethods,
  type RequestAuth,
} from 'passport-two-factor';

/** Where the router keeps a `req.auth` of its own, whether or not the app has one and whatever it calls it. */
export const authProperty = 'twoFactorRouterAuth';

export const authOf = (req: Request): RequestAuth =>
  (req as unknown as Record<typeof authProperty, RequestAuth>)[authProperty];

/**
 * A body as a client claims it to be. What is in it may be of any type, or missing: the library checks what it is
 * given.
 */
export interface ClaimedBody {
  readonly code: string;
  readonly response?: unknown;
  readonly id: string;
  readonly label: string;
  readonly phone: string;
  readonly password: string;
  readonly address: string;
  readonly contact?: string;
  readonly method?: string;
  readonly returnTo?: string;
  readonly uri?: string;
  readonly again?: string;
  readonly challengeToken?: unknown;
  readonly session?: unknown;
}

export function bodyOf(req: Request): ClaimedBody {
  const body: unknown = req.body;
  return (typeof body === 'object' && body !== null ? body : {}) as ClaimedBody;
}

/** Requests whose cookies count for nothing, and which so need no CSRF token. */
const withoutCookies = new WeakSet<Request>();

export const isWithoutCookies = (req: Request): boolean => withoutCookies.has(req);

/** From now on there is no session, to the router and to `req.auth`; see `RequestToken.ignoreSession` for `keep`. */
export function ignoreCookies(req: Request, keep: 'nobody' | 'user'): void {
  withoutCookies.add(req);
  authOf(req).token.ignoreSession(keep);
}

export const isBearer = (req: Request): boolean => /^bearer ./i.test(req.headers.authorization ?? '');

export const sessionOf = (req: Request): Record<string, unknown> | undefined =>
  isWithoutCookies(req)
    ? undefined
    : (((req as { session?: unknown }).session as Record<string, unknown> | undefined) ?? undefined);

/** Stored before the answer goes out: a browser follows a redirect at once. */
export function saveSession(req: Request): Promise<void> {
  const session = sessionOf(req) as { save(done: (error?: unknown) => void): void } | undefined;
  return new Promise((resolve, reject) => {
    if (!session) resolve();
    else
      session.save((error) => {
        if (error === undefined || error === null) resolve();
        else reject(error instanceof Error ? error : new Error('The session store failed.', { cause: error }));
      });
  });
}

/** Whatever was thrown, as something that Express denies by: `next(undefined)` and `next('route')` would go on. */
export const toError = (reason: unknown): Error =>
  // An error of another realm or copy of the package is no `instanceof Error` here, and stays what it is.
  typeof reason === 'object' && reason !== null
    ? (reason as Error)
    : new Error('The request could not be answered.', { cause: reason });

/** A handler whose failure reaches the error handlers, on Express 4 as well. */
export function asyncHandler(use: (req: Request, res: Response, next: NextFunction) => unknown): RequestHandler {
  return (req, res, next) => {
    Promise.resolve()
      .then(() => use(req, res, next))
      .catch((reason: unknown) => {
        next(toError(reason));
      });
  };
}

/** Goes on if `check` does not throw. */
export const only =
  (check: (req: Request) => void): RequestHandler =>
  (req, _res, next) => {
    try {
      check(req);
    } catch (reason) {
      next(toError(reason));
      return;
    }
    next();
  };

/** What is secret once is never kept by a browser or proxy. */
export const noStore: RequestHandler = (_req, res, next) => {
  res.set('Cache-Control', 'no-store');
  next();
};

/** @throws UserNotLoggedInError */
export function checkLoggedIn(req: Request): void {
  if (!authOf(req).isLoggedIn()) throw new UserNotLoggedInError();
}

/** @throws InvalidInputError for anything but one of `known` */
export function readMethod<M extends MethodName>(method: unknown, known: readonly M[]): M {
  const found = known.find((name) => name === method);
  if (found === undefined)
    throw new InvalidInputError('method', `one of ${known.map((name) => `"${name}"`).join(', ')}`);
  return found;
}

/** What a user who is logged in can confirm by; undefined for one without a second factor. */
export async function verifiableMethods(auth: RequestAuth): Promise<PublicMethods | undefined> {
  const authenticators = await auth.twoFactor.list();
  if (authenticators.length === 0) return undefined;
  const newest = new Map(authenticators.map((one) => [methodOf(one.mechanism), one]));
  const has = enrollableMethods.filter((method) => newest.has(method));
  const shown = has.map((method) => [keyOf(method), isDelivered(method) ? newest.get(method)?.maskedContact : true]);
  return {
    ...(Object.fromEntries(shown.filter(([, value]) => value !== undefined)) as PublicMethods),
    ...((await auth.twoFactor.remainingBackupCodes()) > 0 && { backupCode: true as const }),
  };
}
