import type { Request } from 'express';
import { Strategy } from 'passport';
import request from 'supertest';
import type { Repository } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as library from 'passport-two-factor';
import { close } from '../support/databases.js';
import { blocksIn, type Block } from './markdown.js';
import { fetchOf, GuideApp, sqlite, type Account } from './running.js';

const { generateKey, TwoFactorMechanism, twoFactorEntities, twoFactorMigrations } = library;

let guide: GuideApp;
const open = async (options: Parameters<typeof GuideApp.open>[0] = {}): Promise<void> => {
  guide = await GuideApp.open(options);
};
afterEach(() => guide.close());

const block =
  (file: string) =>
  (heading: string, nth = 0): Block | undefined =>
    blocksIn(`docs/${file}.md`, heading)[nth];

/** As passport-oauth2 is, as far as it is looked at. */
class FakeOAuth extends Strategy {
  readonly _oauth2 = {};
  readonly _callbackURL = '/callback';

  constructor(
    override readonly name: string,
    private readonly user: object,
    private readonly info?: object,
  ) {
    super();
  }

  override authenticate(): void {
    this.success(this.user, this.info);
  }
}

describe('docs/adopting.md, run', () => {
  const adopting = block('adopting');

  it('step 2: the migrations make the tables', async () => {
    await open();
    const db = await sqlite.open([]);
    const { options } = db;
    await close(db);
    class DataSource extends (await import('typeorm')).DataSource {
      constructor(given: { entities: unknown[]; migrations: unknown[] }) {
        // The paths of the app's own migrations are of no concern here.
        super({
          ...options,
          entities: given.entities.filter((one) => one !== 'user'),
          migrations: given.migrations.filter((one) => typeof one !== 'string'),
          synchronize: false,
        } as never);
      }
    }
    const { dataSource } = await guide.run<{ dataSource: InstanceType<typeof DataSource> }>(
      adopting('## 2. The tables'),
      { DataSource, database: {}, UserEntity: 'user' },
    );
    const tables = await dataSource.query<{ name: string }[]>(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'two_factor_%'",
    );
    expect(tables.map(({ name }) => name).sort()).toEqual(
      twoFactorEntities()
        .map((entity) => entity.options.tableName)
        .sort(),
    );
    expect(twoFactorMigrations().length).toBeGreaterThan(0);
    await dataSource.destroy();
  });

  it("steps 3 to 7: pages of one's own, from the login to the guard", async () => {
    await open({ prepared: false });
    process.env.TWO_FACTOR_KEYS = guide.options.keys;
    await guide.run(adopting('## 3. The service'));
    delete process.env.TWO_FACTOR_KEYS;
    expect(guide.made).toHaveLength(1);
    await guide.run(adopting('## 4. The strategies'));
    await guide.run(adopting('## 5. The step for the code', 1));
    await guide.run(adopting('## 4. The strategies', 1));
    await guide.run(adopting('## 4. The strategies', 2));
    guide.app.use('/admin', (req, res, next) => {
      if (req.path === '/') next();
      else res.end();
    });
    await guide.run(adopting('## 7. The guard'));
    guide.app.get('/admin', (_req, res) => {
      res.json({ admin: true });
    });
    await guide.run(adopting('## 6. The enrollment', 1));
    await guide.run(adopting('## 6. The enrollment'));

    const user = await guide.user(1);
    const agent = guide.agent();
    await agent.post('/login').send(user).expect(302).expect('Location', '/');
    await agent.get('/admin').expect(302).expect('Location', '/account');
    guide.clock.advance('6m');
    await agent.post('/account/2fa').expect(403);
    await agent.post('/account/confirm-password').send({ password: user.password }).expect(302);
    const { body } = await agent.post('/account/2fa').expect(200).expect('Cache-Control', 'no-store');
    const secret = (body as { secret: string }).secret;
    const shown = await agent
      .post('/account/2fa/confirm')
      .send({ code: guide.code(secret) })
      .expect(200);
    expect(shown.body).toMatchObject({ view: 'backup-codes', backupCodes: { length: 10 } });
    await agent.get('/admin').expect(200);
    guide.clock.advance('30s');

    const other = guide.agent();
    await other.post('/login').send(user).expect(302).expect('Location', '/2fa');
    expect((await other.get('/2fa').expect(200)).body).toMatchObject({
      view: 'two-factor',
      methods: { totp: true, backupCode: true },
    });
    await other.post('/2fa').send({ code: '000000' }).expect(302).expect('Location', '/2fa');
    await other
      .post('/2fa')
      .send({ code: guide.code(secret) })
      .expect(302)
      .expect('Location', '/');
    guide.clock.advance('6m');
    await other.post('/account/2fa/disable').expect(403);
    await other
      .post('/account/confirm-code')
      .send({ code: guide.code(secret) })
      .expect(302);
    await guide.agent().post('/reset/token').expect(401);
    await other.post('/account/2fa/disable').expect(302);
    await guide.agent().post('/reset/token').expect(302).expect('Location', '/');
    await guide.agent().get('/2fa').expect(302).expect('Location', '/login');
  });

  it('step 5: sends another code', async () => {
    await open({
      prepared: false,
      service: {
        deliver: {
          email: ({ code }) => {
            codes.push(code);
          },
        },
      },
    });
    const codes: string[] = [];
    await guide.run(adopting('## 4. The strategies'));
    await guide.run(adopting('## 5. The step for the code', 1));
    guide.app.post('/login', (req, res, next) => {
      (guide.passport.authenticate('local') as (...args: unknown[]) => void)(req, res, next);
    });
    const user = await guide.user(1);
    await guide.service.setup.email('1');
    const agent = guide.agent();
    await agent.post('/login').send(user).expect(302);
    guide.clock.advance('30s');
    await agent.post('/2fa/resend').expect(302);
    await agent.post('/2fa').send({ code: codes[1] }).expect(302).expect('Location', '/');
  });
});

