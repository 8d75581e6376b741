import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express } from 'express';
import session from 'express-session';
import request from 'supertest';
import { afterEach, describe, expect, test } from 'vitest';
import { twoFactorRouter } from 'passport-two-factor/router';
import { databases } from '../support/databases.js';
import { RouterApp } from './support.js';

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** Asks for a path as it stands: what a browser sends for a link to `https://app.example//evil.example/2fa/`. */
async function raw(app: Express, path: string, cookie = ''): Promise<Answer> {
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => {
    server.once('listening', resolve);
  });
  try {
    return await new Promise((resolve, reject) => {
      httpRequest(
        { host: '127.0.0.1', port: (server.address() as AddressInfo).port, path, headers: { cookie } },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8').on('data', (part: string) => {
            text += part;
          });
          answer.on('end', () => {
            resolve({ status: answer.statusCode!, headers: answer.headers, text });
          });
        },
      )
        .on('error', reject)
        .end();
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const sessionCookie = (header: readonly string[] | undefined): string => header?.[0]?.split(';')[0] ?? '';

describe.each(databases)('where the router is mounted, on $name', (database) => {
  let app: RouterApp;
  afterEach(async () => {
    await app.close();
  });

  const anywhere = /^\/.*\/2fa/;
  const evil = [
    '//evil.example/2fa',
    '//evil.example/2fa/',
    '///evil.example/2fa/',
    '/\\evil.example/2fa/',
    '//evil.example/2fa/choose',
    '//evil.example/2fa/api/status',
  ];

  test('by a pattern that other sites match too: there is nothing at their addresses', async () => {
    app = await RouterApp.open(database);
    const { user } = await app.test.withTotp(1);
    app.app.use(anywhere, twoFactorRouter({ service: app.test.service, passport: app.test.passport, pages: true }));
    const agent = app.agent();
    const halted = await app.login(agent, user).expect(302);
    const cookie = sessionCookie(halted.get('Set-Cookie'));
    for (const path of evil) {
      const { status, headers, text } = await raw(app.app, path, cookie);
      expect([path, status, headers.location]).toEqual([path, 404, undefined]);
      expect(text).not.toMatch(/(?:href|src|action)=|_csrf|csrfToken/);
    }
    const here = await raw(app.app, '/de/2fa/', cookie);
    expect([here.status, here.text]).toEqual([200, expect.stringContaining('action="/de/2fa/verify"')]);
  });

  test('by such a pattern, no login returns to another site, also where the app kept the address before', async () => {
    app = await RouterApp.open(database, {
      before: (express) => {
        express.use((req, _res, next) => {
          if (req.method === 'GET') (req.session as { returnTo?: string }).returnTo = req.originalUrl;
          next();
        });
      },
    });
    const user = await app.test.user(1);
    app.app.use(
      anywhere,
      twoFactorRouter({ service: app.test.service, passport: app.test.passport, pages: true, returnTo: '/account' }),
    );
    for (const path of evil) {
      const { headers } = await raw(app.app, path);
      const {
        headers: { location },
      } = await request(app.app)
        .post('/login')
        .set('Cookie', sessionCookie(headers['set-cookie']))
        .type('form')
        .send({ email: user.email, password: user.password })
        .expect(302);
      expect([path, location]).toEqual([path, '/account']);
    }
  });

  test('an address in absolute form is kept as nowhere to return to', async () => {
    app = await RouterApp.open(database);
    const { headers } = await raw(app.app, 'http://evil.example/2fa/');
    expect(headers.location).toBe('/login');
    expect(headers['set-cookie']).toBeUndefined();
  });
});

describe('the order of middleware', () => {
  const database = databases[0]!;
  let app: RouterApp;
  const failed: Error[] = [];
  const lastFailure = (): string | undefined => failed.pop()?.message;
  afterEach(async () => {
    await app.close();
  });

  async function built(build: (outer: Express, router: ReturnType<typeof twoFactorRouter>) => void): Promise<Express> {
    app = await RouterApp.open(database);
    const { service, passport } = app.test;
    const outer = express();
    build(outer, twoFactorRouter({ service, passport, pages: true }));
    outer.use((error: Error, _req: express.Request, res: express.Response, _next: express.NextFunction) => {
      failed.push(error);
      res.status(500).end();
    });
    return outer;
  }
  const sessions = () => session({ secret: 'test', resave: false, saveUninitialized: false });

  test('a router before the session says so at its first request, whatever is asked for', async () => {
    const outer = await built((wrong, router) => wrong.use('/2fa', router, sessions(), app.test.passport.session()));
    for (const path of ['/2fa', '/2fa/step-up', '/2fa/api/status']) {
      await request(outer).get(path).expect(500);
      expect(lastFailure(), path).toMatch(
        /there is no req\.session: mount the router after express-session and passport\.session\(\)/,
      );
    }
    await request(outer).post('/2fa/api/verify').send({ code: '123456' }).expect(500);
  });

  test('a router before passport.session() says so, to nobody in particular and to whoever is logged in', async () => {
    const outer = await built((wrong, router) =>
      wrong.use(sessions()).use('/2fa', router).use(app.test.passport.session()),
    );
    await request(outer).get('/2fa').expect(500);
    expect(lastFailure()).toMatch(/mount the router after passport\.session\(\)/);

    const late = await built((wrong, router) => {
      // What passport.initialize() does: methods on the request, and no user.
      wrong.use(sessions(), app.test.passport.initialize() as express.RequestHandler);
      wrong.post(
        '/login',
        express.json(),
        app.test.passport.authenticate('local') as express.RequestHandler,
        (_req, res) => {
          res.json({});
        },
      );
      wrong.use('/2fa', router).use(app.test.passport.session());
    });
    const user = await app.test.user(1);
    const agent = request.agent(late);
    await agent.post('/login').send({ email: user.email, password: user.password }).expect(200);
    await agent.get('/2fa').expect(500);
    expect(lastFailure()).toMatch(/mount the router after passport\.session\(\)/);
  });

  test('one at the root fails nothing but its own pages', async () => {
    const outer = await built((wrong, router) =>
      wrong.use(router).get('/health', (_req, res) => {
        res.json({ ok: true });
      }),
    );
    await request(outer).get('/health').expect(200);
    await request(outer).get('/two-factor.css').expect(200);
    await request(outer).get('/step-up').expect(500);
  });
});
