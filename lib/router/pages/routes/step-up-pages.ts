import {
  deliveredMethods,
  isDelivered,
  keyOf,
  StepUpRequiredError,
  TooManyAttemptsError,
  TwoFactorNotSetupError,
  type ChallengeSent,
  type PublicMethods,
  type TwoFactorError,
} from 'passport-two-factor';
import { finishLogin, takeReturnTo } from '../../finish-login.js';
import { checkLoggedIn, readMethod, verifiableMethods } from '../../request.js';
import { firstLocalPath } from '../../return-to.js';
import { askedMethod, contactOf, methodsIn } from './login-pages.js';
import { refusal, sendToLogin, waitFor, type PageBook, type Visit } from './visit.js';

/** The same question again for a user who is logged in, and the sending of codes for both. */
export function stepUpPages(book: PageBook): void {
  const { get, post, pages, settings } = book;
  const finish = finishLogin(settings);

  get('/step-up', async (visit) => {
    const { req, res, auth } = visit;
    if (auth.pending) await pages.at(req, res).redirect('/');
    else if (!auth.isLoggedIn()) sendToLogin(visit, book);
    else await showStepUp(visit, book, { method: req.query.method });
  });

  post('/step-up', '/step-up', async (visit) => {
    const { req, res, body } = visit;
    checkLoggedIn(req);
    const error = await refusal(() => finish(req, res));
    if (!error) await pages.at(req, res).leave(takeReturnTo(req, `${req.baseUrl}/`));
    else await showStepUp(visit, book, { method: body.method, error });
  });

  // An app without passwords has no such page, whatever strategy it may have.
  if (settings.login !== undefined) {
    post('/step-up/password', '/step-up', async (visit) => {
      const { req, res, auth, body } = visit;
      checkLoggedIn(req);
      const error = await refusal(() => auth.reauthenticate(body.password));
      if (!error) await pages.at(req, res).leave(takeReturnTo(req, `${req.baseUrl}/`));
      // The user has got a second factor since the page was made, or has no password: what helps is asked for.
      else if (error instanceof StepUpRequiredError) await pages.at(req, res).redirect('/step-up');
      else await pages.at(req, res).send('password', { name: auth.email ?? '', ...waitFor(error) }, { error });
    });
  }

  post('/send', '/choose', async (visit) => {
    const { req, res, auth, body } = visit;
    const { pending } = auth;
    const methods = pending?.methods ?? (await verifiableMethods(auth));
    if (!methods) throw new TwoFactorNotSetupError();
    const method = readMethod(body.method, deliveredMethods);
    let sent: ChallengeSent | undefined;
    const error = await refusal(async () => {
      sent = await auth.twoFactor.challenge[keyOf(method)]();
    });
    const wait = error instanceof TooManyAttemptsError ? error.retryAfter : undefined;
    if (error && wait === undefined) throw error;
    // The code that the login itself has sent is the one to be entered; no other has to be sent for that.
    const failed = error && !pending?.codes[method] ? { error } : {};
    await pages.at(req, res).send(
      'code',
      {
        purpose: pending ? 'login' : 'step-up',
        method,
        sent: sent !== undefined,
        maskedContact: sent?.maskedContact ?? contactOf(methods, method) ?? '',
        digits: settings.service.codeLength,
        resendAfter: sent ? sent.resendAfter : (wait ?? null),
        others: methodsIn(methods).length > 1,
      },
      failed,
    );
  });
}

async function showStepUp(
  visit: Visit,
  { pages, settings }: PageBook,
  given: { readonly method: unknown; readonly error?: TwoFactorError },
): Promise<void> {
  const { req, res, auth } = visit;
  const methods: PublicMethods | undefined = await verifiableMethods(auth);
  const asked = askedMethod(given.method, methods ?? {});
  const { error } = given;
  const failed = error ? { error } : {};
  if (!methods) {
    if (settings.login === undefined || !(await auth.canProvePassword()))
      await pages.at(req, res).say(403, 'again', firstLocalPath([settings.loginPath], settings.returnTo));
    else await pages.at(req, res).send('password', { name: auth.email ?? '' }, failed);
    return;
  }
  // A page that is only looked at sends nothing: where a code has to be sent first, the user chooses.
  const method = asked ?? methodsIn(methods).find((name) => !isDelivered(name) && name !== 'backup_code');
  if (method === undefined) {
    await pages.at(req, res).send('choose', { purpose: 'step-up', methods }, failed);
    return;
  }
  const others = methodsIn(methods).length > 1;
  if (method === 'passkey') {
    await pages.at(req, res).send('passkey', { purpose: 'step-up', others, ...waitFor(error) }, failed);
    return;
  }
  const contact = contactOf(methods, method);
  await pages.at(req, res).send(
    'code',
    {
      purpose: 'step-up',
      method,
      sent: false,
      others,
      digits: method === 'totp' ? 6 : settings.service.codeLength,
      ...(contact !== undefined && { maskedContact: contact }),
      ...waitFor(error),
    },
    failed,
  );
}
