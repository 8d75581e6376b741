import { InvalidInputError, TooManyAttemptsError, type TwoFactorError } from 'passport-two-factor';
import { en } from '../messages/en.js';
import type { MessageKey } from '../messages/index.js';
import type { PageFrame } from './page-types.js';

const isKey = (key: string): key is MessageKey => key in en;

/** An error in the words of the page's language; of a delivered code there are others than of an app's. */
export function explainError(
  view: Pick<PageFrame, 't' | 'duration'> & { readonly method?: unknown },
  error: TwoFactorError,
): string {
  const { t, duration, method } = view;
  if (error instanceof TooManyAttemptsError) return t('error.TOO_MANY_ATTEMPTS', { time: duration(error.retryAfter) });
  const detail = error instanceof InvalidInputError ? error.field : method;
  const keys = [`error.${error.code}.${String(detail)}`, `error.${error.code}`];
  return t(keys.find(isKey) ?? 'error.other');
}
