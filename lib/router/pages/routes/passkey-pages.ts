import { TwoFactorNotSetupError } from 'passport-two-factor';
import { checkLoggedIn } from '../../request.js';
import { beginAgain, finished } from './enrollment-pages.js';
import { refusal, waitFor, whenRecent, type PageBook, type Visit } from './visit.js';

/** The page that sets up a passkey. */
export function passkeyPages(book: PageBook): void {
  const { get, post, pages, settings } = book;
  if (!settings.methods.includes('passkey')) return;
  const path = '/add/passkey';
  const show = ({ req, res }: Visit): Promise<void> => pages.at(req, res).send('passkey', newPasskey);
  get(path, (visit) => whenRecent(visit, book, { path, show }));
  post('/confirm/passkey', path, (visit) => confirmPasskey(visit, book));
}

const newPasskey = { purpose: 'enrollment', others: false } as const;

async function confirmPasskey(visit: Visit, book: PageBook): Promise<void> {
  const { req, res, auth, body } = visit;
  checkLoggedIn(req);
  let codes: string[] = [];
  const error = await refusal(async () => {
    codes = await auth.twoFactor.complete.passkey(body.response as object);
  });
  if (!error) await finished(visit, book, codes);
  else if (error instanceof TwoFactorNotSetupError) await beginAgain(visit, book, error);
  else await book.pages.at(req, res).send('passkey', { ...newPasskey, ...waitFor(error) }, { error });
}
