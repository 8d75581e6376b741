import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TestApp, type Agent, type TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';
import { deviceOf, openWithPasskeys, optionsOf, withPasskey } from '../support/passkeys.js';
import { StatementLog } from '../support/statements.js';

/** A login is paid for in statements, above all in the one that writes: this is the bill. */
describe.each(databases)('the statements of a login on $name', (database) => {
  let test: TestApp;
  let ids = 0;
  const log = new StatementLog();

  beforeAll(async () => {
    test = await TestApp.open(database, { logger: log, twoFactor: { backupCodesCount: 2 } });
  });
  afterAll(() => test.close());
  beforeEach(() => {
    log.reset();
  });

  /** The library's own: the app's look-ups of its user are not counted. */
  const own = (): string[] => log.statements.filter((statement) => statement.includes('two_factor_'));
  const verbs = (): string[] => own().map((statement) => statement.split(' ', 1)[0]!);

  async function halted(): Promise<{ agent: Agent; user: TestUser; secret: string; backupCodes: string[] }> {
    const enrolled = await test.withTotp((ids += 1));
    const agent = test.agent();
    await test.login(agent, enrolled.user).expect(202);
    log.reset();
    return { agent, ...enrolled };
  }

  it.each(['/login', '/passport/login'])('is one SELECT for a user without a second factor, at %s', async (path) => {
    const user = await test.user((ids += 1));
    log.reset();
    await test.agent().post(path).send({ email: user.email, password: user.password }).expect(200);
    expect(verbs()).toEqual(['SELECT']);
  });

  it('is none where the password is wrong', async () => {
    const { user } = await test.withTotp((ids += 1));
    log.reset();
    await test.login(test.agent(), { ...user, password: 'wrong' }).expect(401);
    expect(verbs()).toEqual([]);
  });

  it.each(['/login', '/passport/login', '/token/login'])(
    'is one SELECT for one that is halted for a TOTP, at %s',
    async (path) => {
      const { user } = await test.withTotp((ids += 1));
      log.reset();
      await test.agent().post(path).send({ email: user.email, password: user.password }).expect(202);
      expect(verbs()).toEqual(['SELECT']);
    },
  );

  it('is two at the second step by passport.authenticate("two-factor")', async () => {
    const { agent, secret } = await halted();
    await agent
      .post('/2fa')
      .send({ code: test.totp(secret) })
      .expect(200);
    expect(verbs()).toEqual(['SELECT', 'UPDATE']);
  });

  it('is two where the method is named, too, and where there is no session', async () => {
    const { agent, secret, user } = await halted();
    await agent
      .post('/2fa')
      .send({ code: test.totp(secret), method: 'totp' })
      .expect(200);
    expect(own()).toHaveLength(2);
    test.clock.advance('30s');
    const { body } = await agent.post('/token/login').send({ email: user.email, password: user.password }).expect(202);
    log.reset();
    await agent
      .post('/token/2fa')
      .send({ code: test.totp(secret), challengeToken: body.challengeToken as string })
      .expect(200);
    expect(own()).toHaveLength(2);
  });

  it('is three by verify.totp and completeTwoFactorLogin in one request', async () => {
    const { agent, secret } = await halted();
    await agent
      .post('/verify-2fa')
      .send({ code: test.totp(secret) })
      .expect(200);
    expect(verbs()).toEqual(['SELECT', 'UPDATE', 'UPDATE']);
  });

  it('is four by the same two calls over two requests', async () => {
    const { agent, secret } = await halted();
    await agent
      .post('/verify')
      .send({ code: test.totp(secret) })
      .expect(200);
    await agent.post('/complete').expect(200);
    expect(verbs()).toEqual(['SELECT', 'UPDATE', 'SELECT', 'UPDATE']);
  });

  it.each([
    ['/2fa', 'backup_code'],
    ['/2fa', undefined],
    ['/verify-2fa', 'backupCode'],
  ])('is five at the most with a backup code, at %s with method %s', async (path, method) => {
    const { agent, backupCodes } = await halted();
    await agent
      .post(path)
      .send({ code: backupCodes[0], ...(method && { method }) })
      .expect(200);
    expect(own().length).toBe(path === '/2fa' ? 4 : 5);
  });

  it('is two for a wrong code: a look and a charge', async () => {
    const { agent, secret } = await halted();
    await agent
      .post('/2fa')
      .send({ code: test.wrongTotp(secret) })
      .expect(401);
    expect(verbs()).toEqual(['SELECT', 'UPDATE']);
  });

  it('does not grow with the logins, methods and codes that the user has had', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    await test.service.setup.totp(String(user.id), false, { label: 'second' });
    const bills: number[] = [];
    for (let login = 0; login < 12; login += 1) {
      test.clock.advance('30s');
      const agent = test.agent();
      log.reset();
      await test.login(agent, user).expect(202);
      await agent
        .post('/2fa')
        .send({ code: test.totp(secret) })
        .expect(200);
      bills.push(own().length);
    }
    expect(new Set(bills)).toEqual(new Set([3]));
    const left = await test.db
      .createQueryBuilder()
      .select('c')
      .from('TwoFactorChallenge', 'c')
      .where('c.user_id = :id', { id: String(user.id) })
      .getCount();
    expect(left).toBe(0);
  });

  it('opens no transaction, in the whole life of a factor', async () => {
    const user = await test.user((ids += 1));
    log.reset();
    const agent = test.agent();
    await test.login(agent, user).expect(200);
    const { body } = await test.call(agent, 'setup.totp').expect(200);
    const secret = body.result.secret as string;
    const codes = (await test.call(agent, 'complete.totp', test.totp(secret)).expect(200)).body.result as string[];
    await test.call(agent, 'setup.email').expect(200);
    test.clock.advance('30s');
    for (const code of [test.wrongTotp(secret), test.totp(secret), codes[0]!]) {
      const second = test.agent();
      await test.login(second, user).expect(202);
      await second.post('/verify-2fa').send({ code, method: code === codes[0] ? 'backupCode' : 'totp' });
    }
    await test.call(agent, 'generateNewBackupCodes').expect(200);
    for (const mechanism of [1, 2]) await test.call(agent, 'disable', mechanism).expect(200);
    expect(log.count).toBeGreaterThan(40);
    expect(
      log.statements.filter((statement) =>
        /^\s*(START|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|SET TRANSACTION)/i.test(statement),
      ),
    ).toEqual([]);
  });
});

