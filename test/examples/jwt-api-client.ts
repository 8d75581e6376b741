import type { Express } from 'express';
import request from 'supertest';
import { DataSource } from 'typeorm';
import { generateKey } from 'passport-two-factor';
import { currentTotp, fakeClock } from 'passport-two-factor/testing';
import { createApp } from '../../examples/jwt-api/app.js';
import { tables } from '../../examples/jwt-api/database.js';
import type { Tokens } from './token-client.js';

export const password = 'correct horse';

/** A user with an authenticator app, and the tokens that confirming it has brought. */
export interface Enrolled {
  readonly email: string;
  readonly secret: string;
  /** Of the first login, from before there was a second factor. */
  readonly before: Tokens;
  readonly tokens: Tokens;
}

/** The example in the process of the test, so that time passes by the clock that it is given. */
export class JwtApi {
  private constructor(
    readonly db: DataSource,
    readonly clock: ReturnType<typeof fakeClock>,
    readonly app: Express,
  ) {}

  static async open(): Promise<JwtApi> {
    const db = new DataSource({ type: 'better-sqlite3', database: ':memory:', ...tables() });
    await db.initialize();
    const clock = fakeClock();
    return new JwtApi(db, clock, createApp({ db, keys: generateKey('k1'), clock: clock.now }));
  }

  close(): Promise<void> {
    return this.db.destroy();
  }

  post(path: string, body: object = {}, token?: string): request.Test {
    return this.by(request(this.app).post(path).send(body), token);
  }

  get(path: string, token?: string): request.Test {
    return this.by(request(this.app).get(path), token);
  }

  delete(path: string, token: string): request.Test {
    return this.by(request(this.app).delete(path), token);
  }

  refresh(refreshToken: unknown): request.Test {
    return this.post('/refresh', { refreshToken });
  }

  code(secret: string): string {
    return currentTotp(secret, this.clock.now());
  }

  async enrolled(email = 'ada@example.com'): Promise<Enrolled> {
    await this.post('/signup', { email, password }).expect(201);
    const before = (await this.post('/login', { email, password }).expect(200)).body as Tokens;
    this.clock.advance('1s');
    const { secret } = (await this.post('/2fa/totp', {}, before.token).expect(200)).body as { secret: string };
    const confirmed = await this.post('/2fa/totp/confirm', { code: this.code(secret) }, before.token).expect(200);
    this.nextStep();
    return { email, secret, before, tokens: confirmed.body as Tokens };
  }

  /** Another client of the user: password and code. */
  async logIn({ email, secret }: Pick<Enrolled, 'email' | 'secret'>): Promise<Tokens> {
    const { challengeToken } = (await this.post('/login', { email, password }).expect(202)).body as Record<
      string,
      string
    >;
    const done = await this.post('/login/second-factor', { challengeToken, code: this.code(secret) }).expect(200);
    this.nextStep();
    return done.body as Tokens;
  }

  async stepUp(token: string, secret: string): Promise<Tokens> {
    const { body } = await this.post('/step-up', { code: this.code(secret) }, token).expect(200);
    this.nextStep();
    return body as Tokens;
  }

  /** A code is good once: the next one is another. */
  private nextStep(): void {
    this.clock.advance('30s');
  }

  private by(call: request.Test, token: string | undefined): request.Test {
    return token === undefined ? call : call.set('Authorization', `Bearer ${token}`);
  }
}
