import { maskEmail, normalizeEmail, sameContact, vouchedEmail } from '../core/contact.js';
import type { ContactKind } from './delivered.js';

/** Codes by e-mail. The account's own address needs no proof: the app vouches for it. */
export const emailContacts: ContactKind = {
  method: 'email',
  own: (users, user) => users.email?.(user),
  read(given, own) {
    const [contact, ours] = [vouchedEmail(given), vouchedEmail(own)];
    // It may have a local part that nobody else could give.
    if (contact !== undefined && ours !== undefined && sameContact(contact, ours)) return { contact, vouched: true };
    return { contact: normalizeEmail(given), vouched: false };
  },
  mask: maskEmail,
};
