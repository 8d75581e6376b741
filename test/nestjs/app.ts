import 'reflect-metadata';
import { Inject, Injectable, type DynamicModule, type Provider, type Type } from '@nestjs/common';
import { PassportSerializer, PassportStrategy } from '@nestjs/passport';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import session from 'express-session';
import passport from 'passport';
import { Strategy as LocalStrategy } from 'passport-local';
import request from 'supertest';
import { DataSource } from 'typeorm';
import { generateKey, twoFactorEntities, TwoFactorService } from 'passport-two-factor';
import { TwoFactorModule, type TwoFactorModuleOptions } from 'passport-two-factor/nestjs';
import { createOutbox, currentTotp } from 'passport-two-factor/testing';
import { UserSchema, type TestUser } from '../support/app.js';
import { FakeClock } from '../support/clock.js';
import { databases, type CreatedDatabase } from '../support/databases.js';

/** Nest is the same on every database: the one without a server is enough. */
export const sqlite = databases[0]!;

@Injectable()
export class Password extends PassportStrategy(LocalStrategy) {
  constructor(@Inject(DataSource) private readonly db: DataSource) {
    super({ usernameField: 'email' });
  }

  async validate(email: string, password: string): Promise<TestUser | false> {
    const user = await this.db.getRepository(UserSchema).findOneBy({ email });
    return user?.password === password ? user : false;
  }
}

@Injectable()
export class Serializer extends PassportSerializer {
  constructor(@Inject(DataSource) private readonly db: DataSource) {
    super();
  }

  serializeUser(user: TestUser, done: (error: unknown, id?: unknown) => void): void {
    done(null, user.id);
  }

  deserializeUser(id: number, done: (error: unknown, user?: unknown) => void): void {
    this.db
      .getRepository(UserSchema)
      .findOneBy({ id })
      .then((user) => {
        done(null, user ?? false);
      }, done);
  }
}

export interface NestOptions {
  readonly controllers?: Type[];
  readonly providers?: Provider[];
  readonly imports?: (DynamicModule | Type)[];
  /** Options of `TwoFactorModule` beside those of the service. */
  readonly module?: Partial<TwoFactorModuleOptions>;
  /** In place of `TwoFactorModule.forRoot`. */
  readonly twoFactor?: (options: TwoFactorModuleOptions) => DynamicModule;
  /** What `main.ts` does after the sessions. */
  readonly main?: (app: NestExpressApplication) => void;
  /** Whether there are sessions. Default true. */
  readonly sessions?: boolean;
}

export type Agent = ReturnType<typeof request.agent>;

/** A Nest app as a user of the package would write it. */
export class NestTest {
  private constructor(
    readonly app: NestExpressApplication,
    readonly clock: FakeClock,
    readonly outbox: ReturnType<typeof createOutbox>,
    private readonly created: CreatedDatabase,
  ) {}

  static async open(options: NestOptions = {}): Promise<NestTest> {
    // The Passport of the process keeps what earlier apps have left in it, as in a test run of an app.
    const created = await sqlite.create();
    const clock = new FakeClock();
    const outbox = createOutbox();
    const { module = {}, twoFactor = (all) => TwoFactorModule.forRoot(all) } = options;
    const late: { db?: DataSource } = {};
    const given = {
      keys: generateKey('k1'),
      users: {
        id: (user: TestUser) => String(user.id),
        email: (user: TestUser) => user.email,
        find: (id: string) => late.db!.getRepository(UserSchema).findOneBy({ id: Number(id), disabled: 0 }),
      },
      twoFactor: { issuer: 'MyApp' },
      clock: clock.read,
      deliver: outbox.deliver,
      ...module,
    } as TwoFactorModuleOptions;
    const entities = [UserSchema, ...twoFactorEntities()];
    const imports = [
      TypeOrmModule.forRoot({ ...created.options, entities, synchronize: true, retryAttempts: 0 }),
      twoFactor(given),
      ...(options.imports ?? []),
    ];
    const providers = [Password, Serializer, ...(options.providers ?? [])];
    const testing = await Test.createTestingModule({
      imports,
      providers,
      controllers: options.controllers ?? [],
    }).compile();
    late.db = testing.get(DataSource);
    const app = testing.createNestApplication<NestExpressApplication>(new ExpressAdapter(), { logger: false });
    if (options.sessions !== false) {
      app.use(session({ secret: 'test', resave: false, saveUninitialized: false }));
      app.use(passport.session());
    }
    options.main?.(app);
    const test = new NestTest(app, clock, outbox, created);
    try {
      await app.init();
    } catch (error) {
      await test.close();
      throw error;
    }
    return test;
  }

  get service(): TwoFactorService {
    return this.app.get(TwoFactorService);
  }

  get db(): DataSource {
    return this.app.get(DataSource);
  }

  agent(): Agent {
    return request.agent(this.app.getHttpServer());
  }

  async user(id: number): Promise<TestUser> {
    const user = { id, email: `user${id}@example.com`, password: 'correct horse', disabled: 0 };
    await this.db.getRepository(UserSchema).insert(user);
    return user;
  }

  /** A user with an authenticator app, in the step after the one that confirmed it. */
  async withTotp(id: number): Promise<{ user: TestUser; secret: string; backupCodes: string[] }> {
    const user = await this.user(id);
    const { secret } = await this.service.setup.totp(String(id));
    const backupCodes = await this.service.complete.totp(String(id), this.totp(secret));
    this.clock.advance('30s');
    return { user, secret, backupCodes };
  }

  totp(secret: string): string {
    return currentTotp(secret, this.clock.now);
  }

  /** Password, then code; the clock goes on to the next code. */
  async logIn(agent: Agent, { user, secret }: { user: TestUser; secret: string }): Promise<void> {
    await agent.post('/login').send({ email: user.email, password: user.password }).expect(401);
    await agent
      .post('/login/code')
      .send({ code: this.totp(secret) })
      .expect(201);
    this.clock.advance('30s');
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.created.drop();
  }
}
