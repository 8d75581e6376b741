import type { Request, Response } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireEnrollment, TwoFactorMechanism, TwoFactorService } from 'passport-two-factor';
import { TestApp, UserSchema, type TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';

const date = (days: number): Date => new Date(Date.UTC(2026, 0, 1, 12) + days * 86_400_000);

describe.each(databases)('the policy on $name', (database) => {
  let ids = 100;

  function open(
    enforce: NonNullable<ConstructorParameters<typeof TwoFactorService>[0]['twoFactor']['enforce']>,
    enabled = true,
  ): Promise<TestApp> {
    return TestApp.open(database, {
      twoFactor: { enforce, enabled },
      routes: (app, test) => {
        const guard = requireEnrollment({ service: test.service, except: ['/call', '/2fa'] });
        app.get(['/home', '/call/home', '/callous'], guard, (_req, res) => {
          res.json({ ok: true });
        });
        app.get(
          '/pages',
          requireEnrollment({ service: test.service, redirect: '/2fa/enroll', except: ['/2fa'] }),
          (_req, res) => {
            res.end();
          },
        );
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
    const test = await open(((user: TestUser) =>
      user.email.startsWith('odd') ? undefined : user.email.startsWith('admin')) as never);
    const [admin, guest, odd] = [
      await test.user(201, 'admin@example.com'),
      await test.user(202, 'guest@example.com'),
      await test.user(203, 'odd@example.com'),
    ];
    for (const [user, status] of [
      [admin, 403],
      [guest, 200],
      [odd, 500],
    ] as const) {
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
    const again = (after: Date) =>
      new TwoFactorService({
        db: test.db,
        keys: test.keys,
        clock: test.clock.read,
        twoFactor: { issuer: 'MyApp', enforce: { after } },
        users: { id: (given: TestUser) => String(given.id), find: (id) => users.findOneBy({ id: Number(id) }) },
      });
    expect(await again(date(30)).enrollmentDeadline(String(user.id))).toBe(date(7).getTime());
    expect(await again(date(3)).enrollmentDeadline(String(user.id))).toBe(date(3).getTime());

    test.clock.advance('8d');
    await agent.get('/home').expect(403);
    await test.close();
  });

  it('gives its deadline to a user too who has begun to enroll, or has failed to', async () => {
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
    const test = await open((user) => {
      asked.push((user as TestUser).id);
      return false;
    });
    const { id } = await test.user((ids += 1));
    expect(await test.service.enrollmentDeadline('999999')).toBe(test.clock.now);
    expect(asked).toEqual([]);
    expect(await test.service.enrollmentDeadline(String(id))).toBeUndefined();
    expect(asked).toEqual([id]);
    await test.close();
  });

  describe('and the preferred method', () => {
    let test: TestApp;
    beforeAll(async () => {
      test = await TestApp.open(database);
    });
    afterAll(() => test.close());

    it('leads what a halted login offers, and must be one that the user has', async () => {
      const { user, secret } = await test.withTotp((ids += 1));
      await test.service.setup.email(String(user.id));
      const agent = test.agent();
      await test.login(agent, user).expect(202);
      await agent
        .post('/verify-2fa')
        .send({ code: test.totp(secret) })
        .expect(200);
      await test.call(agent, 'setPreferredMethod', TwoFactorMechanism.SMS).expect(404);
      await test.call(agent, 'setPreferredMethod', 'email').expect(400);
      await test.call(agent, 'setPreferredMethod', TwoFactorMechanism.EMAIL).expect(200);
      await test.call(agent, 'getPreferredMethod').expect(200, { result: TwoFactorMechanism.EMAIL });
      const { body } = await test.login(test.agent(), user).expect(202);
      expect(Object.keys(body.methods as object)).toEqual(['email', 'totp', 'backupCode']);
    });
  });

  it('opens its pages to one spelling alone: what another reader takes for another page is held', async () => {
    const test = await open(true);
    const user = await test.user((ids += 1));
    const guarded = async (path: string, except: string[]): Promise<string> =>
      new Promise((resolve) => {
        const next = (error?: unknown): void => {
          resolve(error === undefined ? 'open' : (error as { code: string }).code);
        };
        requireEnrollment({ service: test.service, except })(
          { user, path } as unknown as Request,
          {} as Response,
          next,
        );
      });
    for (const path of [
      '/2fa',
      '/2fa/',
      '/2fa/add',
      '/2fa/add/',
      '/2fa/%61dd',
      '/2fa/.well-known',
      '/2fa/a..b',
      '/2fa/\u00fc',
      '/2fa/%C3%BC',
    ]) {
      expect([path, await guarded(path, ['/2fa', '/log out'])]).toEqual([path, 'open']);
    }
    for (const path of [
      '/2fabulous',
      '/2FA',
      '/',
      '//',
      '//2fa',
      '/2fa//',
      '/2fa//x',
      '/2fa/..',
      '/2fa/.',
      '/2fa/../x',
      '/2fa/%2e%2e/x',
      '/2fa/.%2E/x',
      '/2fa/..%2fx',
      '/2fa/..%2Fx',
      '/2fa%2fx',
      '/2fa/x%2f..%2f..%2fy',
      '/2fa/..%5cx',
      '/2fa/..\\x',
      '/2fa/%252e%252e/x',
      '/2fa/..;/x',
      '/2fa;/x',
      '/2fa/x;y',
      '/2fa/.../x',
      '/2fa/..%20/x',
      '/2fa/%00',
      '/2fa/..%00/x',
      '/2fa/%0a',
      '/2fa/%3f/../x',
      '/2fa/%23',
      '/2fa/%c0%ae%c0%ae/x',
      '/2fa/%zz',
      '/2fa/\uff0e\uff0e/x',
      '/2fa/%EF%BC%8E%EF%BC%8E/x',
      '/2fa/..\uff0fx',
      '/2fa/\u2025/x',
      '2fa',
      '',
      `/2fa/${'x'.repeat(2048)}`,
      undefined as never,
    ]) {
      expect([path, await guarded(path, ['/2fa'])]).toEqual([path, 'ENROLLMENT_REQUIRED']);
    }
    expect(await guarded('/log%20out', ['/log out'])).toBe('open');
    expect(await guarded('/2fa', ['/2fa/'])).toBe('open');
    expect([await guarded('/', ['/']), await guarded('/admin', ['/'])]).toEqual(['open', 'ENROLLMENT_REQUIRED']);
    await test.close();
  });

  it('compares what comes after the path that the guard is mounted at', async () => {
    const test = await TestApp.open(database, {
      twoFactor: { enforce: true },
      routes: (app, given) => {
        app.use('/app', requireEnrollment({ service: given.service, except: ['/2fa'] }));
        app.get(['/app/2fa/add', '/app/home', '/2fa/add'], (_req, res) => {
          res.json({ ok: true });
        });
      },
    });
    const user = await test.user((ids += 1));
    const agent = test.agent();
    await test.login(agent, user).expect(200);
    await agent.get('/app/home').expect(403);
    await agent.get('/app/2fa/add').expect(200);
    await agent.get('/2fa/add').expect(200);
    await test.close();
  });

  it.each<unknown>([undefined, null, 0, '', false, 'route', 'router'])(
    'denies where the function rejects with %j',
    async (reason) => {
      const test = await open(async () => {
        await Promise.resolve();
        throw reason as Error;
      });
      const user = await test.user((ids += 1));
      const agent = test.agent();
      await test.login(agent, user).expect(200);
      await agent.get('/home').expect(500);
      await test.close();
    },
  );

  it('refuses to redirect to a page that it guards itself', async () => {
    const test = await open(true);
    expect(() => requireEnrollment({ service: test.service, redirect: '/2fa', except: ['/logout'] })).toThrow(
      /except must name the page/,
    );
    for (const [options, named] of [
      [{ except: '/2fa' }, /except must be a list/],
      [{ except: ['2fa'] }, /except must be a list of paths/],
      [{ except: ['/2fa/../x'] }, /except must be/],
      [{ excepts: ['/2fa'] }, /no option "excepts"/],
      [{ redirect: () => '/2fa' }, /redirect must be a text/],
      [{ redirect: '' }, /redirect must be a text/],
    ] as [object, RegExp][]) {
      expect(() => requireEnrollment({ service: test.service, ...options })).toThrow(named);
    }
    expect(() => requireEnrollment(undefined as never)).toThrow(/requireEnrollment: the options must be an object/);
    await test.close();
  });
});
