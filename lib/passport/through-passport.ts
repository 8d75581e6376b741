import type { SessionRequest } from '../standing/session.js';
import type { Passport } from './passports.js';

/**
 * Does something by this Passport, whichever one has run last in the request: an app with two of them would log its
 * customers in as its staff.
 */
export async function throughPassport<T>(passport: Passport, req: SessionRequest, use: () => Promise<T>): Promise<T> {
  const before = req._sessionManager;
  const own = passport._sm as typeof passport._sm | undefined;
  if (!own) return use();
  req._sessionManager = own;
  try {
    return await use();
  } finally {
    if (req._sessionManager === own) req._sessionManager = before;
  }
}