describe.each(databases)('the statements of a passkey on $name', (database) => {
  const log = new StatementLog();
  let test: TestApp;
  beforeAll(async () => {
    test = await openWithPasskeys(database, { logger: log });
  });
  afterAll(() => test.close());

  const verbs = (): string[] =>
    log.statements.filter((one) => one.includes('two_factor_')).map((one) => one.split(' ', 1)[0]!);

  it('are one SELECT at the halt and for the options, and two at the second step', async () => {
    const { user, device } = await withPasskey(test, 1);
    const agent = test.agent();
    log.reset();
    await test.login(agent, user).expect(202);
    expect(verbs()).toEqual(['SELECT']);
    log.reset();
    const response = device.get(await optionsOf(test, agent, 'challenge.passkey'));
    expect(verbs()).toEqual(['SELECT']);
    log.reset();
    await agent.post('/2fa').send({ response }).expect(200);
    expect(verbs()).toEqual(['SELECT', 'UPDATE']);
  });

  it('are none for the options of a login by it alone, and three for the login', async () => {
    const { device } = await withPasskey(test, 2, deviceOf());
    const agent = test.agent();
    log.reset();
    const options = (await agent.post('/passkey/options').expect(200)).body as object;
    expect(verbs()).toEqual([]);
    await agent
      .post('/passkey')
      .send({ response: device.get(options) })
      .expect(200);
    expect(verbs()).toEqual(['SELECT', 'SELECT', 'UPDATE']);
  });
});
