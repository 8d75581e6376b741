import type { PageName, PageView } from '../page-types.js';
import { addPage } from './add.js';
import { backupCodesPage } from './backup-codes.js';
import { choosePage } from './choose.js';
import { codePage } from './code.js';
import { contactPage } from './contact.js';
import { managePage } from './manage.js';
import { messagePage } from './message.js';
import { passkeyPage } from './passkey.js';
import { passwordPage } from './password.js';
import { removePage } from './remove.js';
import { totpPage } from './totp.js';

/** The router's own pages, by their names. */
export const views: { readonly [N in PageName]: (view: PageView<N>) => string } = {
  code: codePage,
  choose: choosePage,
  password: passwordPage,
  manage: managePage,
  add: addPage,
  contact: contactPage,
  totp: totpPage,
  passkey: passkeyPage,
  backupCodes: backupCodesPage,
  remove: removePage,
  message: messagePage,
};
