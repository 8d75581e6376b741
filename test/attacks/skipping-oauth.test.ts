import type { Request } from 'express';
import { Strategy } from 'passport';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TwoFactorStrategy, type RequireForOAuth } from 'passport-two-factor';
import { databases } from '../support/databases.js';
import { UserSchema, type TestApp, type TestUser } from '../support/app.js';
import { Provider, type FindUser } from './oauth.js';
import { codeOf, expectDenied, halted, openApp, waysBySession } from './support.js';

/** Nothing tells that this one is OAuth, so nothing exempts it. */
class MagicLink extends Strategy {
  override readonly name = 'magic';

  constructor(private readonly find: (email: string) => Promise<TestUser | null>) {
    super();
  }

  override authenticate(req: Request): void {
    this.find((req.query as { email: string }).email).then(
      (user) => {
        if (user) this.success(user);
        else this.fail(401);
      },
      (error: unknown) => {
        this.error(error);
      },
    );
  }
}

describe.each(databases)('skipping the second step by OAuth on $name', (database) => {
  let test: TestApp;
  let trusted: Provider;
  let other: Provider;
  let ids = 0;
  /** The app's accounts by provider and subject, as they have to be found; or, careless, by e-mail address. */
  const linked = new Map<string, number>();
  let byEmail = false;

  beforeAll(async () => {
    [trusted, other] = [await Provider.open('trusted'), await Provider.open('other')];
    test = await openApp(database);
  });
  afterAll(async () => {
    await test.close();
    await trusted.close();
    await other.close();
  });

  /** The app on the same database, with this setting. */
  function appWith(requireForOAuth: RequireForOAuth): Promise<TestApp> {
    const { db: dataSource, keys, clock } = test;
    return openApp(database, {
      dataSource,
      keys,
      clock,
      twoFactor: { requireForOAuth },
      routes: (app, { db, passport, service }) => {
        const users = db.getRepository(UserSchema);
        const find: FindUser = (provider, { sub, email }) =>
          users.findOneBy(byEmail ? { email } : { id: linked.get(`${provider} ${sub}`) ?? -1 });
        for (const provider of [trusted, other]) {
          passport.use(new TwoFactorStrategy({ service }, provider.strategy(find)));
          app.get(`/auth/${provider.name}`, passport.authenticate(provider.name));
          app.get(`/auth/${provider.name}/callback`, passport.authenticate(provider.name), (req, res) => {
            res.json({ user: (req.user as TestUser).id });
          });
        }
        passport.use(new TwoFactorStrategy({ service }, new MagicLink((email) => users.findOneBy({ email }))));
        app.get('/magic', passport.authenticate('magic'), (req, res) => {
          res.json({ user: (req.user as TestUser).id });
        });
      },
    });
  }

  async function linkedUser() {
    const made = await test.withTotp((ids += 1));
    const person = { sub: `subject-${String(made.user.id)}`, email: made.user.email };
    linked.set(`trusted ${person.sub}`, made.user.id);
    byEmail = false;
    return { ...made, person };
  }

  describe.each(waysBySession)('finished through $way', (wayIn) => {
    it.each<[string, RequireForOAuth]>([
      ['true', true],
      ['its name', ['trusted']],
      ['a function', ({ kind }) => Promise.resolve(kind === 'oauth')],
    ])('10: an OAuth callback is halted where requireForOAuth is %s (CVE-2026-34727)', async (_name, setting) => {
      const { user, secret, person } = await linkedUser();
      const agent = (await appWith(setting)).agent();
      const answer = await trusted.logIn(agent, person, '&twoFactor=false&requireForOAuth=false&kind=oauth');
      expect(answer.status).toBe(202);
      await agent.get('/me').expect(401);
      await expectDenied(agent, agent.post('/complete'), 'NOT_VERIFIED');
      await wayIn.second(agent, test.totp(secret)).expect(200);
      await agent.get('/me').expect(200, { id: user.id });
      await agent.get('/admin').expect(200);
    });

    it('12: the same e-mail address at another issuer is another account (CVE-2024-4024)', async () => {
      const app = await appWith(['other']);
      const v = await linkedUser();
      const attacker = { sub: v.person.sub, email: v.user.email };
      const agent = app.agent();
      expect((await other.logIn(agent, attacker)).status).toBe(401);
      await agent.get('/me').expect(401);

      // With an account of the attacker's own it is that account, which has nothing of V's.
      const own = await test.user((ids += 1), v.user.email);
      linked.set(`other ${attacker.sub}`, own.id);
      expect((await other.logIn(agent, attacker)).body).toEqual({ user: own.id });
      await agent.get('/me').expect(200, { id: own.id });
      expect(codeOf(await agent.get('/admin').expect(403))).toBe('ENROLLMENT_REQUIRED');
      await wayIn.second(agent, test.totp(v.secret)).expect(404);
      linked.delete(`other ${attacker.sub}`);

      // Even an app that finds accounts by their address exempts no account, only logins by a strategy that it names.
      byEmail = true;
      await test.db.getRepository(UserSchema).delete({ id: own.id });
      const careless = app.agent();
      expect((await other.logIn(careless, attacker)).status).toBe(202);
      await expectDenied(careless, careless.post('/complete'), 'NOT_VERIFIED');
    });
  });

  it('10a: an exempt OAuth login exempts neither the account, the guard nor a change of factors', async () => {
    const app = await appWith(false);
    const { user, secret, person } = await linkedUser();
    const agent = app.agent();
    expect((await trusted.logIn(agent, person)).status).toBe(200);
    await agent.get('/me').expect(200, { id: user.id });
    for (const path of ['/admin', '/fresh']) expect(codeOf(await agent.get(path).expect(403))).toBe('STEP_UP_REQUIRED');
    for (const [member, argument] of [
      ['disable', 1],
      ['setup.totp', false],
      ['generateNewBackupCodes'],
      ['getTotpUri'],
      ['.reauthenticate', user.password],
    ] as const) {
      expect(codeOf(await test.call(agent, member, argument).expect(403))).toBe('STEP_UP_REQUIRED');
    }
    for (const wayIn of waysBySession) {
      const password = await halted(app, user, wayIn);
      await expectDenied(password, password.post('/complete'), 'NOT_VERIFIED');
    }
    await test.call(agent, 'verify.totp', test.totp(secret)).expect(200);
    await agent.get('/admin').expect(200);
  });

  it('10b: a requireForOAuth that forgets to answer, answers no boolean or throws lets nobody in', async () => {
    const { person } = await linkedUser();
    const broken = [
      () => undefined,
      () => 0,
      () => 'false',
      () => null,
      () => {
        throw new Error('The policy is not there.');
      },
    ];
    for (const answer of broken) {
      const agent = (await appWith(answer as unknown as RequireForOAuth)).agent();
      expect((await trusted.logIn(agent, person)).status).toBe(500);
      await agent.get('/me').expect(401);
    }
  });

  it('10c: a strategy of an unknown kind is never exempt', async () => {
    const { user } = await linkedUser();
    const agent = (await appWith(false)).agent();
    await agent.get('/magic').query({ email: user.email, kind: 'oauth' }).expect(202);
    await expectDenied(agent, agent.post('/complete'), 'NOT_VERIFIED');
  });

  it('10d: a code of the provider is no second factor, a second factor no code of the provider', async () => {
    const app = await appWith(true);
    const { user, secret, person } = await linkedUser();
    const pending = await halted(app, user);
    await expectDenied(pending, pending.get('/auth/trusted/callback').query({ code: test.totp(secret) }));
    const again = app.agent();
    expect((await trusted.logIn(again, person, `&method=totp&code=${test.totp(secret)}`)).status).not.toBe(200);
    await again.get('/me').expect(401);
  });
});
