import express from 'express';
import session from 'express-session';
import { Passport, Strategy } from 'passport';
import { Strategy as LocalStrategy, type VerifyFunction } from 'passport-local';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as library from 'passport-two-factor';
import { currentTotp } from 'passport-two-factor/testing';
import { FormClient } from '../router/form-client.js';
import { blocksIn, type Block } from './markdown.js';
import { GuideApp, type Account } from './running.js';

const { SecondFactorStrategy, secondFactorErrorHandler, TwoFactorMechanism, TwoFactorStrategy } = library;

const inReadme = (heading: string, nth = 0): Block => blocksIn('README.md', heading)[nth]!;

/** As passport-oauth2 is, as far as it is looked at. */
class FakeGitHub extends Strategy {
  override readonly name = 'github';
  readonly _oauth2 = {};
  readonly _callbackURL = '/callback';

  constructor(private readonly user: Account) {
    super();
  }

  override authenticate(): void {
    this.success(this.user);
  }
}

describe('the fragments of the README, run', () => {
  let guide: GuideApp;
  beforeEach(async () => {
    guide = await GuideApp.open();
  });
  afterEach(() => guide.close());

  const contacts = async (): Promise<void> => {
    await guide.service.setup.email('1');
    await guide.service.setup.sms('1', '+15550000001', false);
  };

  it('the diff of an existing app is an app with a second factor', async () => {
    await guide.close();
    guide = await GuideApp.open({ prepared: false });
    const [diff] = blocksIn('README.md', '## Into an existing Passport app', 'diff');
    const after = { ...diff!, lines: diff!.lines.filter((line) => !line.startsWith('-')).map((line) => line.slice(1)) };
    const user = await guide.user(1);
    process.env.TWO_FACTOR_KEYS = guide.options.keys;
    const verify: VerifyFunction = (email, password, done) => {
      done(null, email === user.email && password === user.password ? user : false);
    };
    await guide.run(
      after,
      {
        LocalStrategy,
        verify,
        database: {},
        UserEntity: {},
        id: ({ id }: Account) => String(id),
        find: (id: string) => guide.options.users.find?.(id, {}) as unknown,
        DataSource: class {
          initialize() {
            return Promise.resolve(guide.db);
          }
        },
      },
      { 'passport-two-factor': { ...library, TwoFactorService: guide.globals.TwoFactorService } },
    );
    delete process.env.TWO_FACTOR_KEYS;
    const agent = guide.agent();
    await agent
      .post('/login')
      .send({ ...user, password: 'wrong' })
      .expect(302)
      .expect('Location', '/login');
    await agent.post('/login').send(user).expect(302).expect('Location', '/');
    const { secret } = await guide.made[0]!.setup.totp('1');
    await guide.made[0]!.complete.totp('1', currentTotp(secret));
    await agent.post('/login').send(user).expect(302).expect('Location', '/2fa');
    await agent.post('/2fa').send({ code: '000000' }).expect(302).expect('Location', '/2fa');
    // It goes by the time of day; the next step's code is good already.
    await agent
      .post('/2fa')
      .send({ code: currentTotp(secret, Date.now() + 30_000) })
      .expect(302)
      .expect('Location', '/');
  });

  it('without sessions: no token before the code', async () => {
    await guide.run(inReadme('## Without sessions'));
    const { user, secret } = await guide.withTotp(1);
    const { body } = await request(guide.app).post('/token').send(user).expect(202);
    await request(guide.app)
      .post('/token/2fa')
      .send({ code: guide.code(secret) })
      .expect(401);
    const { challengeToken } = body as { challengeToken: string };
    await request(guide.app)
      .post('/token/2fa')
      .send({ challengeToken, code: guide.code(secret) })
      .expect(200, { token: 'token of 1' });
    await request(guide.app)
      .post('/token')
      .send(await guide.user(2))
      .expect(200, { token: 'token of 2' });
  });

  it.each([
    [false, '/'],
    [true, '/2fa'],
  ])('OAuth, requireForOAuth: %s', async (requireForOAuth, location) => {
    await guide.close();
    guide = await GuideApp.open({ twoFactor: { requireForOAuth } });
    const { user } = await guide.withTotp(1);
    await guide.run(inReadme('## OAuth'), { githubStrategy: new FakeGitHub(user) });
    await guide.agent().get('/auth/github/callback').expect(302).expect('Location', location);
  });

  it('sending codes: by functions of the app, and by the senders', async () => {
    await guide.user(1);
    await contacts();
    await guide.run(inReadme('## Sending codes'));
    await guide.made[0]!.challenge.email('1');
    await guide.made[0]!.challenge.sms('1');
    expect(guide.calls).toEqual([
      [
        'sendMail',
        {
          to: 'user1@example.com',
          subject: expect.stringMatching(/^MyApp: \d{6}$/),
          text: expect.stringMatching(/^Your code is \d{6}\.$/),
        },
      ],
      ['sms', '+15550000001', expect.stringMatching(/^\d{6} is your code for MyApp\.$/)],
    ]);
    guide.calls.length = 0;
    guide.clock.advance('2m');
    Object.assign(process.env, { TWILIO_SID: 'AC', TWILIO_TOKEN: 't' });
    await guide.run(
      inReadme('## Sending codes', 1),
      {},
      { nodemailer: { createTransport: () => guide.globals.transport } },
    );
    await guide.made[1]!.challenge.email('1');
    await guide.made[1]!.challenge.sms('1');
    expect(guide.calls).toEqual([
      [
        'sendMail',
        expect.objectContaining({
          from: 'MyApp <no-reply@example.com>',
          to: { name: '', address: 'user1@example.com' },
          text: expect.stringMatching(/@example\.com #\d{6}$/),
        }),
      ],
      [
        'twilio',
        {
          from: '+15550000000',
          to: '+15550000001',
          body: expect.stringMatching(/^\d{6} is your MyApp code\.[^]*@example\.com #\d{6}$/),
        },
      ],
    ]);
  });

  it('sending codes: by a route of the app, which then answers like any other', async () => {
    guide.app.post('/2fa', guide.passport.authenticate('two-factor'), (_req, res) => {
      res.json({ in: true });
    });
    await guide.run(inReadme('## Sending codes', 2));
    guide.errors();
    const user = await guide.user(1);
    await guide.agent().post('/login').send(user).expect(200, { success: true });
    await contacts();
    const agent = guide.agent();
    const { body } = await agent.post('/login').send(user).expect(202);
    expect(body).toMatchObject({ methods: { email: 'u***@example.com', sms: '+1•••••••01' } });
    const [[name, to, code]] = guide.calls as [[string, string, string]];
    expect([name, to]).toEqual(['sendEmail', user.email]);
    await agent.post('/2fa').send({ code }).expect(200, { in: true });
  });

  it('guards: the mark of a second factor, its age, and a page to go to', async () => {
    guide.login();
    await guide.run(inReadme('## Guarding routes'));
    guide.app.get('/admin/all', (_req, res) => {
      res.json({ admin: true });
    });
    guide.errors();
    const { user, secret } = await guide.withTotp(1);
    const agent = await guide.loggedIn(user, secret);
    await agent.get('/admin/all').expect(200);
    await agent.post('/transfer').expect(200);
    guide.clock.advance('6m');
    await agent.post('/transfer').expect(403);
    await agent.get('/admin/all').expect(200);
    await (await guide.loggedIn(await guide.user(2))).get('/account').expect(302).expect('Location', '/2fa');
  });

  it('requiring it: users go on until the date, and then to the enrollment', async () => {
    guide.login();
    await guide.run(inReadme('## Requiring it'));
    guide.app.get('/home', (_req, res) => {
      res.json({ home: true });
    });
    const agent = await guide.loggedIn(await guide.user(1));
    await agent.get('/home').expect(200);
    guide.clock.advance('366d');
    await agent.get('/home').expect(302).expect('Location', '/account/2fa');
  });

  it('the router, with pages changed and replaced', async () => {
    guide.login();
    await guide.run(inReadme('## The router'));
    guide.errors();
    const page = new FormClient(guide.agent());
    await page.agent
      .post('/login')
      .send(await guide.user(1))
      .expect(200);
    expect((await page.open('/2fa')).title).toBe('Login security – MyApp');
    expect(page.html).toContain('<a href="/account">');
    expect((await page.open('/2fa/add')).html).toContain('<body><nav>MyApp</nav>');
    expect((await page.open('/2fa/remove?id=none')).html).toMatch(
      /<h1>Nothing here<\/h1><p>[^<]+<\/p><a href="\/2fa\/">Back<\/a>/,
    );
  });

  it('events', async () => {
    await guide.run(inReadme('## Events'));
    const { backupCodes } = await guide.withTotp(1);
    await guide.service.verify.backupCode('1', backupCodes[0]!);
    await expect.poll(() => guide.calls).toEqual([['notify', '1', 'You have 9 backup codes left.']]);
  });

  it('the service: an import, and an unlock', async () => {
    await guide.run(inReadme('## The service'));
    expect(await guide.service.getEnabledMethods('42')).toEqual([TwoFactorMechanism.TOTP]);
    await guide.service.verify.totp('42', guide.code('JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'));
  });

  it('the test of an app passes, on an app that is made with its service', async () => {
    await guide.user(1);
    const app = express();
    const { testBothMethods } = await guide.run<{
      testBothMethods: (email: string, password: string) => Promise<void>;
    }>(inReadme('## Testing your app'), { app });
    const [service] = guide.made;
    const passport = new Passport();
    passport.serializeUser((user, done) => {
      done(null, user);
    });
    passport.deserializeUser((user: object, done) => {
      done(null, user);
    });
    const verify: VerifyFunction = (email, password, done) => {
      done(null, password === 'correct horse' ? { id: 1, email } : false);
    };
    passport.use(new TwoFactorStrategy({ service: service! }, new LocalStrategy({ usernameField: 'email' }, verify)));
    passport.use(new SecondFactorStrategy({ service: service! }));
    app.use(express.json(), session({ secret: 'test', resave: false, saveUninitialized: false }), passport.session());
    app.post('/login', passport.authenticate('local'), (_req, res) => {
      res.end();
    });
    app.post('/2fa', passport.authenticate('two-factor'), (_req, res) => {
      res.end();
    });
    app.use(secondFactorErrorHandler({ status: 202 }));
    await testBothMethods('user1@example.com', 'correct horse');
    expect((await service!.list('1')).map(({ lastUsedAt }) => lastUsedAt > 0)).toEqual([true, true]);
  });
});
