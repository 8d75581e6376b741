import express, { type NextFunction, type Request, type Response } from 'express';
import session from 'express-session';
import supertest from 'supertest';
import { expect, it } from 'vitest';
import type { TwoFactorAuthOptions, TwoFactorService } from 'passport-two-factor';
import { twoFactorRouter } from 'passport-two-factor/router';

/** As far as it is asked for somebody who is not logged in. */
const service = { setup: {}, settings: { clock: () => 0, users: {} }, canSend: () => false, issuer: 'MyApp' } as unknown as TwoFactorService;
const passport = { authenticate: () => () => undefined } as unknown as TwoFactorAuthOptions['passport'];

it.each(['/2fa', '/2fa/step-up', '/2fa/choose', '/2fa/add'])('the router says so where it comes before the session, in place of sending %s to the login for ever', async (path) => {
  const build = (first: 'router' | 'session') => {
    const app = express();
    const parts = { router: () => app.use('/2fa', twoFactorRouter({ service, passport, pages: true })), session: () => app.use(session({ secret: 's', resave: false, saveUninitialized: false })) };
    parts[first]();
    parts[first === 'router' ? 'session' : 'router']();
    app.use((error: Error, _req: Request, res: Response, _next: NextFunction) => { res.status(500).json({ message: error.message }); });
    return supertest(app).get(path);
  };
  expect((await build('router').expect(500)).body.message).toMatch(/^There is no req\.session: mount express-session and passport\.session\(\) before twoFactorRouter/);
  await build('session').expect(303).expect('location', '/login');
});
