import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireEnrollment, TwoFactorMechanism, TwoFactorService } from 'passport-two-factor';
import { TestApp, UserSchema, type TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';

const date = (days: number): Date => new Date(Date.UTC(2026, 0, 1, 12) + days * 86_400_000);

describe.each(databases)('the policy on $name', (database) => {
  let ids = 100;

  function open(enforce: NonNullable<ConstructorParameters<typeof TwoFactorService>[0]['twoFactor']['enforce']>, enabled = true): Promise<TestApp> {
    return TestApp.open(database, {
      twoFactor: { enforce, enabled },
      routes: (app, test) => {
        const guard = requireEnrollment({ service: test.service, except: ['/call', '/2fa'] });
        app.get(['/home', '/call/home', '/callous'], guard, (_req, res) => { res.json({ ok: true }); });
        app.get('/pages', requireEnrollment({ service: test.service, redirect: '/2fa/enroll', except: ['/2fa'] }), (_req, res) => { res.end(); });
      },
    });
  }

  it('holds a user without a factor to the pages where one is enrolled, and lets nobody else in or out', async () => {
    const test = await open(true);
    const user = await test.user((ids += 1));
    const agent = test.agent();
    await agent.get('/home').expect(200);
    await test.login(agent, user).expect(200);
    const refused = await agent.get('/home').expect(403);
    expect(refused.body.error.code).toBe('ENROLLMENT_REQUIRED');
    await agent.get('/callous').expect(403);
    await agent.get('/pages').expect(302).expect('location', '/2fa/enroll');
    await agent.get('/call/home').expect(200);
    const { body } = await test.call(agent, 'setup.totp').expect(200);
    await test.call(agent, 'complete.totp', test.totp(body.result.secret)).expect(200);
    await agent.get('/home').expect(200);
    await test.close();
  });

  it('asks a function about each user, and denies where it does not answer', async () => {
    const test = await open(((user: TestUser) => (user.email.startsWith('odd') ? undefined : user.email.startsWith('admin'))) as never);
    const [admin, guest, odd] = [await test.user(201, 'admin@example.com'), await test.user(202, 'guest@example.com'), await test.user(203, 'odd@example.com')];
    for (const [user, status] of [[admin, 403], [guest, 200], [odd, 500]] as const) {
      const agent = test.agent();
      await test.login(agent, user).expect(200);
      await agent.get('/home').expect(status);
    }
    await test.close();
  });

  it('keeps the first deadline a user was given: moving the date later puts nobody off', async () => {
    const test = await open({ after: date(7) });
    const user = await test.user((ids += 1));
    const agent = test.agent();
    await test.login(agent, user).expect(200);
    await agent.get('/home').expect(200);
    await test.call(agent, 'enrollmentDeadline').expect(200, { result: date(7).getTime() });

    const users = test.db.getRepository(UserSchema);
    const again = (after: Date) => new TwoFactorService({
      db: test.db, keys: test.keys, clock: test.clock.read, twoFactor: { issuer: 'MyApp', enforce: { after } },
      users: { id: (given: TestUser) => String(given.id), find: (id) => users.findOneBy({ id: Number(id) }) },
    });
    expect(await again(date(30)).enrollmentDeadline(String(user.id))).toBe(date(7).getTime());
    expect(await again(date(3)).enrollmentDeadline(String(user.id))).toBe(date(3).getTime());

    test.clock.advance('8d');
    await agent.get('/home').expect(403);
    await test.close();
  });

  it('gives its deadline to a user too who has begun to enrol, or has failed to', async () => {
    const test = await open({ after: date(7) });
    const { id } = await test.user((ids += 1));
    await test.service.setup.totp(String(id), true, { qr: 'svg' });
    expect(await test.service.enrollmentDeadline(String(id))).toBe(date(7).getTime());
    await test.close();
  });

  it('holds nobody while the second factor is not enabled', async () => {
    const test = await open(true, false);
    const user = await test.user((ids += 1));
    const agent = test.agent();
    await test.login(agent, user).expect(200);
    await agent.get('/home').expect(200);
    expect(await test.service.enrollmentDeadline(String(user.id))).toBeUndefined();
    await test.close();
  });

  it('concerns a user whom the app does not find, and asks the function about one whom it does', async () => {
    const asked: unknown[] = [];
    const test = await open((user) => { asked.push((user as TestUser).id); return false; });
    const { id } = await test.user((ids += 1));
    expect(await test.service.enrollmentDeadline('999999')).toBe(test.clock.now);
    expect(asked).toEqual([]);
    expect(await test.service.enrollmentDeadline(String(id))).toBeUndefined();
    expect(asked).toEqual([id]);
    await test.close();
  });

  describe('and the preferred method', () => {
    let test: TestApp;
    beforeAll(async () => { test = await TestApp.open(database); });
    afterAll(() => test.close());

    it('leads what a halted login offers, and must be one that the user has', async () => {
      const { user, secret } = await test.withTotp((ids += 1));
      await test.service.setup.email(String(user.id));
      const agent = test.agent();
      await test.login(agent, user).expect(202);
      await agent.post('/verify-2fa').send({ code: test.totp(secret) }).expect(200);
      await test.call(agent, 'setPreferredMethod', TwoFactorMechanism.SMS).expect(404);
      await test.call(agent, 'setPreferredMethod', 'email').expect(400);
      await test.call(agent, 'setPreferredMethod', TwoFactorMechanism.EMAIL).expect(200);
      await test.call(agent, 'getPreferredMethod').expect(200, { result: TwoFactorMechanism.EMAIL });
      const { body } = await test.login(test.agent(), user).expect(202);
      expect(Object.keys(body.methods as object)).toEqual(['email', 'totp', 'backupCode']);
    });
  });

  it('refuses to redirect to a page that it guards itself', async () => {
    const test = await open(true);
    expect(() => requireEnrollment({ service: test.service, redirect: '/2fa', except: ['/logout'] })).toThrow(/except must name the page/);
    await test.close();
  });
});
