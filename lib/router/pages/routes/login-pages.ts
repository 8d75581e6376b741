import {
  everyMethod,
  InvalidBackupCodeError,
  InvalidTwoFactorCodeError,
  isDelivered,
  keyOf,
  TwoFactorExpiredError,
  type MethodName,
  type PendingView,
  type PublicMethods,
  type SpentMethods,
  type TwoFactorError,
} from 'passport-two-factor';
import { finishLogin, takeReturnTo } from '../../finish-login.js';
import { verifiableMethods } from '../../request.js';
import { showManagement } from './management-pages.js';
import { refusal, sendToLogin, waitFor, type PageBook, type Visit } from './visit.js';

/** In the order in which the login names them: the one that the user prefers comes first. */
export const methodsIn = (methods: PublicMethods): MethodName[] =>
  Object.keys(methods).flatMap((key) => everyMethod.filter((name) => keyOf(name) === key));

/** The method asked for, if it is one of these. */
export function askedMethod(given: unknown, methods: PublicMethods): MethodName | undefined {
  const method = everyMethod.find((name) => name === given);
  return method !== undefined && methodsIn(methods).includes(method) ? method : undefined;
}

export const contactOf = (methods: PublicMethods, method: MethodName): string | undefined =>
  isDelivered(method) ? methods[keyOf(method)] : undefined;

/** A halted login, with what pages alone are told of it. */
type Halted = PendingView & { readonly spent?: SpentMethods; readonly retryAfter?: number | undefined };

const isWrongCode = (error: TwoFactorError): boolean =>
  error instanceof InvalidTwoFactorCodeError || error instanceof InvalidBackupCodeError;

/** Anybody may write an address: it says a number of seconds within a year, or nothing. */
const readSeconds = (given: unknown): number | undefined =>
  typeof given === 'string' && /^[1-9]\d{0,6}$/.test(given) ? Number(given) : undefined;

const spentOf = ({ spent }: Halted): { spent?: SpentMethods } => (Object.keys(spent).length > 0 ? { spent } : {});

/** The pages between the first factor and the login. */
export function loginPages(book: PageBook): void {
  const { get, post, pages, settings } = book;
  const finish = finishLogin(settings);

  get('/', async (visit) => {
    const { req, auth } = visit;
    const { pending } = auth;
    if (pending)
      await showLogin(visit, book, { halted: pending, asked: askedMethod(req.query.method, pending.methods) });
    else if (auth.isLoggedIn()) await showManagement(visit, book);
    else sendToLogin(visit, book);
  });

  post('/verify', '/', async (visit) => {
    const { req, res, auth, body } = visit;
    const { pending } = auth;
    if (!pending) throw new TwoFactorExpiredError();
    const error = await refusal(() => finish(req, res));
    if (!error) await pages.at(req, res).leave(takeReturnTo(req, settings.returnTo));
    else if (error instanceof TwoFactorExpiredError) throw error;
    // The last of the wrong codes has ended the login: a form would promise another try.
    else if (isWrongCode(error) && !(await auth.isPendingLive()))
      await pages.at(req, res).say(401, 'over', settings.loginPath);
    else await showLogin(visit, book, { halted: pending, asked: askedMethod(body.method, pending.methods), error });
  });

  // Where `twoFactorErrorPages` sends a browser whose login could not even be halted.
  get('/unavailable', ({ req, res }) => pages.at(req, res).unavailable(readSeconds(req.query.retryAfter)));

  get('/choose', async (visit) => {
    const { req, res, auth } = visit;
    const { pending } = auth;
    if (!pending && !auth.isLoggedIn()) {
      sendToLogin(visit, book);
      return;
    }
    const methods = pending?.methods ?? (await verifiableMethods(auth));
    if (pending)
      await pages.at(req, res).send('choose', { purpose: 'login', methods: pending.methods, ...spentOf(pending) });
    else if (methods) await pages.at(req, res).send('choose', { purpose: 'step-up', methods });
    else await pages.at(req, res).redirect('/step-up');
  });
}

async function showLogin(
  { req, res }: Visit,
  { pages, settings }: PageBook,
  {
    halted,
    asked,
    error,
  }: { readonly halted: Halted; readonly asked: MethodName | undefined; readonly error?: TwoFactorError },
): Promise<void> {
  const { methods, codes, retryAfter } = halted;
  const known = methodsIn(methods);
  const method = asked ?? known[0] ?? 'totp';
  const contact = contactOf(methods, method);
  const delivered = isDelivered(method) ? codes[method] : undefined;
  const others = known.length > 1 || 'spent' in spentOf(halted);
  // Wrong codes at another login have locked the account already when this one began.
  const wait = { ...(retryAfter !== undefined && retryAfter > 0 && { wait: retryAfter }), ...waitFor(error) };
  const failed = error ? { error } : {};
  if (method === 'passkey') {
    await pages.at(req, res).send('passkey', { purpose: 'login', others, ...wait }, failed);
    return;
  }
  if (contact !== undefined && !delivered && !error) {
    // No code has been made for it: choosing it is what sends one.
    await pages.at(req, res).send('choose', { purpose: 'login', methods, ...spentOf(halted) });
    return;
  }
  await pages.at(req, res).send(
    'code',
    {
      purpose: 'login',
      method,
      sent: false,
      others,
      digits: method === 'totp' ? 6 : settings.service.codeLength,
      ...(contact !== undefined && { maskedContact: contact }),
      ...(delivered && { resendAfter: delivered.resendAfter }),
      ...wait,
    },
    failed,
  );
}
