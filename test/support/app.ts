import express, { type Express, type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import session, { type Store } from 'express-session';
import jwt from 'jsonwebtoken';
import passportModule from 'passport';
import { Strategy as LocalStrategy } from 'passport-local';
import request from 'supertest';
import { EntitySchema, type DataSource, type Logger } from 'typeorm';
import {
  generateKey,
  requireSecondFactor,
  SecondFactorRequiredError,
  SecondFactorStrategy,
  secondFactorErrorHandler,
  twoFactorAuth,
  twoFactorEntities,
  TwoFactorService,
  TwoFactorStrategy,
  type TwoFactorOptions,
} from 'passport-two-factor';
import { decodeBase32 } from '../../lib/core/provisioning.js';
import { defaultTotpParameters, timeStep, totpAt } from '../../lib/core/totp.js';
import { FakeClock } from './clock.js';
import { close, type TestDatabase } from './databases.js';

export interface TestUser {
  id: number;
  email: string;
  password: string;
  disabled: number;
}

export const UserSchema = new EntitySchema<TestUser>({
  name: 'User',
  tableName: 'app_users',
  columns: {
    id: { type: 'int', primary: true },
    email: { type: 'varchar', length: '191' },
    password: { type: 'varchar', length: '191' },
    disabled: { type: 'int' },
  },
});

export type Agent = ReturnType<typeof request.agent>;

/** What an app would have had to send: taken off the errors and results, or handed to `deliver`. */
export interface Sent {
  readonly mechanism: 'email' | 'sms';
  readonly to: string;
  readonly code: string;
}

export interface AppOptions {
  readonly service?: Partial<TwoFactorOptions>;
  readonly twoFactor?: Partial<TwoFactorOptions['twoFactor']>;
  readonly logger?: Logger;
  readonly store?: Store;
  /** Routes of a test's own, mounted before the error handlers. */
  readonly routes?: (app: Express, test: TestApp) => void;
  /** A database that exists already, for a second process or app on it. */
  readonly dataSource?: DataSource;
  readonly keys?: string;
  readonly clock?: FakeClock;
}

type Handler = (req: Request, res: Response, next: NextFunction) => unknown;

/** Express 4 leaves the rejection of an async handler alone; apps on it pass it on themselves, as this one does for its routes. */
function passingRejectionsOn(app: Express): Express {
  for (const verb of ['get', 'post'] as const) {
    const route = app[verb].bind(app) as (path: unknown, ...handlers: unknown[]) => Express;
    const wrap =
      (handler: Handler): Handler =>
      (req, res, next) => {
        Promise.resolve(handler(req, res, next)).catch(next);
      };
    Object.assign(app, {
      [verb]: (path: unknown, ...handlers: unknown[]) =>
        route(
          path,
          ...handlers.map((handler) =>
            typeof handler === 'function' && handler.length < 4 ? wrap(handler as Handler) : handler,
          ),
        ),
    });
  }
  return app;
}

/** An app of the Express that is tested, whose async handlers may throw. */
export const newApp = (): Express => (process.env.EXPRESS === 'express-4' ? passingRejectionsOn(express()) : express());

/** An Express app as a user of the library would write it, with everything a test wants to look at. */
export class TestApp {
  readonly clock: FakeClock;
  readonly sent: Sent[] = [];
  readonly keys: string;
  readonly passport = new passportModule.Passport();
  readonly app: Express = newApp();
  /** The last error that reached the end of the app. */
  lastError: unknown;

  private constructor(
    readonly db: DataSource,
    readonly service: TwoFactorService,
    options: AppOptions,
    clock: FakeClock,
    keys: string,
  ) {
    this.clock = clock;
    this.keys = keys;
    this.build(options);
  }

  static async open(database: TestDatabase, options: AppOptions = {}): Promise<TestApp> {
    const clock = options.clock ?? new FakeClock();
    const keys = options.keys ?? generateKey('k1');
    const db =
      options.dataSource ??
      (await database.open([UserSchema, ...twoFactorEntities()], options.logger ? { logger: options.logger } : {}));
    const users = db.getRepository(UserSchema);
    const service = new TwoFactorService({
      db,
      keys,
      users: {
        id: (user: TestUser) => String(user.id),
        email: (user: TestUser) => user.email,
        find: (id: string) => users.findOneBy({ id: Number(id), disabled: 0 }),
      },
      clock: clock.read,
      ...options.service,
      twoFactor: { issuer: 'MyApp', ...options.twoFactor },
    });
    return new TestApp(db, service, options, clock, keys);
  }

  close(): Promise<void> {
    return close(this.db);
  }

  /** Makes an account with the password `correct horse`. */
  async user(id: number, email = `user${String(id)}@example.com`): Promise<TestUser> {
    const user = { id, email, password: 'correct horse', disabled: 0 };
    await this.db.getRepository(UserSchema).insert(user);
    return user;
  }

  /** A browser of its own. */
  agent(): Agent {
    return request.agent(this.app);
  }

  /** First factor through `req.auth.login`. */
  login(agent: Agent, user: TestUser, body: object = {}): request.Test {
    return agent.post('/login').send({ email: user.email, password: user.password, ...body });
  }

  /** Calls a member of `req.auth.twoFactor` (`'setup.totp'`) or, with a leading dot, of `req.auth`. */
  call(agent: Agent, member: string, ...args: unknown[]): request.Test {
    return agent.post('/call').send({ member, args });
  }

  /** A user with a verified TOTP and backup codes, logged out; the clock stands in the step after the confirming one. */
  async withTotp(id: number): Promise<{ user: TestUser; secret: string; backupCodes: string[] }> {
    const user = await this.user(id);
    const agent = this.agent();
    await this.login(agent, user).expect(200);
    const { body } = await this.call(agent, 'setup.totp').expect(200);
    const { secret } = body.result as { secret: string };
    const confirmed = await this.call(agent, 'complete.totp', this.totp(secret)).expect(200);
    this.clock.advance('30s');
    return { user, secret, backupCodes: confirmed.body.result as string[] };
  }

  /** A user whose only method is e-mail, to the account's own address. */
  async withEmail(id: number): Promise<TestUser> {
    const user = await this.user(id);
    await this.service.setup.email(String(id));
    return user;
  }

  /** The code of a base32 secret now, or `steps` later. */
  totp(secret: string, steps = 0): string {
    return totpAt(decodeBase32(secret)!, timeStep(this.clock.now, 30) + steps, defaultTotpParameters);
  }

  /** A code of six digits that is none of the window's. */
  wrongTotp(secret: string): string {
    const near = [-2, -1, 0, 1, 2].map((steps) => this.totp(secret, steps));
    return ['000000', '111111', '222222', '333333', '444444', '555555'].find((code) => !near.includes(code))!;
  }

  /** The newest code that was sent. */
  lastCode(mechanism: Sent['mechanism'] = 'email'): string {
    return this.sent.findLast((sent) => sent.mechanism === mechanism)!.code;
  }

  private build({ store, routes }: AppOptions): void {
    const { app, passport, service } = this;
    const users = this.db.getRepository(UserSchema);
    app.use(express.json(), express.urlencoded({ extended: true }));
    app.use(session({ secret: 'test', resave: false, saveUninitialized: false, ...(store && { store }) }));
    passport.serializeUser((user, done) => {
      done(null, (user as TestUser).id);
    });
    passport.deserializeUser((id: number, done) => {
      users.findOneBy({ id }).then((user) => {
        done(null, user ?? false);
      }, done);
    });
    const local = new LocalStrategy({ usernameField: 'email' }, (email, password, done) => {
      users.findOneBy({ email }).then((user) => {
        if (user?.password !== password || user.disabled) done(null, false, { message: 'Wrong e-mail or password' });
        else done(null, user);
      }, done);
    });
    passport.use(new TwoFactorStrategy({ service }, local));
    passport.use(new SecondFactorStrategy({ service }));
    app.use(passport.session());
    const claims = (req: Request): unknown => Reflect.get(req, tokenPayload);
    const bySession = twoFactorAuth({ service, passport, login: 'local' });
    // Made where a client needs it: without `users.find` there is none.
    let byToken: RequestHandler | undefined;
    app.use((req, res, next) => {
      if (!readToken(req, res)) bySession(req, res, next);
      else (byToken ??= twoFactorAuth({ service, passport, login: 'local', claims }))(req, res, next);
    });

    app.post('/login', async (req, res) => {
      await req.auth.login(req.body.email, req.body.password, req.body.remember);
      res.json({ success: true });
    });
    app.post('/passport/login', passport.authenticate('local'), (req, res) => {
      res.json({ user: (req.user as TestUser).id });
    });
    app.post('/2fa', passport.authenticate('two-factor'), (req, res) => {
      res.json({ user: (req.user as TestUser).id, info: req.authInfo });
    });
    app.post('/verify-2fa', async (req, res) => {
      await verifyBy(req);
      await req.auth.completeTwoFactorLogin();
      res.json({ success: true });
    });
    app.post('/verify', async (req, res) => {
      await verifyBy(req);
      res.json({ success: true });
    });
    app.post('/complete', async (req, res) => {
      await req.auth.completeTwoFactorLogin();
      res.json({ success: true });
    });
    app.post('/token/login', passport.authenticate('local', { session: false }), (req, res) => {
      res.json({ token: (req.user as TestUser).id });
    });
    app.post('/token/2fa', passport.authenticate('two-factor', { session: false }), (req, res) => {
      res.json({ token: (req.user as TestUser).id });
    });
    app.get('/me', (req, res) => {
      if (!req.auth.isLoggedIn()) res.status(401).json({ pending: req.auth.pending ?? null });
      else res.json({ id: (req.user as TestUser).id });
    });
    app.get('/admin', requireSecondFactor({ service }), (_req, res) => {
      res.json({ ok: true });
    });
    app.get('/fresh', requireSecondFactor({ service, maxAge: '5m' }), (_req, res) => {
      res.json({ ok: true });
    });
    app.post('/call', async (req, res) => {
      const { member, args } = req.body as { member: string; args: unknown[] };
      const path = member.startsWith('.')
        ? ['auth', ...member.slice(1).split('.')]
        : ['auth', 'twoFactor', ...member.split('.')];
      let owner: unknown = req;
      for (const key of path.slice(0, -1)) owner = (owner as Record<string, unknown>)[key];
      const result = await (owner as Record<string, (...given: unknown[]) => unknown>)[path.at(-1)!]!(...args);
      this.keepSent(member.includes('sms') ? 'sms' : 'email', result);
      res.json({ result });
    });
    routes?.(app, this);

    app.use((error: unknown, _req: Request, _res: Response, next: NextFunction) => {
      this.lastError = error;
      if (SecondFactorRequiredError.is(error)) {
        this.keepSent('email', error.availableMethods.email);
        this.keepSent('sms', error.availableMethods.sms);
      }
      next(error);
    });
    app.use(secondFactorErrorHandler({ status: 202 }));
    app.use((error: Error & { status?: number }, _req: Request, res: Response, _next: NextFunction) => {
      res.status(error.status ?? 500).json({ internal: error.message });
    });
  }

  private keepSent(mechanism: Sent['mechanism'], result: unknown): void {
    const { contact, otpValue } = (result ?? {}) as { contact?: string; otpValue?: string };
    if (contact !== undefined && otpValue !== undefined) this.sent.push({ mechanism, to: contact, code: otpValue });
  }
}

/** A client that has said so holds tokens, and no cookie of it counts. */
export const clientWithTokens = ['x-client', 'token'] as const;

const tokenPayload = 'tokenPayload';
const tokenSecret = 'test';

/** As Nest apps do it: the user of a client with tokens is whom its token names. Each answer brings the next token. */
function readToken(req: Request, res: Response): boolean {
  const [header, value] = clientWithTokens;
  if (req.get(header) !== value) return false;
  Reflect.deleteProperty(req, 'session');
  Reflect.deleteProperty(req, 'user');
  const token = /^Bearer (.+)$/.exec(req.get('authorization') ?? '')?.[1];
  if (token !== undefined) {
    const payload = jwt.verify(token, tokenSecret) as { sub: string };
    Object.assign(req, { [tokenPayload]: payload, user: { id: Number(payload.sub) } });
  }
  const json = res.json.bind(res);
  res.json = (body: { result?: { challengeToken?: string } }) => {
    if (res.statusCode < 300 && req.auth.isLoggedIn()) {
      const subject = { sub: String((req.user as TestUser).id) };
      res.set('x-token', jwt.sign({ ...req.auth.claims, ...subject }, tokenSecret));
    }
    const challengeToken = body.result?.challengeToken ?? req.auth.pending?.challengeToken;
    if (challengeToken !== undefined) res.set('x-challenge-token', challengeToken);
    return json(body);
  };
  return true;
}

async function verifyBy(req: Request): Promise<void> {
  const { verify } = req.auth.twoFactor;
  const method = (req.body as { method?: string }).method ?? 'totp';
  const verifiers: Record<string, (response: never) => Promise<void>> = { ...verify };
  await verifiers[method]!((req.body.response ?? req.body.code) as never);
}
