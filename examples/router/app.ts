import { randomBytes } from 'node:crypto';
import express, { type Express } from 'express';
import session from 'express-session';
import helmet from 'helmet';
import passportModule from 'passport';
import { Strategy as LocalStrategy } from 'passport-local';
import type { DataSource } from 'typeorm';
import { twoFactorErrorPages } from 'passport-two-factor/router';
import { createOutbox } from 'passport-two-factor/testing';
import { passkeys } from 'passport-two-factor/webauthn';
import { Accounts } from '../quickstart/accounts.js';
import type { Account } from '../quickstart/database.js';
import { refuseOtherSites } from '../quickstart/page.js';
import { pages } from './pages.js';
import { addSecondFactor } from './second-factor.js';

export interface Config {
  /** Opened, with the tables of `demoTables()`. */
  readonly db: DataSource;
  readonly keys: string;
  readonly clock?: () => number;
  /** Where it is served: passkeys are used there alone. */
  readonly origin: string;
}

/** An app with its own sign-up and login; the rest of the second factor comes from the router. */
export function createApp({ db, keys, clock = Date.now, origin }: Config): Express {
  const accounts = new Accounts(db);
  const outbox = createOutbox();
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
    new LocalStrategy({ usernameField: 'email' }, (email, password, done) => {
      accounts.authenticate(email, password).then((user) => {
        done(null, user ?? false, { message: 'Wrong e-mail address or password.' });
      }, done);
    }),
  );

  const app = express();
  // Its defaults, with the policy that allows no inline script or style. HTTPS is for what stands before a real app. With
  // no referrer at all, old browsers would say of this app's own forms that they come from nowhere ("Origin: null").
  app.use(helmet({ referrerPolicy: { policy: 'same-origin' } }), refuseOtherSites);
  app.use(express.urlencoded({ extended: false }));
  app.use(
    session({
      secret: randomBytes(32).toString('hex'),
      resave: false,
      saveUninitialized: false,
      // "lax" keeps other sites from posting in a user's name, and refuseOtherSites from logging one in; the router's forms
      // have a token besides.
      cookie: { httpOnly: true, sameSite: 'lax' },
    }),
  );
  app.use(passport.session());

  const ours = passkeys({ rpId: 'localhost', rpName: 'MyApp', origins: origin });
  addSecondFactor({ app, passport, db, keys, accounts, deliver: outbox.deliver, clock, passkeys: ours });
  app.use(pages({ accounts, passport, outbox }));
  // A login whose code cannot be sent leads to a page with words.
  app.use(twoFactorErrorPages({ path: '/2fa' }));
  return app;
}
