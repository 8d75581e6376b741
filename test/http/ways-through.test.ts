import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { impersonate, requireSecondFactor, type TwoFactorEvent } from 'passport-two-factor';
import { logInAs } from 'passport-two-factor/testing';
import { TestApp, UserSchema, type TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';
import { guardedApp, passwordOf, type GuardedOptions } from './guarded.js';

const [sqlite] = databases;

describe('a way through the door', () => {
  let test: TestApp;
  let user: TestUser;
  const events: TwoFactorEvent[] = [];
  beforeAll(async () => {
    test = await TestApp.open(sqlite!);
    ({ user } = await test.withTotp(1));
    test.service.on('impersonated', (event) => {
      events.push(event);
    });
  });
  afterAll(() => test.close());

  const open = (isProtected: boolean) => {
    const routes: GuardedOptions['routes'] = (app) => {
      const find = (id: number) => test.db.getRepository(UserSchema).findOneByOrFail({ id });
      app.post('/impersonate', (req, res, next) => {
        find(1)
          .then((one) => impersonate(req, one as never, req.body))
          .then(() => res.end(), next);
      });
      app.post('/test-login', (req, res, next) => {
        find(1)
          .then((one) => logInAs(req, one as never, { service: test.service, ...req.body }))
          .then(() => res.end(), next);
      });
      app.get('/admin', requireSecondFactor({ service: test.service }), (_req, res) => {
        res.end();
      });
    };
    return guardedApp(test, {
      isProtected,
      routes,
      ...(!isProtected && { strategies: (passport) => passport.use('raw', passwordOf(test)) }),
    });
  };

  it('lets support staff act as a user, without a mark, and tells of it', async () => {
    const agent = open(true).agent();
    await agent.post('/impersonate').send({ by: 'admin@example.com', reason: 'Ticket 5' }).expect(200);
    await agent.get('/me').expect(200, { user: user.id });
    await agent.get('/admin').expect(403);
    await agent.post('/codes').expect(403);
    expect(events).toEqual([{ userId: '1', by: 'admin@example.com', reason: 'Ticket 5', at: test.clock.now }]);
  });

  it.each([
    [{}, 'by'],
    [{ by: '', reason: 'x' }, 'by'],
    [{ by: 'a', reason: '  ' }, 'reason'],
    [{ by: ['a'], reason: 'x' }, 'by'],
    [{ by: 'a', reason: 'x'.repeat(501) }, 'reason'],
  ])('is closed without who and why: %j', async (body, field) => {
    const agent = open(true).agent();
    const answer = await agent.post('/impersonate').send(body).expect(400);
    expect(answer.body).toMatchObject({
      error: { code: 'INVALID_INPUT', message: expect.stringMatching(new RegExp(`^${field} must be`)) as string },
    });
    await agent.get('/me').expect(401);
  });

  it('needs protect', async () => {
    const answer = await open(false).agent().post('/impersonate').send({ by: 'a', reason: 'b' }).expect(500);
    expect(answer.body).toMatchObject({ internal: expect.stringMatching(/^impersonate: call protect/) as string });
  });

  it.each([true, false])(
    "logs a test's user in, with a second factor or without, protected: %s",
    async (isProtected) => {
      const { agent } = open(isProtected);
      const without = agent();
      await without.post('/test-login').send({}).expect(200);
      await without.get('/me').expect(200, { user: user.id });
      await without.get('/admin').expect(403);
      const marked = agent();
      await marked.post('/test-login').send({ secondFactor: true }).expect(200);
      await marked.get('/admin').expect(200);
    },
  );

  it('that nobody has guarded is warned of once, when a user with a second factor comes through it', async () => {
    const warnings: string[] = [];
    const keep = (warning: Error): void => {
      if (warning.name === 'TwoFactorWarning') warnings.push(warning.message);
    };
    process.on('warning', keep);
    try {
      const { agent } = open(false);
      const plain = await test.user(2);
      await agent().post('/local').send(plain).expect(200);
      for (let count = 0; count < 3; count += 1) await agent().post('/local').send(user).expect(200);
      await test.service.list('1');
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      expect(warnings).toEqual([expect.stringContaining('Call protect(passport, { service })')]);
    } finally {
      process.off('warning', keep);
    }
  });
});
