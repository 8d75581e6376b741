import { json, Router, type Request, type Response } from 'express';
import {
  deliveredMethods,
  enrollableMethods,
  InvalidInputError,
  keyOf,
  PasskeyStrategy,
  TwoFactorExpiredError,
  twoFactorMethods,
  type RequestAuth,
} from 'passport-two-factor';
import { finishLogin, takeReturnTo, throughStrategy } from '../finish-login.js';
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
import { issuedTokens, readBearer, readChallengeToken } from '../tokens.js';
import { apiErrors, methodNotAllowed } from './api-errors.js';
import { openApiDocument } from './openapi.js';
import { statusOf } from './status.js';

interface Call {
  readonly auth: RequestAuth;
  readonly body: ClaimedBody;
  readonly req: Request;
  readonly res: Response;
}

/** Bodies here are a few short texts, or a passkey's answer. */
const bodyLimit = '16kb';

const whoIsLoggedIn = checkLoggedIn;
const whoIsPending = (req: Request): void => {
  if (!authOf(req).pending) throw new TwoFactorExpiredError();
};
const whoIsEither = (req: Request): void => {
  const auth = authOf(req);
  if (auth.pending) return;
  // What was sent back for a login that has expired: nobody is logged in by it, and another login is due.
  if (!auth.isLoggedIn() && bodyOf(req).challengeToken !== undefined) throw new TwoFactorExpiredError();
  checkLoggedIn(req);
};

interface Routes {
  readonly get: (path: string, answer: (req: Request) => unknown) => void;
  readonly post: (path: string, may: (req: Request) => void, answer: (call: Call) => unknown) => void;
}

/** Before a login there is no CSRF token: what is signed is bound to this session, and to this site. */
const anybody = (): void => undefined;

/** What stands for a step-up, where the client keeps it and no session does. */
const sentBack = (auth: RequestAuth, { challengeToken }: { readonly challengeToken?: string }): object =>
  auth.token.counts && auth.isLoggedIn() && challengeToken !== undefined ? { challengeToken } : {};

/** Setting up passkeys, and the login by one alone. */
function passkeyRoutes({ service, passport, csrf, returnTo, tokens }: RouterSettings, { get, post }: Routes): void {
  post('/api/enroll/passkey', whoIsLoggedIn, async ({ auth, body }) => ({
    options: await auth.twoFactor.setup.passkey(body.label),
  }));
  get('/api/passkeys', async (req) => authOf(req).twoFactor.acceptedPasskeys());
  const strategy = new PasskeyStrategy({ service });
  const logIn = throughStrategy(passport, strategy);
  // A client that wants a token says so where the browser has a session, too.
  const wantsToken = ({ auth, body }: Call): boolean =>
    tokens !== undefined && (auth.token.counts || body.session === false);
  post('/api/passkey/options', anybody, async (call) =>
    wantsToken(call) ? strategy.beginForToken(call.req) : { options: await strategy.begin(call.req) },
  );
  post('/api/passkey', anybody, async ({ req, res }) => {
    await logIn(req, res);
    return { returnTo: takeReturnTo(req, returnTo), csrfToken: csrf.token(req) };
  });
}

/** The JSON API, below `/api`. What changes or reveals anything is a POST that carries the session's CSRF token. */
export function apiRoutes(settings: RouterSettings): Router {
  const { csrf, tokens, passport } = settings;
  const api = Router();
  const finish = finishLogin(settings);
  const methods = new Map<string, string[]>();
  const allow = (path: string, method: string): void => {
    methods.set(path, [...(methods.get(path) ?? []), method]);
  };

  const bearer = tokens ? [readBearer(passport, tokens)] : [];
  const get = (path: string, answer: (req: Request) => unknown): void => {
    allow(path, 'GET');
    api.get(
      path,
      noStore,
      ...bearer,
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
      ...bearer,
      mountedInOrder,
      json({ limit: bodyLimit }),
      ...(tokens ? [readChallengeToken] : []),
      only(may),
      ...(may === anybody ? [] : [csrf.check]),
      asyncHandler(async (req, res) => {
        const answered = await answer({ auth: authOf(req), body: bodyOf(req), req, res });
        res.json({ ...(answered as object), ...(await issuedTokens(req, tokens)) });
      }),
    );
  };

  get('/api/status', (req) => statusOf(req, settings));
  const served = {
    passwords: settings.login !== undefined,
    passkeys: settings.service.hasPasskeys,
    tokens: tokens !== undefined,
  };
  get('/api/openapi.json', (req) => openApiDocument(`${req.baseUrl}/api`, served));

  if (served.passkeys) passkeyRoutes(settings, { get, post });

  // The session is a new one after it, and so is its token.
  post('/api/verify', whoIsPending, async ({ req, res }) => {
    await finish(req, res);
    return { returnTo: takeReturnTo(req, settings.returnTo), csrfToken: csrf.token(req) };
  });
  post('/api/challenge', whoIsEither, async ({ auth, body }) => {
    if (served.passkeys && body.method === 'passkey') {
      const options = await auth.twoFactor.challenge.passkey();
      return { options, ...sentBack(auth, options) };
    }
    const sent = await auth.twoFactor.challenge[keyOf(readMethod(body.method, deliveredMethods))]();
    const { maskedContact, expiresAt, resendAfter } = sent;
    return { maskedContact, expiresAt, resendAfter, ...sentBack(auth, sent) };
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
    const complete = auth.twoFactor.complete[keyOf(readMethod(body.method, enrollableMethods))];
    // What a client sends is of any type: the library looks at it.
    const backupCodes = await complete((body.response ?? body.code) as never);
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
