import express, { type Express } from 'express';
import session from 'express-session';
import passportModule from 'passport';
import { Strategy as LocalStrategy } from 'passport-local';
import request from 'supertest';
import ts from 'typescript';
import { EntitySchema, type DataSource } from 'typeorm';
import * as library from 'passport-two-factor';
import * as nodemailerPart from 'passport-two-factor/nodemailer';
import * as routerPart from 'passport-two-factor/router';
import * as testingPart from 'passport-two-factor/testing';
import * as twilioPart from 'passport-two-factor/twilio';
import { close, databases } from '../support/databases.js';
import type { Block } from './markdown.js';

export const sqlite = databases.find(({ name }) => name === 'sqlite')!;

/** What the blocks of a document may import. */
const modules: Record<string, unknown> = {
  express,
  supertest: request,
  'passport-two-factor': library,
  'passport-two-factor/nodemailer': nodemailerPart,
  'passport-two-factor/router': routerPart,
  'passport-two-factor/testing': testingPart,
  'passport-two-factor/twilio': twilioPart,
};

/**
 * Runs a block as it stands in the document, with what it takes for granted.
 * @returns what it exports
 */
export async function run<T = Record<string, never>>(
  block: Block | undefined,
  globals: Record<string, unknown>,
  more: Record<string, unknown> = {},
): Promise<T> {
  if (!block) throw new Error('There is no such block.');
  const { outputText } = ts.transpileModule(block.lines.join('\n'), {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true },
  });
  const required = (name: string): unknown => {
    const found = more[name] ?? modules[name];
    if (found === undefined) throw new Error(`${block.file}:${block.line} imports ${name}`);
    return found;
  };
  const names = Object.keys(globals);
  const exported = {};
  const AsyncFunction = Object.getPrototypeOf(async () => {
    await Promise.resolve();
  }).constructor as new (...texts: string[]) => (...given: unknown[]) => Promise<void>;
  // In a function of its own, so that a block may declare what others take for granted.
  await new AsyncFunction('require', 'exports', ...names, `return (async () => {${outputText}\n})();`)(
    required,
    exported,
    ...names.map((name) => globals[name]),
  );
  return exported as T;
}

export interface Account {
  id: number;
  email: string;
  password: string;
  totpSecret: string | null;
}

const UserSchema = new EntitySchema<Account>({
  name: 'User',
  tableName: 'app_users',
  columns: {
    id: { type: 'int', primary: true },
    email: { type: 'varchar', length: '191' },
    password: { type: 'varchar', length: '191' },
    totpSecret: { type: 'varchar', length: '191', nullable: true },
  },
});

export type Agent = ReturnType<typeof request.agent>;

export interface GuideOptions {
  readonly service?: Partial<library.TwoFactorOptions>;
  readonly twoFactor?: Partial<library.TwoFactorOptions['twoFactor']>;
  /** Whether the strategies are wrapped and `req.auth` is mounted; a document that does it itself says no. Default true. */
  readonly prepared?: boolean;
}

/** The app that the documents' fragments are written for, and everything that they take for granted. */
export class GuideApp {
  readonly app: Express = express();
  readonly clock = testingPart.fakeClock();
  readonly outbox = testingPart.createOutbox();
  readonly passport = new passportModule.Passport();
  readonly options: library.TwoFactorOptions;
  readonly service: library.TwoFactorService;
  /** What the app's own functions were called with: `notify`, `sendEmail` and so on. */
  readonly calls: unknown[][] = [];
  /** The services that the blocks have made. */
  readonly made: library.TwoFactorService[] = [];
  readonly globals: Record<string, unknown>;

