import type { Express } from 'express';
import type { Authenticator } from 'passport';
import type { DataSource } from 'typeorm';
import { protect, requireSecondFactor, TwoFactorService, type TwoFactorOptions } from 'passport-two-factor';
import { twoFactorRouter } from 'passport-two-factor/router';
import type { Accounts } from '../quickstart/accounts.js';
import type { Account } from '../quickstart/database.js';

export type SecondFactorParts = Required<Pick<TwoFactorOptions, 'keys' | 'deliver' | 'clock' | 'passkeys'>> & {
  app: Express;
  passport: Pick<Authenticator, 'authenticate'> & { readonly use: unknown };
  db: DataSource;
  accounts: Accounts;
};

/** All that this app has to write for its second factor. The pages are at /2fa. */
export function addSecondFactor({ app, passport, accounts, ...options }: SecondFactorParts): void {
  const service = new TwoFactorService({
    ...options,
    users: {
      id: (user: Account) => String(user.id),
      email: (user: Account) => user.email,
      find: (id) => accounts.find(Number(id)),
    },
    twoFactor: { issuer: 'MyApp' },
  });
  protect(passport, { service, secondFactorRedirect: '/2fa' });
  app.use('/2fa', twoFactorRouter({ service, passport, pages: true, returnTo: '/account' }));
  app.use('/vault', requireSecondFactor({ service, maxAge: '1m', redirect: '/2fa/continue' }));
}
