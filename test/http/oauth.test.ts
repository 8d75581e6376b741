import { Strategy } from 'passport';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TwoFactorStrategy, type OAuthLogin, type RequireForOAuth } from 'passport-two-factor';
import { TestApp, UserSchema, type AppOptions } from '../support/app.js';
import { databases } from '../support/databases.js';

/** Answers as passport-oauth2 does after the provider's redirect: with a user, without asking for a password. */
class FakeOAuth extends Strategy {
  readonly _oauth2 = {};
  readonly _callbackURL = '/callback';
  constructor(override readonly name: string, private readonly test: TestApp) { super(); }
  override authenticate(req: { body: { id: number } }): void {
    this.test.db.getRepository(UserSchema).findOneBy({ id: req.body.id }).then(
      (user) => { if (user) this.success(user, { provider: this.name }); else this.fail(401); },
      (error: unknown) => { this.error(error); },
    );
  }
}

const withOAuth = (requireForOAuth?: RequireForOAuth): AppOptions => ({
  ...(requireForOAuth !== undefined && { twoFactor: { requireForOAuth } }),
  routes: (app, test) => {
    for (const name of ['github', 'google']) {
      test.passport.use(new TwoFactorStrategy({ service: test.service }, new FakeOAuth(name, test)));
      app.post(`/${name}`, test.passport.authenticate(name), (req, res) => { res.json({ info: req.authInfo }); });
    }
    test.passport.use(new TwoFactorStrategy({ service: test.service, name: 'told', kind: 'oauth' }, new FakeOAuth('any', test)));
    app.post('/told', test.passport.authenticate('told'), (_req, res) => { res.end(); });
  },
});

describe.each(databases)('a login through OAuth on $name', (database) => {
  const tests: TestApp[] = [];
  let user: { id: number };

  async function open(requireForOAuth?: RequireForOAuth): Promise<TestApp> {
    const test = await TestApp.open(database, withOAuth(requireForOAuth));
    tests.push(test);
    ({ user } = await test.withTotp(1));
    return test;
  }
  afterAll(() => Promise.all(tests.map((test) => test.close())));

  it('is exempt by default, but carries no mark and may not change the factors', async () => {
    const test = await open();
    const agent = test.agent();
    await agent.post('/github').send(user).expect(200, { info: { provider: 'github' } });
    await agent.get('/me').expect(200);
    await agent.get('/admin').expect(403);
    const refused = await test.call(agent, 'disable', 1).expect(403);
    expect(refused.body.error.code).toBe('STEP_UP_REQUIRED');
    // Nor does the password alone make up for the factor that was skipped.
    await test.call(agent, '.reauthenticate', 'correct horse').expect(403);
    await test.login(test.agent(), { ...user, email: 'user1@example.com', password: 'correct horse', disabled: 0 }).expect(202);
  });

  it('is halted with requireForOAuth: true, and its info is there at the end', async () => {
    const test = await open(true);
    const agent = test.agent();
    await agent.post('/github').send(user).expect(202);
    await agent.get('/me').expect(401);
    const [authenticator] = await test.service.list('1');
    expect(authenticator).toBeDefined();
    const codes = await test.service.generateNewBackupCodes('1');
    await agent.post('/github').send(user).expect(202);
    await agent.post('/2fa').send({ code: codes[0] }).expect(200, { user: 1, info: { provider: 'github' } });
    await agent.get('/admin').expect(200);
  });

  it('is halted by the names of a list', async () => {
    const test = await open(['google']);
    await test.agent().post('/google').send(user).expect(202);
    await test.agent().post('/github').send(user).expect(200);
    await test.agent().post('/told').send(user).expect(200);
  });

  it('is judged by a function that is told of this login, and denied where that does not answer', async () => {
    const asked: OAuthLogin[] = [];
    const answers: unknown[] = [false, true, undefined, 'no'];
    const test = await open((login) => {
      asked.push(login);
      return answers.shift() as boolean;
    });
    await test.agent().post('/github').send(user).expect(200);
    await test.agent().post('/github').send(user).expect(202);
    await test.agent().post('/github').send(user).expect(500);
    await test.agent().post('/google').send(user).expect(500);
    expect(asked.map(({ strategy, kind, info }) => ({ strategy, kind, info }))).toEqual(
      ['github', 'github', 'github', 'google'].map((strategy) => ({ strategy, kind: 'oauth', info: { provider: strategy } })),
    );
  });

  describe('of a user without a factor', () => {
    let test: TestApp;
    beforeAll(async () => { test = await open(true); });
    it('is a login like any other, and recent enough to enrol', async () => {
      await test.user(2);
      const agent = test.agent();
      await agent.post('/github').send({ id: 2 }).expect(200);
      await test.call(agent, 'setup.totp').expect(200);
    });
  });
});
