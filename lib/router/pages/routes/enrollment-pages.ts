import QRCode from 'qrcode';
import {
  deliveredMethods,
  keyOf,
  StepUpRequiredError,
  TooManyAttemptsError,
  twoFactorMethods,
  TwoFactorNotSetupError,
  type DeliveredMethod,
  type TwoFactorError,
} from 'passport-two-factor';
import { takeReturnTo } from '../../finish-login.js';
import { checkLoggedIn } from '../../request.js';
import { firstLocalPath } from '../../return-to.js';
import { askAgain, refusal, waitFor, whenRecent, type PageBook, type Visit } from './visit.js';

/** Seconds before another code is offered for a new contact, as for the first repetition at a login. */
const resendAfter = 30;

/** The pages that set up a method. */
export function enrollmentPages(book: PageBook): void {
  const { get, post, pages, settings } = book;

  const getRecent = (path: string, show: (visit: Visit) => unknown): void => {
    get(path, (visit) => whenRecent(visit, book, { path, show }));
  };

  getRecent('/add', ({ req, res }) => pages.at(req, res).send('add', { methods: settings.methods }));
  for (const method of deliveredMethods.filter((name) => settings.methods.includes(name))) {
    getRecent(`/add/${method}`, ({ req, res, auth }) =>
      pages.at(req, res).send('contact', {
        method,
        value: twoFactorMethods[method].contact.isOptional ? (auth.email ?? '') : '',
      }),
    );
    post(`/add/${method}`, `/add/${method}`, (visit) => sendCode(visit, book, method));
    post(`/confirm/${method}`, `/add/${method}`, (visit) => confirmContact(visit, book, method));
  }
  post('/add/totp', '/add', (visit) => beginTotp(visit, book));
  post('/confirm/totp', '/add', (visit) => confirmTotp(visit, book));
  post('/saved', '/', ({ req, res, body }) =>
    pages.at(req, res).leave(firstLocalPath([body.returnTo], `${req.baseUrl}/`)),
  );

  // Where a guard sends its users: to whatever it is that they lack, and then back to where they wanted to go.
  get('/continue', async (visit) => {
    const { req, res, auth } = visit;
    if (auth.pending) await pages.at(req, res).redirect('/');
    else if (!auth.isLoggedIn()) res.redirect(303, settings.loginPath);
    else await pages.at(req, res).redirect((await auth.twoFactor.isEnabled()) ? '/step-up' : '/add');
  });
}

async function beginTotp(visit: Visit, book: PageBook): Promise<void> {
  const { req, auth } = visit;
  checkLoggedIn(req);
  const label = freeLabel(
    book.pages.at(req, visit.res).t('method.totp'),
    (await auth.twoFactor.list()).map((other) => other.label),
  );
  let uri = '';
  const error = await refusal(async () => {
    ({ uri } = await auth.twoFactor.setup.totp(true, { label, qr: 'svg' }));
  });
  if (error instanceof StepUpRequiredError) await askAgain(visit, book, '/add');
  else if (error) throw error;
  else await showTotp(visit, book, { given: uri });
}

/** The user may name it later; until then its kind is name enough. */
function freeLabel(name: string, taken: readonly string[]): string {
  let label = name;
  for (let count = 2; taken.includes(label); count += 1) label = `${name} ${count}`;
  return label;
}

async function confirmTotp(visit: Visit, book: PageBook): Promise<void> {
  const { auth, body } = visit;
  checkLoggedIn(visit.req);
  let codes: string[] = [];
  const error =
    body.again === undefined
      ? await refusal(async () => {
          codes = await auth.twoFactor.complete.totp(body.code);
        })
      : undefined;
  if (body.again !== undefined) await showTotp(visit, book, { given: body.uri });
  else if (!error) await finished(visit, book, codes);
  else if (error instanceof TwoFactorNotSetupError) await beginAgain(visit, book, error);
  else await showTotp(visit, book, { given: body.uri, error });
}

/** The URI comes back with the form, so that a mistyped code need not cost the scanned key: it is kept nowhere else. */
async function showTotp(
  { req, res }: Visit,
  { pages }: PageBook,
  { given, error }: { readonly given: unknown; readonly error?: TwoFactorError },
): Promise<void> {
  const uri = typeof given === 'string' && given.length <= 1024 && given.startsWith('otpauth://totp/') ? given : '';
  const secret = /[?&]secret=([A-Z2-7]+)(&|$)/.exec(uri)?.[1];
  if (secret === undefined) throw error ?? new TwoFactorNotSetupError();
  const svg = await QRCode.toString(uri, { type: 'svg' });
  const qrCode = `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
  await pages.at(req, res).send('totp', { secret, uri, qrCode, digits: 6, ...waitFor(error) }, error ? { error } : {});
}

async function sendCode(visit: Visit, book: PageBook, method: DeliveredMethod): Promise<void> {
  const { req, res, auth, body } = visit;
  const { pages, settings } = book;
  checkLoggedIn(req);
  const { contact = '' } = body;
  let masked = '';
  let sentTo = '';
  const error = await refusal(async () => {
    // By a code also where it is the account's own address: one that nobody reads would lock its owner out.
    const setup = await auth.twoFactor.setup[keyOf(method)](contact, true);
    masked = setup.maskedContact;
    sentTo = setup.contact ?? '';
  });
  const code = { purpose: 'enrollment', method, digits: settings.service.codeLength, others: false } as const;
  if (!error) {
    await pages.at(req, res).send('code', { ...code, sent: true, maskedContact: masked, contact: sentTo, resendAfter });
  } else if (error instanceof StepUpRequiredError) {
    await askAgain(visit, book, `/add/${method}`);
  } else if (error instanceof TooManyAttemptsError && body.method === method) {
    // Another code was asked for, too soon: the one before it still counts.
    await pages.at(req, res).send('code', {
      ...code,
      sent: false,
      maskedContact: contact,
      contact,
      resendAfter: error.retryAfter,
    });
  } else {
    await pages.at(req, res).send('contact', { method, value: textOf(contact) }, { error });
  }
}

async function confirmContact(visit: Visit, book: PageBook, method: DeliveredMethod): Promise<void> {
  const { req, res, auth, body } = visit;
  checkLoggedIn(req);
  let codes: string[] = [];
  const error =
    body.again === undefined
      ? await refusal(async () => {
          codes = await auth.twoFactor.complete[keyOf(method)](body.code);
        })
      : undefined;
  if (body.again === undefined && !error) await finished(visit, book, codes);
  else if (error instanceof TwoFactorNotSetupError) await beginAgain(visit, book, error);
  else {
    await book.pages.at(req, res).send(
      'code',
      {
        purpose: 'enrollment',
        method,
        digits: book.settings.service.codeLength,
        others: false,
        sent: false,
        contact: textOf(body.contact),
        maskedContact: textOf(body.contact),
        ...waitFor(error),
      },
      error ? { error } : {},
    );
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The first method comes with backup codes, which are shown this once. */
export async function finished({ req, res }: Visit, { pages }: PageBook, codes: readonly string[]): Promise<void> {
  const here = `${req.baseUrl}/`;
  const next = takeReturnTo(req, here);
  if (codes.length > 0) await pages.at(req, res).send('backupCodes', { codes, next });
  else if (next === here) await pages.at(req, res).redirect('/', 'notice.added');
  else await pages.at(req, res).leave(next);
}

/** The set-up has expired, or its attempts are spent. */
export const beginAgain = ({ req, res }: Visit, { pages, settings }: PageBook, error: TwoFactorError): Promise<void> =>
  pages.at(req, res).send('add', { methods: settings.methods }, { error });
