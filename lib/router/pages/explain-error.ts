import { InvalidInputError, TooManyAttemptsError, type TwoFactorError } from 'passport-two-factor';
import { en } from '../messages/en.js';
import type { MessageKey } from '../messages/index.js';
import type { PageFrame } from './page-types.js';

const isKey = (key: string): key is MessageKey => key in en;

/** An error in the words of the page's language. */
export function explainError({ t, duration }: Pick<PageFrame, 't' | 'duration'>, error: TwoFactorError): string {
  if (error instanceof TooManyAttemptsError) return t('error.TOO_MANY_ATTEMPTS', { time: duration(error.retryAfter) });
  const keys = [...(error instanceof InvalidInputError ? [`error.INVALID_INPUT.${error.field}`] : []), `error.${error.code}`];
  return t(keys.find(isKey) ?? 'error.other');
}