  private constructor(
    readonly db: DataSource,
    given: GuideOptions,
  ) {
    const { app, passport, calls, made } = this;
    const users = db.getRepository(UserSchema);
    this.options = {
      db,
      keys: library.generateKey('k1'),
      clock: this.clock.now,
      users: {
        id: (user: Account) => String(user.id),
        email: (user: Account) => user.email,
        find: (id) => users.findOneBy({ id: Number(id) }),
      },
      ...given.service,
      twoFactor: { issuer: 'MyApp', ...given.twoFactor },
    };
    const service = new library.TwoFactorService(this.options);
    this.service = service;
    const record =
      (name: string) =>
      (...args: unknown[]): Promise<void> => {
        calls.push([name, ...args]);
        return Promise.resolve();
      };
    class TwoFactorService extends library.TwoFactorService {
      constructor(options: library.TwoFactorOptions) {
        super(options);
        made.push(this);
      }
    }
    const page = (_req: express.Request, res: express.Response): void => {
      res.json({ page: true });
    };
    this.globals = {
      ...library,
      TwoFactorService,
      twoFactorRouter: routerPart.twoFactorRouter,
      app,
      express,
      passport,
      service,
      users,
      options: this.options,
      dataSource: db,
      transfer: page,
      account: page,
      notify: record('notify'),
      sendEmail: record('sendEmail'),
      sendText: record('sendText'),
      transport: { sendMail: record('sendMail') },
      smsGateway: { send: record('sms') },
      twilio: () => ({ messages: { create: record('twilio') } }),
      issueToken: ({ id }: Account) => `token of ${id}`,
    };
    passport.serializeUser((user, done) => {
      done(null, (user as Account).id);
    });
    passport.deserializeUser((id: number, done) => {
      users.findOneBy({ id }).then((user) => {
        done(null, user ?? false);
      }, done);
    });
    const local = new LocalStrategy({ usernameField: 'email' }, (email, password, done) => {
      users.findOneBy({ email }).then((user) => {
        done(null, user?.password === password ? user : false);
      }, done);
    });
    app.use(express.json(), express.urlencoded({ extended: true }));
    app.use(session({ secret: 'test', resave: false, saveUninitialized: false }));
    // Answers what would be a page by what was to be rendered.
    app.use((_req, res, next) => {
      res.render = ((view: string, data: object) => {
        res.json({ view, ...data });
      }) as typeof res.render;
      next();
    });
    if (given.prepared === false) {
      passport.use(local);
      return;
    }
    passport.use(new library.TwoFactorStrategy({ service }, local));
    passport.use(new library.SecondFactorStrategy({ service }));
    app.use(passport.session());
    app.use(library.twoFactorAuth({ service, passport }));
  }

  static async open(options: GuideOptions = {}): Promise<GuideApp> {
    return new GuideApp(await sqlite.open([UserSchema, ...library.twoFactorEntities()]), options);
  }

  close(): Promise<void> {
    return close(this.db);
  }

  /** Runs a block in this app. */
  run<T = Record<string, never>>(
    block: Block | undefined,
    more: Record<string, unknown> = {},
    imports: Record<string, unknown> = {},
  ): Promise<T> {
    return run<T>(block, { ...this.globals, ...more }, imports);
  }

  async user(id: number, more: Partial<Account> = {}): Promise<Account> {
    const user = { id, email: `user${String(id)}@example.com`, password: 'correct horse', totpSecret: null, ...more };
    await this.db.getRepository(UserSchema).insert(user);
    return user;
  }

  /** A user with an authenticator app; the clock stands in the step after the confirming one. */
  async withTotp(
    id: number,
    more: Partial<Account> = {},
  ): Promise<{ user: Account; secret: string; backupCodes: string[] }> {
    const user = await this.user(id, more);
    const { secret } = await this.service.setup.totp(String(id));
    const backupCodes = await this.service.complete.totp(String(id), this.code(secret));
    this.clock.advance('30s');
    return { user, secret, backupCodes };
  }

  code(secret: string): string {
    return testingPart.currentTotp(secret, this.clock.now());
  }

  agent(): Agent {
    return request.agent(this.app);
  }

  /** Routes that the documents' apps have and do not show. */
  login(path = '/login'): void {
    this.app.post(path, this.passport.authenticate('local'), (req, res) => {
      res.json({ user: (req.user as Account).id });
    });
    this.app.post('/2fa', this.passport.authenticate('two-factor'), (req, res) => {
      res.json({ user: (req.user as Account).id });
    });
  }

  /** The document's own handlers come before it. */
  errors(status = 202): void {
    this.app.use(library.secondFactorErrorHandler({ status }));
  }

  /** A browser that is logged in by password, and by a code where there is a secret. Needs `login()`. */
  async loggedIn({ email, password }: Account, secret?: string): Promise<Agent> {
    const agent = this.agent();
    await agent
      .post('/login')
      .send({ email, password })
      .expect(secret === undefined ? 200 : 202);
    if (secret !== undefined)
      await agent
        .post('/2fa')
        .send({ code: this.code(secret) })
        .expect(200);
    return agent;
  }
}

/** `fetch`, as the page of a browser with this agent's cookies has it. */
export const fetchOf =
  (agent: Agent) =>
  async (path: string, init: { method?: string; headers?: Record<string, string>; body?: string } = {}) => {
    const answer =
      init.method === 'POST'
        ? await agent
            .post(path)
            .set(init.headers ?? {})
            .send(init.body)
        : await agent.get(path);
    return new Response(answer.text, {
      status: answer.status,
      headers: { 'Content-Type': answer.headers['content-type']! },
    });
  };