describe('docs/adopting.md with the router, run', () => {
  it('wraps one by one what its diff names', async () => {
    await open({ prepared: false });
    const [diff] = blocksIn('docs/adopting.md', '## 4. The strategies', 'diff');
    const after = { ...diff!, lines: diff!.lines.filter((line) => !line.startsWith('-')).map((line) => line.slice(1)) };
    const { useStrategies } = await guide.run<{
      useStrategies: (verify: unknown, service: library.TwoFactorService) => void;
    }>(after, {}, { passport: guide.passport, 'passport-local': await import('passport-local') });
    const { user, secret } = await guide.withTotp(1);
    useStrategies((_email: string, _password: string, done: (error: null, found: object) => void) => {
      done(null, user);
    }, guide.service);
    guide.app.use(guide.passport.session());
    guide.login();
    const agent = guide.agent();
    await agent.post('/login').send(user).expect(302).expect('Location', '/2fa');
    await agent
      .post('/2fa')
      .send({ code: guide.code(secret) })
      .expect(200, { user: 1 });
  });

  it("asks for the code by the router's page", async () => {
    await open({ prepared: false });
    await guide.run(block('adopting')('## 4. The strategies'));
    await guide.run(block('adopting')('## 5. The step for the code'));
    guide.app.post('/login', (req, res, next) => {
      (guide.passport.authenticate('local') as (...args: unknown[]) => void)(req, res, next);
    });
    const { user } = await guide.withTotp(1);
    const agent = guide.agent();
    await agent.post('/login').send(user).expect(302).expect('Location', '/2fa');
    expect((await agent.get('/2fa').expect(200)).text).toContain('One more step to log in');
  });
});

