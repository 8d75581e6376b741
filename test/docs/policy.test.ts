import { afterEach, describe, expect, it } from 'vitest';
import { requireEnrollment, TwoFactorMechanism } from 'passport-two-factor';
import { blocksIn, sectionOf, tableOf } from './markdown.js';
import { GuideApp } from './running.js';

const file = 'docs/policy.md';

describe('docs/policy.md, run', () => {
  let guide: GuideApp;
  afterEach(() => guide.close());

  const home = (): void => {
    guide.app.get(['/home', '/dashboard', '/2fabulous'], (_req, res) => {
      res.json({ home: true });
    });
  };

  it('has four kinds of enforce, and they concern whom it says', async () => {
    guide = await GuideApp.open();
    await guide.user(1);
    await guide.user(2, { email: 'ada@elsewhere.example' });
    const [kinds] = blocksIn(file, '## Who must have one');
    await guide.run(kinds);
    const deadlines = await Promise.all(
      guide.made.map(async (service) => [await service.enrollmentDeadline('1'), await service.enrollmentDeadline('2')]),
    );
    const now = guide.clock.now();
    const date = Date.UTC(2027, 0, 1);
    expect(deadlines).toEqual([
      [undefined, undefined],
      [now, now],
      [now, undefined],
      [date, date],
    ]);
  });

  it("holds users to the enrollment by the router's pages, and lets them out of it", async () => {
    guide = await GuideApp.open({ twoFactor: { enforce: true } });
    guide.login();
    await guide.run(blocksIn(file, '## Who must have one')[1]);
    home();
    const user = await guide.user(1);
    const agent = await guide.loggedIn(user);
    await agent.get('/home').expect(302).expect('Location', '/2fa/add');
    await agent.get('/2fabulous').expect(302);
    expect((await agent.get('/2fa/add').expect(200)).text).toContain('Add a method');
    await guide.agent().get('/home').expect(200);

    const { secret } = await guide.service.setup.totp('1');
    const { csrfToken } = (await agent.get('/2fa/api/status')).body as { csrfToken: string };
    await agent
      .post('/2fa/api/confirm')
      .set('x-csrf-token', csrfToken)
      .send({ method: 'totp', code: guide.code(secret) })
      .expect(200);
    await agent.get('/home').expect(200);
  });

  it('looks at the user of a token as well, behind the strategy that reads it', async () => {
    guide = await GuideApp.open({ twoFactor: { enforce: true } });
    const token = (req: { user?: unknown }, _res: unknown, next: () => void): void => {
      req.user = { id: 1 };
      next();
    };
    guide.app.get('/token', token, requireEnrollment({ service: guide.service }), (_req, res) => {
      res.end();
    });
    guide.errors();
    const { body } = await guide.agent().get('/token').expect(403);
    expect(body).toMatchObject({ error: { code: 'ENROLLMENT_REQUIRED' } });
  });

  it('tells a user of an enrollment', async () => {
    guide = await GuideApp.open();
    await guide.run(blocksIn(file, '## Who must have one')[2]);
    await guide.withTotp(1);
    await expect
      .poll(() => guide.calls)
      .toEqual([['notify', '1', 'A second factor was set up (totp). If that was not you, write to us.']]);
  });

  it('tells of the deadline until the user has a second factor', async () => {
    guide = await GuideApp.open({ twoFactor: { enforce: { after: new Date(Date.now() + 3.5 * 86_400_000) } } });
    guide.login();
    await guide.run(blocksIn(file, '## A deadline')[0]);
    const user = await guide.user(1);
    await (
      await guide.loggedIn(user)
    )
      .get('/dashboard')
      .expect(200, { warning: 'Set up two-step login within 4 days.' });
    const { secret } = await guide.service.setup.totp('1');
    await guide.service.complete.totp('1', guide.code(secret));
    guide.clock.advance('30s');
    guide.errors();
    await (await guide.loggedIn(user, secret)).get('/dashboard').expect(200, { warning: null });
  });

  it('offers the preferred method first', async () => {
    guide = await GuideApp.open();
    guide.login();
    await guide.run(blocksIn(file, '## The preferred method')[0]);
    guide.errors();
    const { user, secret } = await guide.withTotp(1);
    await guide.service.setup.email('1');
    const agent = await guide.loggedIn(user, secret);
    await agent.post('/account/2fa/preferred').send({ mechanism: TwoFactorMechanism.SMS }).expect(404);
    await agent
      .post('/account/2fa/preferred')
      .send({ mechanism: TwoFactorMechanism.EMAIL })
      .expect(200, { preferred: TwoFactorMechanism.EMAIL });
    const { body } = await guide.agent().post('/login').send(user).expect(202);
    expect(Object.keys(body.methods as object)).toEqual(['email', 'totp', 'backupCode']);
    await guide.service.disable('1', TwoFactorMechanism.EMAIL);
    expect(await guide.service.getPreferredMethod('1')).toBeUndefined();
  });

  it('guards as its table says, session by session', async () => {
    guide = await GuideApp.open();
    guide.login();
    await guide.run(blocksIn(file, '## Asking again')[0], { requireSecondFactor: withoutRedirect(guide) });
    guide.app.get('/admin', (_req, res) => {
      res.json({ admin: true });
    });
    guide.app.post('/exempt', (req, res, next) => {
      req.logIn({ id: 2 }, (error: unknown) => {
        if (error) next(error);
        else res.end();
      });
    });
    guide.errors();
    const { user, secret } = await guide.withTotp(1);
    const { secret: other } = await guide.withTotp(2);
    const plain = await guide.user(3);

    const nobody = guide.agent();
    const without = await guide.loggedIn(plain);
    const exempt = guide.agent();
    await exempt.post('/exempt').expect(200);
    const full = await guide.loggedIn(user, secret);
    const asked = async (agent: ReturnType<GuideApp['agent']>): Promise<string[]> =>
      Promise.all(
        [agent.get('/admin'), agent.post('/transfer')].map(
          async (answer) => ((await answer).body as { error?: { code: string } }).error?.code ?? 'passes',
        ),
      );
    const sessions = [await asked(nobody), await asked(without), await asked(exempt), await asked(full)];
    guide.clock.advance('6m');
    const late = await asked(full);
    await guide.service.generateNewBackupCodes('1');
    sessions.push(await asked(full));

    const documented = tableOf(sectionOf(file, '## Asking again')).map(([, always, fresh]) =>
      [always, fresh].map((cell) => cell!.replaceAll('`', '')),
    );
    expect(sessions).toEqual(documented.map((row) => row.map((cell) => cell.replace(/^passes.*/, 'passes'))));
    expect([late, documented[3]]).toEqual([
      ['passes', 'STEP_UP_REQUIRED'],
      ['passes', 'passes until the code is that old'],
    ]);
    expect(other).not.toBe(secret);
  });

  it('lets staff look, unlock and reset, and nobody else', async () => {
    guide = await GuideApp.open();
    guide.login();
    await guide.run(blocksIn(file, '## Support staff')[0]);
    guide.errors();
    const { user, secret, backupCodes } = await guide.withTotp(1);
    const { user: staff, secret: staffSecret } = await guide.withTotp(2, { email: 'eve@staff.example.com' });
    await (await guide.loggedIn(user, secret)).get('/staff/users/2/2fa').expect(403);
    const agent = await guide.loggedIn(staff, staffSecret);
    const { body } = await agent.get('/staff/users/1/2fa').expect(200);
    expect(body).toMatchObject({ backupCodes: 10, methods: [{ label: 'default' }] });
    expect(JSON.stringify(body)).not.toContain(secret);

    for (let wrong = 0; wrong < 5; wrong += 1) await guide.service.verify.totp('1', '000000').catch(() => undefined);
    await expect(guide.service.verify.backupCode('1', backupCodes[0]!)).rejects.toMatchObject({
      code: 'TOO_MANY_ATTEMPTS',
    });
    await agent.post('/staff/users/1/2fa/unlock').expect(204);
    await guide.service.verify.backupCode('1', backupCodes[0]!);
    await agent.post('/staff/users/1/2fa/reset').expect(204);
    expect(guide.calls).toEqual([['notify', '1', 'Our support has removed your second factor.']]);
    await guide.loggedIn(user);
    await agent.post('/staff/users/9/2fa/unlock').expect(404);
    guide.clock.advance('16m');
    await agent.get('/staff/users/1/2fa').expect(403);
  });
});

/** The table is of the errors; the document's own guard sends a browser on instead. */
const withoutRedirect =
  (guide: GuideApp) =>
  ({ maxAge }: { maxAge?: string }) =>
    (guide.globals.requireSecondFactor as (options: object) => unknown)({
      service: guide.service,
      ...(maxAge !== undefined && { maxAge }),
    });
