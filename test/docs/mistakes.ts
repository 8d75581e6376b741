import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import passportModule, { Strategy, type PassportStatic } from 'passport';
import { Strategy as LocalStrategy } from 'passport-local';
import request from 'supertest';
import {
  generateKey,
  protect,
  requireEnrollment,
  TwoFactorService,
  TwoFactorStrategy,
  twoFactorAuth,
  twoFactorEntities,
  type TwoFactorOptions,
} from 'passport-two-factor';
import { emailSender } from 'passport-two-factor/nodemailer';
import { twoFactorRouter } from 'passport-two-factor/router';
import { smsSender } from 'passport-two-factor/twilio';
import { TestApp, UserSchema, type AppOptions, type TestUser } from '../support/app.js';
import { close, type TestDatabase } from '../support/databases.js';

const thrown = (make: () => unknown): Promise<Error> =>
  Promise.resolve()
    .then(make)
    .then(
      () => new Error('nothing was thrown'),
      (error: unknown) => error as Error,
    );

const newPassport = (): PassportStatic => new passportModule.Passport() as unknown as PassportStatic;

/** Lets everybody in as user 1, with more info than can be kept. */
const local = (): LocalStrategy =>
  new LocalStrategy((_name, _password, done) => {
    done(null, { id: 1 }, { message: 'x'.repeat(3000) });
  });

/** As passport-oauth2 comes back from the provider. */
const redirecting = (): Strategy =>
  Object.assign(new Strategy(), {
    name: 'local',
    _oauth2: {},
    _callbackURL: '/callback',
    authenticate(this: { success(user: object): void }) {
      this.success({ id: 1 });
    },
  });

/** A session as far as it is asked for before a login is stored. */
const withSession =
  (session: object) =>
  (req: Request, _res: Response, next: NextFunction): void => {
    Object.assign(req, { session });
    next();
  };
const fullSession = { regenerate: () => undefined, save: () => undefined };

/** What reaches the end of an app with these middlewares when somebody logs in. */
async function answer(
  service: TwoFactorService,
  mount: (app: Express) => void,
  strategy: Strategy = local(),
): Promise<Error> {
  const passport = newPassport();
  const app = express().use(express.json());
  let caught: unknown;
  passport.use(new TwoFactorStrategy({ service }, strategy));
  mount(app);
  app.post('/login', passport.authenticate('local'), (_req, res) => {
    res.end();
  });
  app.use((error: unknown, _req: Request, res: Response, next: NextFunction) => {
    caught = error;
    if (res.headersSent) next(error);
    else res.status(500).end();
  });
  await request(app).post('/login').send({ username: 'a', password: 'b' });
  return caught as Error;
}

/** What a call of `req.auth` rejects with in an app without a login of its own. */
function called(service: TwoFactorService, call: (req: Request) => Promise<unknown>): Promise<Error> {
  return answer(service, (app) => {
    app.use(withSession(fullSession), twoFactorAuth({ service, passport: newPassport() }));
    app.use((req, _res, next) => {
      call(req).then(() => {
        next();
      }, next);
    });
  });
}

/** For each message of docs/troubleshooting.md, by how it begins: the mistake that leads to it, made as an app would. */
export function mistakesOn(database: TestDatabase, test: TestApp): Record<string, () => Promise<Error>> {
  const users: TwoFactorOptions['users'] = { id: (user: TestUser) => String(user.id), find: () => null };
  const options: TwoFactorOptions = { db: test.db, keys: test.keys, users, twoFactor: { issuer: 'MyApp' } };
  const make = (wrong: object): Promise<Error> => thrown(() => new TwoFactorService({ ...options, ...wrong }));
  const on = async (wrong: AppOptions, use: (app: TestApp) => Promise<Error>): Promise<Error> =>
    use(await TestApp.open(database, { dataSource: test.db, keys: test.keys, clock: test.clock, ...wrong }));

  return {
    'keys must be': () => make({ keys: undefined }),
    'The tables of the second factor': async () => {
      const db = await database.open([UserSchema, ...twoFactorEntities()], { synchronize: false });
      const error = await thrown(() => new TwoFactorService({ ...options, db }).isEnabled('1'));
      await close(db);
      return error;
    },
    'A transaction of the app': () => thrown(() => test.db.transaction(() => test.service.isEnabled('1'))),
    'db must know': async () => {
      const db = await database.open([UserSchema]);
      const error = await make({ db });
      await close(db);
      return error;
    },
    'twoFactor: there is no option': () => make({ twoFactor: { issuer: 'MyApp', codelength: 6 } }),
    'twoFactor.codeLength': () => make({ twoFactor: { issuer: 'MyApp', codeLength: 4 } }),
    'The id of a user': () =>
      answer(
        new TwoFactorService({ ...options, users: { ...users, id: ({ id }: TestUser) => id as never } }),
        () => undefined,
      ),
    'users.find answered': () =>
      thrown(() => new TwoFactorService({ ...options, users: { ...users, find: () => ({ id: 1 }) } }).setup.totp('2')),
    'TwoFactorStrategy: the second argument': () =>
      thrown(() => new TwoFactorStrategy({ service: test.service }, undefined as never)),
    'TwoFactorStrategy: the strategy has no name': () =>
      thrown(() => new TwoFactorStrategy({ service: test.service }, { authenticate: () => undefined })),
    'protect: no strategy': () =>
      thrown(() => {
        protect(newPassport(), { service: test.service, only: ['githug'] });
      }),
    'requireEnrollment: except': () => thrown(() => requireEnrollment({ service: test.service, redirect: '/2fa' })),
    'twoFactorRouter: there is no option': () =>
      thrown(() => twoFactorRouter({ service: test.service, passport: newPassport(), page: true } as never)),
    'twoFactorRouter: messages.fr': () =>
      thrown(() =>
        twoFactorRouter({
          service: test.service,
          passport: newPassport(),
          messages: { fr: { 'manage.titel': '' } as never },
        }),
      ),
    'emailSender: transport': () => thrown(() => emailSender({ transport: undefined as never, from: 'a@example.com' })),
    'smsSender: give either': () =>
      thrown(() => smsSender({ client: { messages: { create: () => undefined } }, from: '' })),
    'twoFactorAuth: no strategy': () => called(test.service, (req) => req.auth.login('a', 'b')),
    'There is no req.session': () => answer(test.service, () => undefined),
    'The second factor needs sessions': () =>
      answer(test.service, (app) => {
        app.use(withSession({}));
      }),
    'req.logIn is missing': () => called(test.service, (req) => req.auth.loginAs({ id: 99 }, { via: 'sign-up' })),
    'twoFactor.requireForOAuth': () =>
      on({ twoFactor: { requireForOAuth: (() => undefined) as never } }, ({ service }) =>
        answer(
          service,
          (app) => {
            app.use(withSession(fullSession));
          },
          redirecting(),
        ),
      ),
    'reauthenticate needs': () =>
      on({ service: { users } }, async (app) => {
        const user = await app.user(3);
        const agent = app.agent();
        await app.login(agent, user).expect(200);
        await app.call(agent, '.reauthenticate', user.password).expect(500);
        return app.lastError as Error;
      }),
    'The info that the strategy gave': async () => {
      await test.withTotp(1);
      return answer(test.service, (app) => {
        app.use(withSession(fullSession));
      });
    },
    'A stored secret names the key': async () => {
      const { user, secret } = await test.withTotp(2);
      return on({ keys: generateKey('k2') }, ({ service }) =>
        thrown(() => service.verify.totp(String(user.id), test.totp(secret))),
      );
    },
  };
}