describe('docs/delivery.md, run', () => {
  const delivery = block('delivery');

  it('through the library: each purpose in words, and text messages', async () => {
    await open();
    await guide.user(1);
    await guide.service.setup.email('1');
    await guide.run(
      delivery('## Through the library', 1),
      {},
      { nodemailer: { createTransport: () => guide.globals.transport } },
    );
    await guide.made[0]!.challenge.email('1');
    const { withSms } = await guide.run<{
      withSms: (options: library.TwoFactorOptions, messages: object) => library.TwoFactorService;
    }>(delivery('## Through the library', 2));
    const create = (message: object): Promise<void> => {
      guide.calls.push(['create', message]);
      return Promise.resolve();
    };
    await withSms(guide.options, { create }).setup.sms('1', '+15550000001');
    expect(guide.calls).toEqual([
      [
        'sendMail',
        expect.objectContaining({ text: expect.stringMatching(/^Use \d{6} to confirm that it is you at MyApp\.$/) }),
      ],
      [
        'create',
        { from: '+15550000000', to: '+15550000001', body: expect.stringMatching(/^\d{6} is your MyApp code\./) },
      ],
    ]);
  });

  it('through the senders, by templates', async () => {
    await open();
    await guide.user(1);
    await guide.service.setup.email('1');
    await guide.service.setup.sms('1', '+15550000001', false);
    Object.assign(process.env, { TWILIO_SID: 'AC', TWILIO_TOKEN: 't' });
    await guide.run(
      delivery('## Through the library'),
      {},
      { nodemailer: { createTransport: () => guide.globals.transport } },
    );
    await guide.made[0]!.challenge.email('1');
    await guide.made[0]!.challenge.sms('1');
    expect(guide.calls).toEqual([
      [
        'sendMail',
        {
          from: { name: 'MyApp', address: 'no-reply@example.com' },
          to: { name: '', address: 'user1@example.com' },
          subject: 'Your code for MyApp',
          text: expect.stringMatching(/^(\d{6}) is your code for MyApp\.\n\n@example\.com #\1$/),
          html: expect.stringMatching(/^<p><strong>\d{6}<\/strong> is your code for MyApp\.<\/p>$/),
        },
      ],
      [
        'twilio',
        {
          messagingServiceSid: 'MG0123456789',
          to: '+15550000001',
          body: expect.stringMatching(/^(\d{6}) is your code for MyApp\.\n\n@example\.com #\1$/),
        },
      ],
    ]);
  });

  it('through routes: the code leaves by the app alone, at the login and wherever one is made', async () => {
    await open();
    await guide.run(delivery('## Through your routes'));
    guide.app.post('/2fa', guide.passport.authenticate('two-factor'), (_req, res) => {
      res.json({ in: true });
    });
    guide.errors();
    const user = await guide.user(1);
    const agent = guide.agent();
    await agent.post('/login').send(user).expect(200);
    await agent.post('/account/phone').send({ phone: '+1 555 000 0001' }).expect(200, { maskedContact: '+1•••••••01' });
    const last = (): unknown => guide.calls.at(-1)!.at(-1);
    const { body } = await agent.post('/account/phone/confirm').send({ code: last() }).expect(200);
    expect(body.backupCodes).toHaveLength(10);
    await guide.service.setup.email('1');
    const login = guide.agent();
    const halted = await login.post('/login').send(user).expect(202);
    expect(halted.text).not.toContain(String(last()));
    expect(guide.calls.at(-1)![0]).toBe('sendEmail');
    guide.clock.advance('30s');
    await login.post('/2fa/resend').expect(200, { maskedContact: 'u***@example.com' });
    await login.post('/2fa').send({ code: last() }).expect(200, { in: true });
  });

  it('where to: other countries are refused before anything is stored', async () => {
    await open();
    await guide.user(1);
    await guide.run(delivery('## Where to'));
    await expect(guide.made[0]!.setup.sms('1', '+8613800138000')).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      field: 'phone',
    });
    await guide.made[0]!.setup.sms('1', '+15550000001', false);
    expect(await guide.service.getEnabledMethods('1')).toEqual([TwoFactorMechanism.SMS]);
  });
});

describe('docs/json-spa.md, run', () => {
  const spa = block('json-spa');

  it('the client logs in by the server, asking until the code is right', async () => {
    await open();
    await guide.run(spa('## The server'));
    const { user, secret } = await guide.withTotp(1);
    const agent = guide.agent();
    const { logIn } = await guide.run<{
      logIn: (
        email: string,
        password: string,
        ask: (methods: object, message?: string) => Promise<string>,
      ) => Promise<string>;
    }>(spa('## The client'), { fetch: fetchOf(agent) });
    await expect(logIn(user.email, 'wrong', () => Promise.resolve(''))).rejects.toThrow(
      'Wrong e-mail address or password.',
    );
    const asked: unknown[] = [];
    const name = await logIn(user.email, user.password, (methods, message) => {
      asked.push([methods, message]);
      return Promise.resolve(asked.length === 1 ? '000000' : guide.code(secret));
    });
    const methods = { totp: true, backupCode: true };
    expect([name, asked]).toEqual([
      user.email,
      [
        [methods, undefined],
        [methods, 'The code is not valid.'],
      ],
    ]);
    await agent.get('/api/session').expect(200, { user: user.email, pending: null });
  });

  it('a reloaded page is told of the pending login, and can ask for another code', async () => {
    await open();
    await guide.run(spa('## The server'));
    const user = await guide.user(1);
    await guide.service.setup.email('1');
    const agent = guide.agent();
    await agent
      .post('/api/login')
      .send({ ...user, remember: true })
      .expect(202);
    const { body } = await agent.get('/api/session').expect(200);
    expect(body).toEqual({
      user: null,
      pending: {
        methods: { email: 'u***@example.com' },
        expiresAt: expect.any(Number),
        codes: { email: { resendAfter: 30 } },
      },
    });
    await agent.post('/api/2fa/resend').expect(429);
    guide.clock.advance('30s');
    await agent.post('/api/2fa/resend').expect(200);
  });

  it('in two steps, by req.auth', async () => {
    await open();
    await guide.run(spa('## The server', 1));
    guide.errors();
    const { user, secret } = await guide.withTotp(1);
    const agent = guide.agent();
    const { body } = await agent
      .post('/api/login')
      .send({ ...user, password: 'wrong' })
      .expect(401);
    expect(body).toMatchObject({ error: { code: 'INVALID_CREDENTIALS' } });
    await agent.post('/api/login').send(user).expect(202);
    await agent
      .post('/api/verify-2fa')
      .send({ code: guide.code(secret) })
      .expect(200, { success: true });
  });
});

