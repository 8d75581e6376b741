import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import express, { type Express } from 'express';
import session from 'express-session';
import passportModule from 'passport';
import type { DataSource } from 'typeorm';
import {
  generateKey,
  SecondFactorStrategy,
  twoFactorAuth,
  TwoFactorService,
  TwoFactorStrategy,
} from 'passport-two-factor';
import { failed, notFound, refuseOtherSites, safeHeaders, type Site } from '../quickstart/page.js';
import { pages } from './pages.js';
import { ProviderStrategy, type Profile } from './provider.js';

export interface Account {
  readonly id: string;
  readonly email: string;
}

export interface Config {
  /** Opened, with the tables of the second factor. */
  readonly db: DataSource;
  /** The URL of the identity provider. */
  readonly issuer: string;
}

export function createApp({ db, issuer }: Config): Express {
  // By the provider's own id of the person, never by the e-mail address: another provider may hand out the same one.
  const accounts = new Map<string, Account>();
  const findOrCreate = ({ sub, email }: Profile): Account => {
    const id = `provider:${sub}`;
    const account = accounts.get(id) ?? { id, email };
    accounts.set(id, account);
    return account;
  };
  const service = new TwoFactorService({
    db,
    // Everything here ends with the process, so the key may as well.
    keys: generateKey('k1'),
    users: {
      id: (user: Account) => user.id,
      email: (user: Account) => user.email,
      find: (id) => accounts.get(id),
    },
    // Of the two strategies below only "strict" asks for the second factor; `true` and `false` would mean both and none.
    twoFactor: { issuer: 'MyApp', requireForOAuth: ['strict'] },
  });

  const passport = new passportModule.Passport();
  passport.serializeUser((user, done) => {
    done(null, (user as Account).id);
  });
  passport.deserializeUser((id: string, done) => {
    done(null, accounts.get(id) ?? false);
  });
  for (const name of ['trusted', 'strict']) {
    const provider = new ProviderStrategy(issuer, `/auth/${name}/callback`, findOrCreate);
    // The callback is a navigation of the browser, so a halted login goes to a page.
    passport.use(new TwoFactorStrategy({ service, name, secondFactorRedirect: '/second-factor' }, provider));
  }
  passport.use(new SecondFactorStrategy({ service }));

  const app = express();
  const site: Site = { name: 'MyApp', links: [{ href: '/members', text: 'Members' }] };
  app.locals.site = site;
  app.disable('x-powered-by');
  app.use(express.static(join(__dirname, '../quickstart/public')));
  app.use(safeHeaders, refuseOtherSites);
  app.use(express.urlencoded({ extended: false }));
  app.use(
    session({
      secret: randomBytes(32).toString('hex'),
      name: 'myapp-oauth.sid',
      resave: false,
      saveUninitialized: false,
      cookie: { httpOnly: true, sameSite: 'lax' },
    }),
  );
  app.use(passport.session());
  app.use(twoFactorAuth({ service, passport }));

  for (const name of ['trusted', 'strict']) {
    app.get(`/auth/${name}`, passport.authenticate(name));
    app.get(
      `/auth/${name}/callback`,
      passport.authenticate(name, {
        successReturnToOrRedirect: '/',
        failureRedirect: '/',
        failureMessage: true,
      }),
    );
  }
  app.use(pages({ service, passport }));
  app.use(notFound, failed);
  return app;
}
