import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import express, { type Express } from 'express';
import session from 'express-session';
import passportModule from 'passport';
import { Strategy as LocalStrategy } from 'passport-local';
import type { DataSource } from 'typeorm';
import {
  PasskeyStrategy,
  SecondFactorStrategy,
  twoFactorAuth,
  TwoFactorService,
  TwoFactorStrategy,
} from 'passport-two-factor';
import { passkeys } from 'passport-two-factor/webauthn';
import { Accounts } from './accounts.js';
import type { Account } from './database.js';
import { Outbox } from './outbox.js';
import { failed, notFound, refuseOtherSites, safeHeaders, type Site } from './page.js';
import { accountPages } from './routes/account-pages.js';
import { enrollmentPages } from './routes/enrollment-pages.js';
import { factorApi } from './routes/factor-api.js';
import { loginApi } from './routes/login-api.js';
import { outboxPage } from './routes/outbox-page.js';
import { passkeyPages } from './routes/passkey-pages.js';
import { pageErrors } from './routes/page-errors.js';
import { secondFactorPages } from './routes/second-factor-pages.js';
import { signInPages } from './routes/sign-in-pages.js';

export interface Config {
  /** Opened, with the tables of `demoTables()`. */
  readonly db: DataSource;
  readonly keys: string;
  /** Where it is served: passkeys are used there alone. */
  readonly origin?: string;
}

const authConfig = {
  twoFactor: {
    enabled: true,
    issuer: 'MyApp',
    codeLength: 6,
    tokenExpiry: '5m',
    totpWindow: 1,
    backupCodesCount: 10,
    requireForOAuth: false,
  },
};

export function createApp({ db, keys, origin = 'http://localhost:3000' }: Config): Express {
  const accounts = new Accounts(db);
  const outbox = new Outbox();
  const service = new TwoFactorService({
    db,
    keys,
    users: {
      id: (user: Account) => String(user.id),
      email: (user: Account) => user.email,
      find: (id) => accounts.find(Number(id)),
    },
    passkeys: passkeys({ rpId: 'localhost', rpName: 'MyApp', origins: origin }),
    ...authConfig,
  });

  // An app has one passport, `import passport from 'passport'`; this one is the app's own so that two apps fit a process.
  const passport = new passportModule.Passport();
  passport.serializeUser((user, done) => {
    done(null, (user as Account).id);
  });
  passport.deserializeUser((id: number, done) => {
    accounts.find(id).then((user) => {
      done(null, user ?? false);
    }, done);
  });
  passport.use(
    new TwoFactorStrategy(
      { service },
      new LocalStrategy({ usernameField: 'email' }, (email, password, done) => {
        accounts.authenticate(email, password).then((user) => {
          if (user) done(null, user);
          else done(null, false, { message: 'Wrong e-mail address or password.' });
        }, done);
      }),
    ),
  );
  passport.use(new SecondFactorStrategy({ service }));
  const passkey = new PasskeyStrategy({ service });
  passport.use(passkey);

  const app = express();
  const site: Site = {
    name: 'MyApp',
    scripts: ['/webauthn.js', '/passkeys.js'],
    links: [
      { href: '/account', text: 'Account' },
      { href: '/vault', text: 'Vault' },
      { href: '/outbox', text: 'Outbox' },
    ],
  };
  app.locals.site = site;
  app.disable('x-powered-by');
  app.use(express.static(join(__dirname, 'public')));
  app.use(safeHeaders, refuseOtherSites);
  app.use(express.json(), express.urlencoded({ extended: false }));
  app.use(
    session({
      // The default store keeps the sessions in memory, so they end with the process and may as well share a secret with it.
      // Production: a store (connect-redis and the like), a secret that is kept, and `secure: true` behind HTTPS.
      secret: randomBytes(32).toString('hex'),
      name: 'myapp.sid',
      resave: false,
      saveUninitialized: false,
      cookie: { httpOnly: true, sameSite: 'lax' },
    }),
  );
  app.use(passport.session());
  app.use(twoFactorAuth({ service, passport, login: 'local' }));

  app.use(loginApi({ accounts, outbox }), factorApi({ outbox }));
  app.use(signInPages({ accounts, passport }), secondFactorPages({ outbox, passport }));
  app.use(passkeyPages({ passkey, passport }));
  app.use(accountPages({ service }), enrollmentPages({ outbox }), outboxPage({ outbox }), pageErrors({ outbox }));

  app.use(notFound, failed);
  return app;
}