describe('docs/jwt.md, run', () => {
  const jwt = block('jwt');

  it('no token before the code; it says which factors there were, and a guard goes by that', async () => {
    await open();
    process.env.JWT_SECRET = 'of the test';
    const jsonwebtoken = (await import('jsonwebtoken')).default;
    const bearer = {
      name: 'jwt',
      authenticate(this: { success(user: object, info: object): void; fail(): void }, req: Request): void {
        try {
          const claims = jsonwebtoken.verify(
            (req.get('authorization') ?? '').replace('Bearer ', ''),
            'of the test',
          ) as { sub: string; amr: string[] };
          this.success({ id: Number(claims.sub), amr: claims.amr }, claims);
        } catch {
          this.fail();
        }
      },
    };
    guide.passport.use(bearer as never);
    await guide.run(jwt('# JWT'), {}, { jsonwebtoken });
    await guide.run(jwt('## Guarding'));
    await guide.run(jwt('## `req.auth`'), {}, { jsonwebtoken });
    guide.app.get('/admin', (_req, res) => {
      res.json({ admin: true });
    });
    guide.errors();
    const user = await guide.user(1);
    const post = (path: string, body: object, token = ''): request.Test =>
      request(guide.app).post(path).set('Authorization', `Bearer ${token}`).send(body);
    const first = (await post('/token', user).expect(200)).body as { token: string };
    await request(guide.app).get('/admin').set('Authorization', `Bearer ${first.token}`).expect(403);
    const { secret } = (await post('/account/2fa', {}, first.token).expect(200)).body as { secret: string };
    expect(
      (await post('/account/2fa/confirm', { code: guide.code(secret) }, first.token).expect(200)).body.backupCodes,
    ).toHaveLength(10);
    guide.clock.advance('30s');

    const { challengeToken, ...halted } = (await post('/token', user).expect(202)).body as { challengeToken: string };
    expect(halted).toEqual({
      requiresTwoFactor: true,
      methods: { totp: true, backupCode: true },
      expiresAt: expect.any(Number),
    });
    const second = (await post('/token/2fa', { challengeToken, code: guide.code(secret) }).expect(200)).body as {
      token: string;
    };
    await request(guide.app).get('/admin').set('Authorization', `Bearer ${second.token}`).expect(200);
    await post('/token/2fa', { challengeToken, code: guide.code(secret) }).expect(401);

    // The token from before the factor, and whoever holds it, adds no other one; that of both factors does.
    const stale = { error: { code: 'STEP_UP_REQUIRED' } };
    expect((await post('/account/2fa', {}, first.token).expect(403)).body).toMatchObject(stale);
    await guide.service.rename('1', (await guide.service.list('1'))[0]!.id, 'old phone');
    const begun = await post('/account/2fa', {}, second.token).expect(200).expect('Cache-Control', 'no-store');
    const code = guide.code((begun.body as { secret: string }).secret);
    expect((await post('/account/2fa/confirm', { code }, first.token).expect(403)).body).toMatchObject(stale);
    const third = (await post('/account/2fa/confirm', { code }, second.token).expect(200)).body as { token: string };
    await request(guide.app).get('/admin').set('Authorization', `Bearer ${second.token}`).expect(403);
    await request(guide.app).get('/admin').set('Authorization', `Bearer ${third.token}`).expect(200);
    guide.clock.advance('30s');
    const { body } = await post('/account/step-up', { code: guide.code(secret) }, third.token).expect(200);
    await request(guide.app)
      .get('/admin')
      .set('Authorization', `Bearer ${(body as { token: string }).token}`)
      .expect(200);
  });

  it('without a strategy: the service halts the login and finishes it, once', async () => {
    await open();
    await guide.run(jwt('## Without a strategy'), {
      checkPassword: async (email: string, password: string) => {
        const user = await (guide.globals.users as Repository<Account>).findOneBy({ email, password });
        if (!user) throw new library.InvalidCredentialsError();
        return user;
      },
      issue: ({ id }: Account, { amr }: library.TwoFactorClaims) => `${id} by ${amr.join(' ')}`,
    });
    guide.errors();
    const { user, secret } = await guide.withTotp(1);
    const post = (path: string, body: object): request.Test => request(guide.app).post(path).send(body);
    await post('/own/token', { ...user, password: 'wrong' }).expect(401);
    const { body } = await post('/own/token', user).expect(202);
    const { challengeToken, token } = body as Record<string, string | undefined>;
    expect(token).toBeUndefined();
    await post('/own/token/2fa', { challengeToken, code: '000000' }).expect(401);
    const code = guide.code(secret);
    await post('/own/token/2fa', { challengeToken, code }).expect(200, { token: '1 by pwd otp mfa' });
    await post('/own/token/2fa', { challengeToken, code }).expect(401);
    const other = await guide.user(2);
    await post('/own/token', other).expect(200, { token: '2 by pwd' });
  });
});

