import { afterAll, describe, expect, it } from 'vitest';
import {
  generateKey,
  SealedDataError,
  TwoFactorExpiredError,
  TwoFactorService,
  type KeptLogin,
} from 'passport-two-factor';
import { Keyring } from '../../lib/core/keyring.js';
import { openKept, sealKept, textOfKept } from '../../lib/service/kept-login.js';
import { TestApp, UserSchema, type TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';

describe.each(databases)('who logs in after the second factor, on $name', (database) => {
  const tests: TestApp[] = [];
  afterAll(() => Promise.all(tests.map((test) => test.close())));

  async function open(find?: (id: string, login: KeptLogin) => unknown): Promise<TestApp> {
    const users = {
      id: (user: TestUser) => String(user.id),
      email: (user: TestUser) => user.email,
      ...(find && { find: find as never }),
    };
    const test = await TestApp.open(database, { service: { users } });
    tests.push(test);
    return test;
  }

  it('is found by users.find with what Passport has serialized and what the strategy has said', async () => {
    const asked: unknown[] = [];
    const users: TestUser[] = [];
    const test = await open((id, login) => {
      asked.push([id, login]);
      return users.find((user) => String(user.id) === id);
    });
    users.push({ id: 1, email: 'user1@example.com', password: 'correct horse', disabled: 0 });
    const { user, secret } = await test.withTotp(1);
    const agent = test.agent();
    await test.login(agent, user).expect(202);
    await agent
      .post('/2fa')
      .send({ code: test.totp(secret) })
      .expect(200);
    expect(asked.at(-1)).toEqual(['1', { serialized: 1, info: undefined }]);
    test.clock.advance('30s');
    await agent.post('/token/login').send({ email: user.email, password: user.password }).expect(202);
    await test.login(agent, user).expect(202);
    await agent
      .post('/verify-2fa')
      .send({ code: test.totp(secret) })
      .expect(200);
    expect(asked.at(-1)).toEqual(['1', { serialized: 1, info: undefined }]);
  });

  it("is found by Passport's deserializeUser where there is no users.find, and is still the same", async () => {
    const test = await open();
    const { user, secret } = await test.withTotp(1);
    const credentials = { email: user.email, password: user.password };
    for (const [first, second] of [
      ['/passport/login', '/2fa'],
      ['/login', '/verify-2fa'],
    ] as const) {
      const agent = test.agent();
      await agent.post(first).send(credentials).expect(202);
      await agent
        .post(second)
        .send({ code: test.totp(secret) })
        .expect(200);
      await agent.get('/me').expect(200, { id: 1 });
      test.clock.advance('30s');
    }
    // Removed meanwhile: deserializeUser answers false, and nobody is logged in.
    const agent = test.agent();
    await agent.post('/passport/login').send(credentials).expect(202);
    await test.db.getRepository(UserSchema).delete({ id: 1 });
    await agent
      .post('/2fa')
      .send({ code: test.totp(secret) })
      .expect(401);
    await agent.get('/me').expect(401);
  });

  it('is nobody where neither can tell: the halt says what is missing, and costs no code', async () => {
    const test = await open();
    const { user } = await test.withTotp(1);
    Object.assign(test.passport, { _serializers: [] });
    const halted = await test
      .agent()
      .post('/token/login')
      .send({ email: user.email, password: user.password })
      .expect(500);
    expect(halted.body).toMatchObject({ internal: expect.stringMatching(/^users\.find is missing/) as string });
  });
});

describe('what is kept of a halted login', () => {
  const keyring = new Keyring(generateKey('k1'));
  const find = () => null;
  const row = { userId: '1', id: 'row', info: '' };
  const seal = (kept: { info?: unknown; serialized?: unknown }, users: object = { find }) =>
    textOfKept({ users } as never, kept);
  const open = (kept: string) => openKept({ keyring }, { ...row, content: { kept } } as never);
  const openRow = (info: string) => openKept({ keyring }, { ...row, info, content: { kept: true } } as never);

  it.each([
    {},
    { info: { provider: 'x' } },
    { serialized: 0 },
    { info: 'text', serialized: { type: 'staff', id: 1 } },
    { info: [1], serialized: 'id' },
  ])('comes back as it was: %j', (kept) => {
    expect(open(seal(kept))).toMatchObject(kept);
  });

  it('comes back from a row where it is too long for the token, and is no login where the row is gone', () => {
    const kept = seal({ info: { provider: 'x'.repeat(1000) }, serialized: 1 });
    const sealed = sealKept({ keyring }, row as never, kept);
    expect(sealed).not.toContain('provider');
    expect(openRow(sealed)).toEqual(JSON.parse(kept));
    expect(() => openRow('')).toThrow(TwoFactorExpiredError);
    expect(() => openRow(keyring.seal('auth-info', { userId: '2', rowId: 'row' }, kept))).toThrow(SealedDataError);
  });

  it('leaves out a user too long to be kept where users.find needs none, and says so where it is all there is', () => {
    const serialized = 'x'.repeat(20_000);
    expect(open(seal({ info: 1, serialized }))).toEqual({ info: 1, serialized: undefined });
    expect(() => seal({ serialized }, {})).toThrow(/serializeUser answered must be JSON of at most 16384 bytes/);
    expect(() => seal({ info: 'x'.repeat(3000) })).toThrow(/info .* at most 2048 bytes/);
  });
});

it('users.find may be left out, and must be a function where it is there', () => {
  const make = (find?: unknown) => () =>
    new TwoFactorService({
      db: { options: {} } as never,
      keys: generateKey('k1'),
      users: { id: String, ...(find !== undefined && { find: find as never }) },
      twoFactor: { issuer: 'x' },
    });
  expect(make(5)).toThrow(/users\.find must be a function/);
  expect(make()).not.toThrow(/users\.find/);
});
