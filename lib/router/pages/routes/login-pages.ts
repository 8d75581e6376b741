import { TwoFactorExpiredError, type MethodName, type PendingView, type PublicMethods, type TwoFactorError } from 'passport-two-factor';
import { finishLogin, takeReturnTo } from '../../finish-login.js';
import { everyMethod, verifiableMethods } from '../../request.js';
import { showManagement } from './management-pages.js';
import { refusal, sendToLogin, type PageBook, type Visit } from './visit.js';

const shownAs = { totp: 'totp', email: 'email', sms: 'sms', backupCode: 'backup_code' } as const;

/** In the order in which the login names them: the one that the user prefers comes first. */
export const methodsIn = (methods: PublicMethods): MethodName[] =>
  (Object.keys(methods) as (keyof PublicMethods)[]).map((name) => shownAs[name]);

/** The method asked for, if it is one of these. */
export function askedMethod(given: unknown, methods: PublicMethods): MethodName | undefined {
  const method = everyMethod.find((name) => name === given);
  return method !== undefined && methodsIn(methods).includes(method) ? method : undefined;
}

export const contactOf = (methods: PublicMethods, method: MethodName): string | undefined =>
  method === 'email' || method === 'sms' ? methods[method] : undefined;

/** The pages between the first factor and the login. */
export function loginPages(book: PageBook): void {
  const { get, post, pages, settings } = book;
  const finish = finishLogin(settings);

  get('/', async (visit) => {
    const { req, auth } = visit;
    const { pending } = auth;
    if (pending) await showLogin(visit, book, pending, askedMethod(req.query.method, pending.methods));
    else if (auth.isLoggedIn()) await showManagement(visit, book);
    else sendToLogin(visit, book);
  });

  post('/verify', '/', async (visit) => {
    const { req, res, auth, body } = visit;
    const { pending } = auth;
    if (!pending) throw new TwoFactorExpiredError();
    const error = await refusal(() => finish(req, res));
    if (!error) res.redirect(303, takeReturnTo(req, settings.returnTo));
    else if (error instanceof TwoFactorExpiredError) throw error;
    else await showLogin(visit, book, pending, askedMethod(body.method, pending.methods), error);
  });

  get('/choose', async (visit) => {
    const { req, res, auth } = visit;
    const { pending } = auth;
    if (!pending && !auth.isLoggedIn()) {
      sendToLogin(visit, book);
      return;
    }
    const methods = pending?.methods ?? (await verifiableMethods(auth));
    if (methods) await pages.send(req, res, 'choose', { purpose: pending ? 'login' : 'step-up', methods });
    else await pages.redirect(req, res, '/step-up');
  });
}

async function showLogin(
  { req, res }: Visit, { pages, settings }: PageBook, { methods, codes }: PendingView, asked: MethodName | undefined, error?: TwoFactorError,
): Promise<void> {
  const known = methodsIn(methods);
  const method = asked ?? known[0] ?? 'totp';
  const contact = contactOf(methods, method);
  const delivered = method === 'email' || method === 'sms' ? codes[method] : undefined;
  if (contact !== undefined && !delivered && !error) {
    // No code has been made for it: choosing it is what sends one.
    await pages.send(req, res, 'choose', { purpose: 'login', methods });
    return;
  }
  await pages.send(req, res, 'code', {
    purpose: 'login', method, sent: false, others: known.length > 1,
    digits: method === 'totp' ? 6 : settings.service.codeLength,
    ...(contact !== undefined && { maskedContact: contact }),
    ...(delivered && { resendAfter: delivered.resendAfter }),
  }, error ? { error } : {});
}
