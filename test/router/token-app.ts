import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import express, { type Express, type Request, type RequestHandler } from 'express';
import session from 'express-session';
import jwt from 'jsonwebtoken';
import passportModule from 'passport';
import { ExtractJwt, Strategy as JwtStrategy } from 'passport-jwt';
import { Strategy as LocalStrategy } from 'passport-local';
import request from 'supertest';
import { claimsOf, protect, requireSecondFactor, secondFactorErrorHandler } from 'passport-two-factor';
import { twoFactorRouter, type RouterTokens } from 'passport-two-factor/router';
import { newApp, UserSchema, type TestApp, type TestUser } from '../support/app.js';

const secret = 'test';

export interface TokenAppOptions {
  /** The app's own middleware has read the token before the router, in place of a strategy that the router runs. */
  readonly readBefore?: boolean;
  /** Where the app takes the token from a cookie, which it must not do without a CSRF guard. */
  readonly cookie?: boolean;
  readonly issue?: RouterTokens['issue'];
  readonly sessions?: boolean;
}

/** An app whose browsers have sessions and whose other clients have tokens, side by side. */
export class TokenApp {
  readonly app: Express = newApp();
  readonly passport = new passportModule.Passport();
  lastError: unknown;

  constructor(
    readonly test: TestApp,
    { readBefore, cookie, issue, sessions = true }: TokenAppOptions = {},
  ) {
    const { app, passport } = this;
    const { service } = test;
    const users = test.db.getRepository(UserSchema);
    passport.serializeUser((user, done) => {
      done(null, (user as TestUser).id);
    });
    passport.deserializeUser((id: number, done) => {
      users.findOneBy({ id }).then((user) => {
        done(null, user ?? false);
      }, done);
    });
    passport.use(
      new LocalStrategy({ usernameField: 'email' }, (email, password, done) => {
        users.findOneBy({ email }).then((user) => {
          done(null, user?.password === password && user);
        }, done);
      }),
    );
    const fromCookie = (req: Request): string | null => /jwt=([^;]+)/.exec(req.headers.cookie ?? '')?.[1] ?? null;
    const jwtFromRequest = cookie ? fromCookie : ExtractJwt.fromAuthHeaderAsBearerToken();
    passport.use(
      new JwtStrategy({ jwtFromRequest, secretOrKey: secret }, (payload: { sub: string }, done) => {
        users.findOneBy({ id: Number(payload.sub) }).then((user) => {
          done(null, user ?? false, payload);
        }, done);
      }),
    );
    protect(passport, { service });
    const readToken = passport.authenticate('jwt', { session: false }) as RequestHandler;
    if (sessions) app.use(session({ secret: 'test', resave: false, saveUninitialized: false }), passport.session());
    if (readBefore)
      app.use((req, res, next) => {
        const sent = cookie ? fromCookie(req) : req.headers.authorization;
        if (sent) readToken(req, res, next);
        else next();
      });
    const claims = (req: Request): unknown => req.authInfo;
    const tokens = {
      claims,
      issue: issue ?? ((user: Express.User, given: object) => ({ access: this.sign(user as TestUser, given) })),
      ...(!readBefore && { strategy: 'jwt' }),
    };
    app.use('/2fa', twoFactorRouter({ service, passport, tokens }));
    app.post('/login', express.json(), passport.authenticate('local'), (_req, res) => {
      res.json({});
    });
    app.post('/token/login', express.json(), passport.authenticate('local', { session: false }), (req, res) => {
      res.json({ access: this.sign(req.user as TestUser, claimsOf(req)) });
    });
    app.get('/guarded', readToken, requireSecondFactor({ service, claims }), (_req, res) => {
      res.json({ ok: true });
    });
    app.get('/me', (req, res) => {
      res.json({ id: (req.user as TestUser | undefined)?.id ?? null });
    });
    app.use(secondFactorErrorHandler());
    app.use(((error: Error, _req, res, _next) => {
      this.lastError = error;
      res.status(500).json({ internal: error.message });
    }) as express.ErrorRequestHandler);
  }

  sign({ id }: Pick<TestUser, 'id'>, claims: object): string {
    return jwt.sign({ ...claims, sub: String(id) }, secret);
  }

  /** A call of the router's API, by a client without cookies unless one is given. */
  api(path: string, { token, cookie, body }: { token?: string; cookie?: string; body?: object } = {}): request.Test {
    const url = `/2fa/api${path}`;
    const call = body ? request(this.app).post(url).send(body) : request(this.app).get(url);
    if (token !== undefined) call.set('Authorization', `Bearer ${token}`);
    if (cookie !== undefined) call.set('Cookie', cookie);
    return call;
  }

  async listen(): Promise<{ url: string; close: () => Promise<void> }> {
    const server = await new Promise<Server>((resolve) => {
      const listening = this.app.listen(0, '127.0.0.1', () => {
        resolve(listening);
      });
    });
    return {
      url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
      close: () =>
        new Promise((resolve) => {
          server.close(() => {
            resolve();
          });
        }),
    };
  }
}
