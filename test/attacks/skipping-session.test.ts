import express from 'express';
import type { RequestHandler } from 'express';
import request from 'supertest';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { secondFactorErrorHandler, twoFactorAuth } from 'passport-two-factor';
import { databases } from '../support/databases.js';
import type { TestApp } from '../support/app.js';
import { FailingStore, type StoreMethod } from './failing.js';
import { halted, openApp, waysBySession } from './support.js';

const loseSession: RequestHandler = (req, _res, next) => {
  Reflect.deleteProperty(req, 'session');
  next();
};

/** Which call of a method fails, and whether all later ones do. */
const failures: readonly [nth: number, lasting: boolean][] = [
  [1, false],
  [2, false],
  [3, false],
  [4, false],
  [1, true],
];

describe.each(databases)('16: sessions that fail on $name', (database) => {
  let test: TestApp;
  let store: FailingStore;
  let ids = 0;

  beforeAll(async () => {
    store = new FailingStore();
    test = await openApp(database, {
      store,
      routes: (app, { passport }) => {
        app.post('/lost/login', loseSession, async (req, res) => {
          await req.auth.login(req.body.email, req.body.password);
          res.json({ success: true });
        });
        app.post('/lost/passport/login', loseSession, passport.authenticate('local'), (_req, res) => {
          res.json({ success: true });
        });
        app.post('/lost/as', loseSession, async (req, res) => {
          await req.auth.loginAs(req.body, { via: 'magic-link' });
          res.json({ success: true });
        });
        app.post('/lost/2fa', loseSession, passport.authenticate('two-factor'), (_req, res) => {
          res.json({ success: true });
        });
        app.post('/lost/complete', loseSession, async (req, res) => {
          await req.auth.completeTwoFactorLogin();
          res.json({ success: true });
        });
      },
    });
  });
  beforeEach(() => {
    store.disarm();
    store.emit('connect');
  });
  afterAll(() => test.close());

  it.each(['/lost/login', '/lost/passport/login', '/lost/as'])(
    'a login without req.session at %s is an error, never "no second factor"',
    async (path) => {
      const { user } = await test.withTotp((ids += 1));
      const plain = await test.user((ids += 1));
      for (const { id, email, password } of [user, plain]) {
        const agent = test.agent();
        const answer = await agent.post(path).send({ id, email, password }).expect(500);
        expect(answer.body).not.toHaveProperty('success');
        await agent.get('/me').expect(401);
      }
    },
  );

  it.each(['/lost/2fa', '/lost/complete'])('a second step without req.session at %s logs nobody in', async (path) => {
    const { user, secret } = await test.withTotp((ids += 1));
    const pending = await halted(test, user);
    if (path === '/lost/complete')
      await pending
        .post('/verify')
        .send({ code: test.totp(secret) })
        .expect(200);
    const answer = await pending.post(path).send({ code: test.totp(secret) });
    expect(answer.status).toBeGreaterThanOrEqual(401);
    expect(answer.body).not.toHaveProperty('success');
    await pending.get('/me').expect(401);
  });

  it('an app without express-session logs nobody in by the facade', async () => {
    const { user } = await test.withTotp((ids += 1));
    const bare = express();
    bare.use(express.json(), twoFactorAuth({ service: test.service, passport: test.passport }));
    bare.post('/login', async (req, res) => {
      await req.auth.login(req.body.email, req.body.password);
      res.json({ success: true });
    });
    bare.use(secondFactorErrorHandler({ status: 202 }));
    const answer = await request(bare).post('/login').send({ email: user.email, password: user.password }).expect(500);
    expect(answer.headers).not.toHaveProperty('set-cookie');
  });

  describe.each(waysBySession)('through $way', (wayIn) => {
    it('a store that is disconnected, so that there is no req.session at all, lets nobody in', async () => {
      const { user, secret } = await test.withTotp((ids += 1));
      const plain = await test.user((ids += 1));
      const pending = await halted(test, user, wayIn);
      store.emit('disconnect');
      for (const agent of [test.agent(), pending]) {
        for (const given of [user, plain]) expect((await wayIn.first(agent, given)).status).toBe(500);
        expect((await wayIn.second(agent, test.totp(secret))).status).toBe(500);
        for (const path of ['/me', '/admin']) expect((await agent.get(path)).status).toBeGreaterThanOrEqual(401);
      }
      store.emit('connect');
      await pending.get('/me').expect(401);
      test.clock.advance('30s');
      await wayIn.second(pending, test.totp(secret)).expect(200);
    });

    it.each<StoreMethod>(['get', 'set', 'destroy'])('a store whose "%s" fails logs nobody in', async (method) => {
      const { user, secret } = await test.withTotp((ids += 1));
      let failed = 0;
      for (const [nth, lasting] of failures) {
        const agent = test.agent();
        store.arm(method, nth, lasting);
        const first = await wayIn.first(agent, user);
        const second = first.status === 202 ? await wayIn.second(agent, test.totp(secret)) : first;
        store.disarm();
        test.clock.advance('30s');
        // express-session saves once more after the answer: a failure there comes too late to change it.
        if (second.status === 200) {
          await agent.get('/me').expect(200, { id: user.id });
          continue;
        }
        expect(store.hasFailed).toBe(true);
        failed += 1;
        expect(second.status).toBe(500);
        await agent.get('/me').expect(401);
        await agent.get('/admin').expect(401);
        await wayIn.first(agent, user).expect(202);
        await wayIn.second(agent, test.totp(secret)).expect(200);
        await agent.get('/admin').expect(200);
        test.clock.advance('30s');
      }
      expect(failed).toBeGreaterThanOrEqual(2);
    });

    it('a login of a user without a second factor that could not be stored does not come back by the next request', async () => {
      const plain = await test.user((ids += 1));
      const agent = test.agent();
      store.arm('set', 1, false);
      expect((await wayIn.first(agent, plain)).status).toBe(500);
      store.disarm();
      await agent.get('/me').expect(401);
    });
  });
});
