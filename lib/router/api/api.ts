import { json, Router, type Request, type Response } from 'express';
import {
  deliveredMethods,
  enrollableMethods,
  InvalidInputError,
  keyOf,
  TwoFactorExpiredError,
  twoFactorMethods,
  type RequestAuth,
} from 'passport-two-factor';
import { finishLogin, takeReturnTo } from '../finish-login.js';
import { mountedInOrder } from '../mounting.js';
import type { RouterSettings } from '../options.js';
import {
  authOf,
  bodyOf,
  checkLoggedIn,
  type ClaimedBody,
  asyncHandler,
  noStore,
  only,
  readMethod,
} from '../request.js';
import { apiErrors, methodNotAllowed } from './api-errors.js';
import { openApiDocument } from './openapi.js';
import { statusOf } from './status.js';

interface Call {
  readonly auth: RequestAuth;
  readonly body: ClaimedBody;
  readonly req: Request;
  readonly res: Response;
}

/** Bodies here are a few short texts. */
const bodyLimit = '16kb';

const whoIsLoggedIn = checkLoggedIn;
const whoIsPending = (req: Request): void => {
  if (!authOf(req).pending) throw new TwoFactorExpiredError();
};
const whoIsEither = (req: Request): void => {
  if (!authOf(req).pending) checkLoggedIn(req);
};

/** The JSON API, below `/api`. What changes or reveals anything is a POST that carries the session's CSRF token. */
export function apiRoutes(settings: RouterSettings): Router {
  const { csrf } = settings;
  const api = Router();
  const finish = finishLogin(settings);
  const methods = new Map<string, string[]>();
  const allow = (path: string, method: string): void => {
    methods.set(path, [...(methods.get(path) ?? []), method]);
  };

  const get = (path: string, answer: (req: Request) => unknown): void => {
    allow(path, 'GET');
    api.get(
      path,
      noStore,
      mountedInOrder,
      asyncHandler(async (req, res) => {
        res.json(await answer(req));
      }),
    );
  };
  // Who may ask is asked before the token: without a login there is none that could have been forgotten.
  const post = (path: string, may: (req: Request) => void, answer: (call: Call) => unknown): void => {
    allow(path, 'POST');
    api.post(
      path,
      noStore,
      mountedInOrder,
      json({ limit: bodyLimit }),
      only(may),
      csrf.check,
      asyncHandler(async (req, res) => {
        res.json(await answer({ auth: authOf(req), body: bodyOf(req), req, res }));
      }),
    );
  };

  get('/api/status', (req) => statusOf(req, settings));
  get('/api/openapi.json', (req) => openApiDocument(`${req.baseUrl}/api`, { passwords: settings.login !== undefined }));

  // The session is a new one after it, and so is its token.
  post('/api/verify', whoIsPending, async ({ req, res }) => {
    await finish(req, res);
    return { returnTo: takeReturnTo(req, settings.returnTo), csrfToken: csrf.token(req) };
  });
  post('/api/challenge', whoIsEither, async ({ auth, body }) => {
    const { maskedContact, expiresAt, resendAfter } =
      await auth.twoFactor.challenge[keyOf(readMethod(body.method, deliveredMethods))]();
    return { maskedContact, expiresAt, resendAfter };
  });
  post('/api/step-up', whoIsLoggedIn, async ({ req, res, auth, body }) => {
    if (!('password' in body)) await finish(req, res);
    // An app without passwords may still have a strategy that takes one; it is nobody's way in here.
    else if (settings.login === undefined)
      throw new InvalidInputError('password', 'left out: no password is asked for here');
    else await auth.reauthenticate(body.password);
    return { returnTo: takeReturnTo(req, settings.returnTo), csrfToken: csrf.token(req) };
  });

  post('/api/enroll/totp', whoIsLoggedIn, ({ auth, body }) =>
    auth.twoFactor.setup.totp(true, 'label' in body ? { label: body.label } : {}),
  );
  // Always by a code, also to the account's own address: one that nobody reads would lock its owner out.
  for (const method of deliveredMethods) {
    post(`/api/enroll/${method}`, whoIsLoggedIn, async ({ auth, body }) => {
      const { field } = twoFactorMethods[method].contact;
      const { maskedContact } = await auth.twoFactor.setup[keyOf(method)](body[field], true);
      return { maskedContact };
    });
  }
  post('/api/confirm', whoIsLoggedIn, async ({ req, auth, body }) => {
    const backupCodes = await auth.twoFactor.complete[keyOf(readMethod(body.method, enrollableMethods))](body.code);
    return { backupCodes, csrfToken: csrf.token(req) };
  });

  post('/api/rename', whoIsLoggedIn, async ({ auth, body }) => {
    await auth.twoFactor.rename(body.id, body.label);
    return { success: true };
  });
  post('/api/remove', whoIsLoggedIn, async ({ auth, body }) => {
    await auth.twoFactor.remove(body.id);
    return { success: true };
  });
  get('/api/backup-codes', async (req) => ({ remaining: await authOf(req).twoFactor.remainingBackupCodes() }));
  post('/api/backup-codes', whoIsLoggedIn, async ({ auth }) => ({
    backupCodes: await auth.twoFactor.generateNewBackupCodes(),
  }));

  for (const [path, allowed] of methods) api.all(path, noStore, methodNotAllowed(allowed));
  api.use(apiErrors);
  return api;
}
