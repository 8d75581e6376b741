import { Strategy } from 'passport';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TwoFactorStrategy, type OAuthLogin, type RequireForOAuth } from 'passport-two-factor';
import { TestApp, UserSchema, type AppOptions } from '../support/app.js';
import { databases } from '../support/databases.js';

/** Answers as passport-oauth2 does after the provider's redirect: with a user, without asking for a password. */
class FakeOAuth extends Strategy {
  readonly _oauth2 = {};
  readonly _callbackURL: string = '/callback';
  constructor(
    override readonly name: string,
    private readonly test: TestApp,
  ) {
    super();
  }
  override authenticate(req: { body: { id: number } }): void {
    this.test.db
      .getRepository(UserSchema)
      .findOneBy({ id: req.body.id })
      .then(
        (user) => {
          if (user) this.success(user, { provider: this.name });
          else this.fail(401);
        },
        (error: unknown) => {
          this.error(error);
        },
      );
  }
}

const withOAuth = (requireForOAuth?: RequireForOAuth): AppOptions => ({
  ...(requireForOAuth !== undefined && { twoFactor: { requireForOAuth } }),
  routes: (app, test) => {
    for (const name of ['github', 'google']) {
      test.passport.use(new TwoFactorStrategy({ service: test.service }, new FakeOAuth(name, test)));
      app.post(`/${name}`, test.passport.authenticate(name), (req, res) => {
        res.json({ info: req.authInfo });
      });
    }
    test.passport.use(
      new TwoFactorStrategy({ service: test.service, name: 'told', kind: 'oauth' }, new FakeOAuth('any', test)),
    );
    app.post('/told', test.passport.authenticate('told'), (_req, res) => {
      res.end();
    });
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
    await agent
      .post('/github')
      .send(user)
      .expect(200, { info: { provider: 'github' } });
    await agent.get('/me').expect(200);
    await agent.get('/admin').expect(403);
    const refused = await test.call(agent, 'disable', 1).expect(403);
    expect(refused.body.error.code).toBe('STEP_UP_REQUIRED');
    // Nor does the password alone make up for the factor that was skipped.
    await test.call(agent, '.reauthenticate', 'correct horse').expect(403);
    await test
      .login(test.agent(), { ...user, email: 'user1@example.com', password: 'correct horse', disabled: 0 })
      .expect(202);
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
    await agent
      .post('/2fa')
      .send({ code: codes[0] })
      .expect(200, { user: 1, info: { provider: 'github' } });
    await agent.get('/admin').expect(200);
  });

  it('is halted by the names of a list', async () => {
    const test = await open(['google']);
    await test.agent().post('/google').send(user).expect(202);
    await test.agent().post('/github').send(user).expect(200);
    await test.agent().post('/told').send(user).expect(200);
  });

  it('is halted by the name that it is registered under, and by its own', async () => {
    for (const [name, required] of [
      ['github-strict', 202],
      ['github', 202],
      ['google', 200],
    ] as const) {
      const test = await open([name]);
      const strict = new TwoFactorStrategy({ service: test.service }, new FakeOAuth('github', test));
      test.passport.use('github-strict', strict);
      test.app.post('/strict', test.passport.authenticate('github-strict'), (_req, res) => {
        res.end();
      });
      await test
        .agent()
        .post('/strict')
        .send(user)
        .expect(required === 202 ? 401 : 200);
    }
  });

  it('is denied where the list names a strategy that there is not: a misspelt name would exempt', async () => {
    const test = await open(['gogle']);
    const agent = test.agent();
    const answer = await agent.post('/google').send(user).expect(500);
    expect(answer.body).toMatchObject({ internal: expect.stringContaining('requireForOAuth names "gogle"') as string });
    await agent.get('/me').expect(401);
  });

  it('needs the second factor where the app trades a typed password for the token', async () => {
    const test = await open();
    class PasswordGrant extends FakeOAuth {
      override readonly _callbackURL = '';
    }
    test.passport.use(new TwoFactorStrategy({ service: test.service }, new PasswordGrant('grant', test)));
    test.app.post('/grant', test.passport.authenticate('grant'), (_req, res) => {
      res.end();
    });
    await test.agent().post('/grant').send(user).expect(401);
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
      ['github', 'github', 'github', 'google'].map((strategy) => ({
        strategy,
        kind: 'oauth',
        info: { provider: strategy },
      })),
    );
  });

  describe('of a user without a factor', () => {
    let test: TestApp;
    beforeAll(async () => {
      test = await open(true);
    });
    it('is a login like any other, and recent enough to enroll', async () => {
      await test.user(2);
      const agent = test.agent();
      await agent.post('/github').send({ id: 2 }).expect(200);
      await test.call(agent, 'setup.totp').expect(200);
    });
  });
});
