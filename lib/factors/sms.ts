import { maskPhone, normalizePhone } from '../core/contact.js';
import type { ContactKind } from './delivered.js';

/** Codes by text message. */
export const smsContacts: ContactKind = {
  method: 'sms',
  read: (given) => ({ contact: normalizePhone(given), vouched: false }),
  mask: maskPhone,
};
