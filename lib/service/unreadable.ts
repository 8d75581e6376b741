import { methodOf } from '../core/methods.js';
import { SealedDataError } from '../errors.js';
import type { TwoFactorAuthenticator } from '../store/rows.js';
import type { Context } from './context.js';

/**
 * What `read` answers, or the error where the factor cannot be read: its key is gone, or its row was damaged. It is
 * told of by an event, and passed over where another factor of the user can answer; it never becomes "no second
 * factor".
 */
export async function readIfReadable<T>(
  { events, settings }: Context,
  { userId, mechanism }: TwoFactorAuthenticator,
  read: () => T | Promise<T>,
): Promise<T | SealedDataError> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof SealedDataError)) throw error;
    events.emit('unreadable', { userId, mechanism, method: methodOf(mechanism), at: settings.clock() });
    return error;
  }
}
