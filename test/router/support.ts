import express, { json, urlencoded, type Express } from 'express';
import session from 'express-session';
import request from 'supertest';
import { expect } from 'vitest';
import { requireSecondFactor, secondFactorErrorHandler, type CodeMessage } from 'passport-two-factor';
import { twoFactorRouter, type TwoFactorRouterOptions } from 'passport-two-factor/router';
import { TestApp, type Agent, type AppOptions, type TestUser } from '../support/app.js';
import type { TestDatabase } from '../support/databases.js';
import { checkAnswer, checkRequest } from './documented.js';

/** A JSON body, of any shape. */
export type Json = ReturnType<typeof JSON.parse>;

export interface RouterAppOptions {
  readonly router?: Partial<TwoFactorRouterOptions>;
  readonly service?: AppOptions['service'];
  readonly twoFactor?: AppOptions['twoFactor'];
  /** Mounted before the router, after `passport.session()`. */
  readonly before?: (app: Express) => void;
  readonly path?: string;
}

/** An app as its author writes one around the router: sessions, Passport, a login page, and nothing of the second factor. */
export class RouterApp {
  readonly messages: CodeMessage[] = [];
  readonly app: Express = express();
  /** Thrown by the next message, in place of sending it. */
  failing = false;
  /** What reached the app's own error handler. */
  lastError: unknown;

  private constructor(
    readonly test: TestApp,
    readonly path: string,
  ) {}

  static async open(database: TestDatabase, options: RouterAppOptions = {}): Promise<RouterApp> {
    const holder: { app?: RouterApp } = {};
    const deliver = (message: CodeMessage): void => {
      if (holder.app!.failing) throw new Error('The sender is down.');
      holder.app!.messages.push(message);
    };
    const test = await TestApp.open(database, {
      service: { deliver: { email: deliver, sms: deliver }, ...options.service },
      ...(options.twoFactor && { twoFactor: options.twoFactor }),
    });
    const app = new RouterApp(test, options.path ?? '/2fa');
    holder.app = app;
    app.build(options);
    return app;
  }

  close(): Promise<void> {
    return this.test.close();
  }

  /** A browser of its own. */
  agent(): Agent {
    return request.agent(this.app);
  }

  login(agent: Agent, user: TestUser): request.Test {
    return agent.post('/login').type('form').send({ email: user.email, password: user.password });
  }

  /** A browser that is logged in. A user with a TOTP gives its secret. */
  async loggedIn(user: TestUser, secret?: string): Promise<Client> {
    const client = new Client(this, this.agent());
    await this.login(client.agent, user).expect(302);
    if (secret !== undefined) await client.ok('/verify', { code: this.test.totp(secret) });
    return client;
  }

  /** A browser whose login waits for its second factor. */
  async halted(user: TestUser): Promise<Client> {
    const client = new Client(this, this.agent());
    await this.login(client.agent, user).expect(302).expect('Location', this.path);
    return client;
  }

  /** The newest code that was sent. */
  lastCode(mechanism: CodeMessage['mechanism']): string {
    return this.messages.findLast((message) => message.mechanism === mechanism)!.code;
  }

  private build({ router, before }: RouterAppOptions): void {
    const { app, test } = this;
    const { passport, service } = test;
    app.use(session({ secret: 'test', resave: false, saveUninitialized: false }));
    app.use(passport.session());
    before?.(app);
    app.use(this.path, twoFactorRouter({ service, passport, pages: true, ...router }));
    const login = passport.authenticate('local', {
      secondFactorRedirect: this.path,
      successReturnToOrRedirect: '/',
      failureRedirect: '/login',
    });
    app.post('/login', urlencoded({ extended: false }), json(), login);
    app.get('/me', (req, res) => {
      res.status(req.user ? 200 : 401).json({ id: (req.user as TestUser | undefined)?.id ?? null });
    });
    app.get('/guarded', requireSecondFactor({ service, redirect: `${this.path}/continue` }), (_req, res) => {
      res.json({ ok: true });
    });
    app.use(secondFactorErrorHandler());
    app.use(
      (
        error: Error & { status?: number },
        _req: express.Request,
        res: express.Response,
        _next: express.NextFunction,
      ) => {
        this.lastError = error;
        res.status(error.status ?? 500).json({ internal: error.message });
      },
    );
  }
}

/** Talks to the JSON API as a single-page app does. Every answer is held against the OpenAPI document. */
export class Client {
  constructor(
    readonly router: RouterApp,
    readonly agent: Agent,
  ) {}

  async get(path: string, status = 200): Promise<Json> {
    const answer = await this.agent.get(`${this.router.path}/api${path}`);
    return this.check('get', path, answer, status);
  }

  status(): Promise<Json> {
    return this.get('/status');
  }

  /** Sends the session's token along, as every client has to. */
  async ok(path: string, body: object = {}): Promise<Json> {
    checkRequest(path, body);
    return this.check('post', path, await this.post(path, body, await this.token()), 200);
  }

  async refused(
    path: string,
    body: object | string,
    status: number,
    code: string,
    token?: string,
  ): Promise<{ code: string; message: string; retryAfter?: number }> {
    const answer = this.check('post', path, await this.post(path, body, token ?? (await this.token())), status);
    expect(answer).toMatchObject({ error: { code, message: expect.stringMatching(/./) } });
    return answer.error as { code: string; message: string };
  }

  post(path: string, body: object | string, token = ''): request.Test {
    return this.agent.post(`${this.router.path}/api${path}`).set('x-csrf-token', token).type('json').send(body);
  }

  async token(): Promise<string> {
    return ((await this.agent.get(`${this.router.path}/api/status`)).body as { csrfToken?: string }).csrfToken ?? '';
  }

  private check(
    verb: 'get' | 'post',
    path: string,
    { status, body, headers }: request.Response,
    expected: number,
  ): Json {
    expect(status, JSON.stringify(body)).toBe(expected);
    expect(headers['cache-control']).toBe('no-store');
    checkAnswer(verb, path, status, body as { error?: { code: string } });
    return body;
  }
}