describe('docs/oauth.md, run', () => {
  const oauth = block('oauth');

  it('exempts the logins that each setting names, and no other', async () => {
    await open();
    const { user } = await guide.withTotp(1);
    await guide.run(oauth('## Which logins need the second factor'));
    const logins = [
      ['github', undefined],
      ['company', { amr: ['pwd'] }],
      ['company', { amr: ['pwd', 'mfa'] }],
    ] as const;
    const halted: boolean[][] = [];
    for (const [at, service] of guide.made.entries()) {
      for (const [nth, [name, info]] of logins.entries()) {
        const path = `/callback/${at}/${nth}`;
        guide.app.get(
          path,
          guide.passport.authenticate(
            new library.TwoFactorStrategy(
              { service, secondFactorRedirect: '/halted' },
              new FakeOAuth(name, user, info),
            ),
            { successRedirect: '/in' },
          ),
        );
        const { headers } = await guide.agent().get(path).expect(302);
        (halted[at] ??= []).push(headers.location === '/halted');
      }
    }
    expect(halted).toEqual([
      [false, false, false],
      [true, true, true],
      [true, false, false],
      [true, true, false],
    ]);
  });

  it('takes a strategy of another make for what it is said to be', async () => {
    await open();
    const { user } = await guide.withTotp(1);
    const saml = {
      authenticate(this: { success(found: object): void }): void {
        this.success(user);
      },
    };
    await guide.run(oauth('## What counts as OAuth'), { samlStrategy: saml });
    guide.app.post('/acs', guide.passport.authenticate('company', { successRedirect: '/in' }));
    await guide.agent().post('/acs').expect(302).expect('Location', '/in');
  });

  it('halts a callback at the page of the code', async () => {
    await open({ twoFactor: { requireForOAuth: true } });
    const { user, secret } = await guide.withTotp(1);
    await guide.run(oauth('## Wrapping'), { githubStrategy: new FakeOAuth('github', user) });
    guide.login();
    const agent = guide.agent();
    await agent.get('/auth/github/callback').expect(302).expect('Location', '/2fa');
    await agent
      .post('/2fa')
      .send({ code: guide.code(secret) })
      .expect(200);
  });
});

describe('docs/rotation.md, run', () => {
  const rotation = block('rotation');
  beforeEach(() => open());

  it('a leaked key: the apps are removed, the rest stays, and the user is told', async () => {
    await guide.withTotp(1);
    await guide.service.setup.email('1');
    const { enrolAgain } = await guide.run<{ enrolAgain: (ids: string[]) => Promise<void> }>(
      rotation('## A key that has leaked'),
    );
    await enrolAgain(['1', '2']);
    expect(await guide.service.getEnabledMethods('1')).toEqual([TwoFactorMechanism.EMAIL]);
    expect(guide.calls.map(([name, id]) => [name, id])).toEqual([
      ['notify', '1'],
      ['notify', '2'],
    ]);
  });

  it('a lost key: what cannot be opened can still be taken away', async () => {
    await guide.withTotp(1);
    const service = new library.TwoFactorService({ ...guide.options, keys: generateKey('k2') });
    const { takeAway } = await guide.run<{ takeAway: (id: string) => Promise<void> }>(
      rotation('## A key that is lost'),
      { service },
    );
    await expect(service.getTotpUri('1')).rejects.toMatchObject({ code: 'SEALED_DATA' });
    await takeAway('1');
    expect(await service.isEnabled('1')).toBe(false);
  });
});
