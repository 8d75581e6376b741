import {
  InvalidInputError,
  methodOf,
  SealedDataError,
  StepUpRequiredError,
  TwoFactorNotSetupError,
  type RequestAuth,
  type TwoFactorError,
} from 'passport-two-factor';
import { checkLoggedIn } from '../../request.js';
import { askAgain, refusal, sendToLogin, type PageBook, type Visit } from './visit.js';

/** The pages that look at what is enrolled, and change it. */
export function managementPages(book: PageBook): void {
  const { get, post, pages } = book;

  post('/rename', '/', async (visit) => {
    const { req, res, auth, body } = visit;
    checkLoggedIn(req);
    const error = await refusal(() => auth.twoFactor.rename(body.id, body.label));
    if (error) await showManagement(visit, book, error);
    else await pages.at(req, res).redirect('/', 'notice.renamed');
  });

  get('/remove', async (visit) => {
    const { req, res, auth } = visit;
    if (!auth.isLoggedIn()) {
      sendToLogin(visit, book);
      return;
    }
    const authenticators = await auth.twoFactor.list();
    const authenticator = authenticators.find(({ id }) => id === req.query.id);
    if (!authenticator) throw new TwoFactorNotSetupError();
    if (await auth.isRecent())
      await pages.at(req, res).send('remove', { authenticator, last: authenticators.length === 1 });
    else await askAgain(visit, book, `/remove?id=${authenticator.id}`);
  });

  post('/remove', '/', async (visit) => {
    const { req, res, auth, body } = visit;
    checkLoggedIn(req);
    const error = await refusal(() => auth.twoFactor.remove(body.id));
    if (error instanceof StepUpRequiredError) await askAgain(visit, book, '/');
    else if (error instanceof InvalidInputError && error.field === 'passkey') await showManagement(visit, book, error);
    else if (error) throw error;
    else await pages.at(req, res).redirect('/', 'notice.removed');
  });

  post('/backup-codes', '/', async (visit) => {
    const { req, res, auth } = visit;
    checkLoggedIn(req);
    let codes: string[] = [];
    const error = await refusal(async () => {
      codes = await auth.twoFactor.generateNewBackupCodes();
    });
    if (error instanceof StepUpRequiredError) await askAgain(visit, book, '/');
    else if (error) throw error;
    else await pages.at(req, res).send('backupCodes', { codes, next: `${req.baseUrl}/` });
  });
}

export async function showManagement(
  { req, res, auth }: Visit,
  { pages, settings }: PageBook,
  error?: TwoFactorError,
): Promise<void> {
  const authenticators = await auth.twoFactor.list();
  await pages.at(req, res).send(
    'manage',
    {
      authenticators: authenticators.map((authenticator) => ({
        ...authenticator,
        method: methodOf(authenticator.mechanism),
      })),
      backupCodes: await auth.twoFactor.remainingBackupCodes(),
      accepted: settings.service.hasPasskeys ? await acceptedBy(auth) : '',
      home: settings.returnTo,
    },
    error ? { error } : {},
  );
}

/** As JSON; '' where one cannot be read: the browser would forget it. The page has to go on, to remove it. */
async function acceptedBy(auth: RequestAuth): Promise<string> {
  try {
    return JSON.stringify(await auth.twoFactor.acceptedPasskeys());
  } catch (error) {
    if (error instanceof SealedDataError) return '';
    throw error;
  }
}
