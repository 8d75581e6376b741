import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { twoFactorEntities } from 'passport-two-factor';
import { UserSchema, type Agent, type TestApp, type TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';
import { rows } from './probe.js';
import { burst, expectDenied, facade, halted, openApp, waysIn } from './support.js';

describe.each(databases)('47, on $name: a users.id that answers no id', (database) => {
  let id: unknown;
  let found: ((first: TestUser) => unknown) | undefined;
  let app: TestApp;
  let first: TestUser;
  let second: TestUser;
  let agent: Agent;
  let pending: Agent;

  beforeAll(async () => {
    const dataSource = await database.open([UserSchema, ...twoFactorEntities()]);
    const users = dataSource.getRepository(UserSchema);
    const proper = (user: TestUser): string => String(user.id);
    id = proper;
    app = await openApp(database, {
      dataSource,
      service: {
        users: {
          id: (user: TestUser) => (typeof id === 'function' ? (id as typeof proper)(user) : id) as string,
          email: (user: TestUser) => user.email,
          find: async (key: string) => (found ? (found(first) as TestUser) : users.findOneBy({ id: Number(key) })),
        },
      },
    });
    // The first row of every table is this user's.
    const enrolled = await app.withTotp(1);
    first = enrolled.user;
    second = await app.user(2);
    agent = app.agent();
    await app.login(agent, second).expect(200);
    pending = await halted(app, first);
  });
  afterAll(() => app.close());

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['nothing', ''],
    ['an object', { id: 1 }],
    ['a number', 1],
    ['NaN', Number.NaN],
    ['a list', ['1']],
    ['true', true],
    ['a promise', Promise.resolve('1')],
    ['"undefined"', 'undefined'],
    ['"[object Object]"', '[object Object]'],
    ['192 characters', '1'.repeat(192)],
    ['half a surrogate pair, which is no other half', '1\ud800'],
    ['U+0000', '1\0'],
  ])('(%s) is an error, never the first row', async (_name, bad) => {
    const proper = id;
    id = bad;
    try {
      for (const way of waysIn) {
        const fresh = app.agent();
        await way.first(fresh, second).expect(500);
        await fresh.get('/me').expect(401);
      }
      for (const [member, ...args] of [
        ['setup.totp'],
        ['setup.totp', false],
        ['complete.totp', '123456'],
        ['verify.totp', '123456'],
        ['disable', 1],
        ['list'],
        ['getEnabledMethods'],
        ['getTotpUri'],
        ['challenge.email'],
      ] as [string, ...unknown[]][]) {
        const answer = await app.call(agent, member, ...args).expect(500);
        expect(answer.body).toEqual({
          internal: expect.stringContaining('The id of a user must be a string') as unknown,
        });
      }
      await agent.get('/admin').expect(500);
    } finally {
      id = proper;
    }
    expect(await rows(app, 'TwoFactorAccount')).toHaveLength(1);
    expect(await rows(app, 'TwoFactorAuthenticator')).toHaveLength(1);
  });

  it('is believed by nobody when users.find answers the first row for every id', async () => {
    const third = await app.withTotp(3);
    const other = await halted(app, third.user);
    found = (row) => row;
    try {
      await facade.second(other, app.totp(third.secret)).expect(500);
      await other.get('/me').expect(401);
    } finally {
      found = undefined;
    }
    await expectDenied(other, facade.second(other, app.totp(third.secret)));
    await expectDenied(pending, pending.post('/complete'));
  });

  it('fails the request alone when users.find fails, also where another one has used the login up', async () => {
    const fourth = await app.withTotp(4);
    const other = await halted(app, fourth.user);
    await other
      .post('/verify')
      .send({ code: app.totp(fourth.secret) })
      .expect(200);
    found = () => {
      throw new Error('The users are out of reach.');
    };
    try {
      const { statuses } = await burst(5, () => other.post('/complete'));
      expect(statuses).toEqual({ 401: 4, 500: 1 });
    } finally {
      found = undefined;
    }
    await other.get('/me').expect(401);
  });
});
