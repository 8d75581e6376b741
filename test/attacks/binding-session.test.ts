import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databases } from '../support/databases.js';
import type { Agent, TestApp } from '../support/app.js';
import { attackRoutes } from './routes.js';
import { expectDenied, halted, loggedIn, openApp, sessionCookie, waysBySession } from './support.js';

describe.each(databases)('what a session is bound to on $name', (database) => {
  let test: TestApp;
  let ids = 0;
  /** Called when the slow request has its session, with what lets it go on. */
  let onSlow: (release: () => void) => void;

  beforeAll(async () => {
    test = await openApp(database, {
      routes: (app, given) => {
        attackRoutes(app, given);
        app.post('/slow', (req, res) => {
          onSlow(() => {
            Object.assign(req.session, { seen: true });
            res.json({ success: true });
          });
        });
      },
    });
  });
  afterAll(() => test.close());

  /** The id is unknown to the app from now on: no user, no pending login, nothing to complete. */
  async function expectDead(cookie: string): Promise<void> {
    const withCookie = (path: string) => test.agent().get(path).set('Cookie', cookie);
    await withCookie('/me').expect(401, { pending: null });
    await withCookie('/guarded').expect(401);
    for (const path of ['/complete', '/verify', '/2fa']) {
      const answer = await test.agent().post(path).set('Cookie', cookie).send({ code: '123456' }).expect(401);
      expect(answer.body).toMatchObject({ error: { code: 'CHALLENGE_EXPIRED' } });
    }
    expect((await withCookie('/peek')).body).not.toHaveProperty('twoFactor');
  }

  const plant = async (agent: Agent, values: object): Promise<string> =>
    sessionCookie(await agent.post('/plant').send(values).expect(200))!;

  describe.each(waysBySession)('through $way', (wayIn) => {
    it('24: the session id is new at the halt, at the login and at a step-up, and old ids are dead (CVE-2022-25896, CVE-2024-13279)', async () => {
      const { user, secret } = await test.withTotp((ids += 1));
      const agent = test.agent();
      const planted = await plant(agent, { returnTo: '/home' });
      const pending = sessionCookie(await wayIn.first(agent, user).expect(202))!;
      await expectDead(planted);
      const full = sessionCookie(await wayIn.second(agent, test.totp(secret)).expect(200))!;
      await expectDead(pending);
      test.clock.advance('30s');
      const raised = await wayIn.stepUp(agent, test.totp(secret)).expect(200);
      await expectDead(full);
      const ids4 = [planted, pending, full, sessionCookie(raised)];
      expect(ids4).not.toContain(undefined);
      expect(new Set(ids4).size).toBe(4);
      await agent.get('/me').expect(200, { id: user.id });
    });

    it('24a: a first factor given again in a pending session changes its id too', async () => {
      const { user } = await test.withTotp((ids += 1));
      const agent = test.agent();
      const first = sessionCookie(await wayIn.first(agent, user).expect(202))!;
      const second = sessionCookie(await wayIn.first(agent, user).expect(202))!;
      expect(second).not.toBe(first);
      await expectDead(first);
    });

    it('24c: the session id is new after a confirmed enrollment and after the password was asked for again', async () => {
      const user = await test.user((ids += 1));
      const agent = test.agent();
      const first = sessionCookie(await wayIn.first(agent, user).expect(200))!;
      const again = sessionCookie(await test.call(agent, '.reauthenticate', user.password).expect(200))!;
      await expectDead(first);
      const { body } = await test.call(agent, 'setup.totp').expect(200);
      const { secret } = (body as { result: { secret: string } }).result;
      const confirmed = sessionCookie(await test.call(agent, 'complete.totp', test.totp(secret)).expect(200))!;
      await expectDead(again);
      expect(new Set([first, again, confirmed]).size).toBe(3);
      await agent.get('/admin').expect(200);
    });

    it('24b: a slow request that brings the pending session back to life after the login brings no login with it', async () => {
      const { user, secret } = await test.withTotp((ids += 1));
      const agent = test.agent();
      const pending = sessionCookie(await wayIn.first(agent, user).expect(202))!;
      const reached = new Promise<() => void>((resolve) => {
        onSlow = resolve;
      });
      const slow = test
        .agent()
        .post('/slow')
        .set('Cookie', pending)
        .then((answer) => answer.status);
      const release = await reached;
      await wayIn.second(agent, test.totp(secret)).expect(200);
      release();
      expect(await slow).toBe(200);
      const back = test.agent();
      await back.get('/me').set('Cookie', pending).expect(401);
      test.clock.advance('30s');
      await expectDenied(
        back,
        back
          .post(wayIn.secondPath)
          .set('Cookie', pending)
          .send({ code: test.totp(secret) }),
        'CHALLENGE_EXPIRED',
      );
      await expectDenied(back, back.post('/complete').set('Cookie', pending), 'CHALLENGE_EXPIRED');
    });

    it('25: what was in the session before the login is dropped, unless it is allowed (GHSA-2ccf-ffrj-m4qw)', async () => {
      const { user, secret } = await test.withTotp((ids += 1));
      const plain = await test.user((ids += 1));
      const planted = { isAdmin: true, role: 'admin', cart: [1], returnTo: '/home' };
      const agent = test.agent();
      await plant(agent, planted);
      await wayIn.first(agent, user).expect(202);
      const pending = (await agent.get('/peek')).body as object;
      expect(Object.keys(pending).sort()).toEqual(['cookie', 'returnTo', 'twoFactor']);
      await plant(agent, planted);
      await wayIn.second(agent, test.totp(secret)).expect(200);
      const full = (await agent.get('/peek')).body as object;
      expect(Object.keys(full).sort()).toEqual(['cookie', 'passport', 'returnTo', 'twoFactor']);

      const other = test.agent();
      await plant(other, planted);
      await wayIn.first(other, plain).expect(200);
      expect((await other.get('/peek')).body).not.toHaveProperty('isAdmin');
    });

    it('25a: what a user had in the session is not left to the next one in the same browser', async () => {
      const a = await test.withTotp((ids += 1));
      const v = await test.withTotp((ids += 1));
      const agent = await loggedIn(test, a.user, a.secret);
      await plant(agent, { role: 'admin of A' });
      await wayIn.first(agent, v.user).expect(202);
      expect((await agent.get('/peek')).body).not.toHaveProperty('role');
      await wayIn.second(agent, test.totp(v.secret)).expect(200);
      expect((await agent.get('/peek')).body).not.toHaveProperty('role');
    });

    it.each(['__proto__', 'constructor.prototype'])('25b: a body that reaches for %s changes nothing', async (path) => {
      const { user, secret } = await test.withTotp((ids += 1));
      const halt = await test
        .agent()
        .post('/token/login')
        .send({ email: user.email, password: user.password })
        .expect(202);
      const { challengeToken } = halt.body as { challengeToken: string };
      const inner = JSON.stringify({
        code: test.totp(secret),
        method: 'totp',
        challengeToken,
        isAdmin: true,
        enabled: false,
        email: user.email,
        password: user.password,
      });
      const body = path === '__proto__' ? `{"__proto__":${inner}}` : `{"constructor":{"prototype":${inner}}}`;
      const agent = await halted(test, user, wayIn);
      const json = (to: string) => agent.post(to).type('json').send(body);
      await json(wayIn.secondPath).expect(400);
      await expectDenied(agent, json('/token/2fa'), 'CHALLENGE_EXPIRED');
      await expectDenied(agent, json('/complete'), 'NOT_VERIFIED');
      expect([400, 401]).toContain((await test.agent().post(wayIn.firstPath).type('json').send(body)).status);
      await agent
        .post(wayIn.secondPath)
        .type('form')
        .send({ [`${path.replace('.', '[')}]`]: '1', '__proto__[code]': test.totp(secret) })
        .expect(400);
      expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
      expect(({} as { code?: string }).code).toBeUndefined();
      await agent.get('/me').expect(401);
    });

    it('25c: the page to return to after the login cannot be another site', async () => {
      const { user, secret } = await test.withTotp((ids += 1));
      const landings: (string | undefined)[] = [];
      for (const page of ['//evil.example/secret', '/\\evil.example/secret', '///evil.example/secret', '/the/secret']) {
        const agent = test.agent();
        await agent.get(page).expect(302).expect('Location', '/enter-code');
        await wayIn.first(agent, user).expect(202);
        const answer = await agent
          .post('/return')
          .send({ code: test.totp(secret) })
          .expect(302);
        landings.push(answer.headers.location);
        test.clock.advance('30s');
      }
      expect(landings.at(-1)).toBe('/the/secret');
      for (const landing of landings) expect(new URL(landing!, 'https://app.example').host).toBe('app.example');
    });
  });

  it.each([
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'TOTP',
    'totp ',
    'none',
    0,
    true,
    ['totp'],
    { totp: true },
    null,
  ])('25d: the method %j is none', async (method) => {
    const { user, secret } = await test.withTotp((ids += 1));
    const agent = await halted(test, user);
    await agent
      .post('/2fa')
      .send({ method, code: test.totp(secret) })
      .expect(400);
    await agent.get('/me').expect(401);
  });
});
