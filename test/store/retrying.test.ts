import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { retrying } from '../../lib/store/database.js';
import { TestApp } from '../support/app.js';
import { databases } from '../support/databases.js';
import { driverError, failing, lasting, transient, type Fault } from './faults.js';

/** A statement that throws these errors, then works. */
function statement(...errors: (() => unknown)[]) {
  const run = Object.assign(
    (): Promise<string> => {
      const error = errors[run.calls];
      run.calls += 1;
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- a driver may throw anything
      return error ? Promise.reject(error()) : Promise.resolve('done');
    },
    { calls: 0 },
  );
  return run;
}

describe('a statement that the database gave up', () => {
  describe.each(Object.entries(transient))('for %s', (_name, error) => {
    it('is run again and then answered', async () => {
      const run = statement(error, error);
      expect(await retrying(run)).toBe('done');
      expect(run.calls).toBe(3);
    });

    it('is given up after the fifth time, with the error of the database', async () => {
      const run = statement(error, error, error, error, error, error);
      await expect(retrying(run)).rejects.toThrow('the database said no');
      expect(run.calls).toBe(5);
    });
  });

  it.each([
    ["in the driver's error alone", { driverError: { errno: 1213 } }],
    ['in the outer error alone', { code: '40001' }],
  ])('is known by its code %s', async (_where, error) => {
    const run = statement(() => error);
    expect(await retrying(run)).toBe('done');
    expect(run.calls).toBe(2);
  });

  it('is not run again once it worked', async () => {
    const run = statement();
    expect(await retrying(run)).toBe('done');
    expect(run.calls).toBe(1);
  });
});

describe('a statement that may have taken effect', () => {
  it.each(Object.entries(lasting))('is not run again after %s', async (_name, error) => {
    const run = statement(error);
    await expect(retrying(run)).rejects.toThrow();
    expect(run.calls).toBe(1);
  });

  it('is not run again after a deadlock that a lost connection followed', async () => {
    const run = statement(transient['a deadlock on MySQL (1213)']!, lasting['a reset connection']!);
    await expect(retrying(run)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(run.calls).toBe(2);
  });

  it.each([undefined, null, 'text', 7, {}])('is not run again where the driver throws %j', async (thrown) => {
    const run = statement(() => thrown);
    await expect(retrying(run)).rejects.toBe(thrown);
    expect(run.calls).toBe(1);
  });
});

describe.each(databases)('a login on $name whose statements the database gives up', (database) => {
  let test: TestApp;
  let fault: Fault | undefined;
  let ids = 0;

  beforeAll(async () => {
    test = await TestApp.open(database, { twoFactor: { backupCodesCount: 1 } });
  });
  afterEach(() => {
    fault?.end();
  });
  afterAll(() => test.close());

  async function pending() {
    const { user, secret } = await test.withTotp((ids += 1));
    const agent = test.agent();
    await test.login(agent, user).expect(202);
    return { agent, secret };
  }

  const verdicts = /^UPDATE .two_factor_accounts/;
  const deadlock = () => driverError({ errno: 1213, code: 'ER_LOCK_DEADLOCK' });

  it('is finished where the verdict is written at the third try', async () => {
    const { agent, secret } = await pending();
    fault = failing(test.db, verdicts, deadlock, 2);
    await agent
      .post('/2fa')
      .send({ code: test.totp(secret) })
      .expect(200);
    expect(fault.thrown).toBe(2);
    await agent.get('/me').expect(200);
  });

  it('is denied where the verdict cannot be written, after five tries', async () => {
    const { agent, secret } = await pending();
    fault = failing(test.db, verdicts, deadlock);
    await agent
      .post('/2fa')
      .send({ code: test.totp(secret) })
      .expect(500);
    expect(fault.thrown).toBe(5);
    await agent.get('/me').expect(401);
  });

  it('is finished where the row of its codes cannot be deleted: the verdict stands in the account', async () => {
    const user = await test.withEmail((ids += 1));
    const agent = test.agent();
    await test.login(agent, user).expect(202);
    const code = test.lastCode();
    fault = failing(test.db, /^DELETE FROM .two_factor_challenges/, deadlock);
    await agent.post('/2fa').send({ code }).expect(200);
    expect(fault.thrown).toBe(10);
    fault.end();
    await agent.get('/me').expect(200);
    await test.login(test.agent(), user).expect(202);
    expect(test.lastCode()).not.toBe(code);
  });

  it('is denied at once where the connection is lost under the verdict', async () => {
    const { agent, secret } = await pending();
    fault = failing(test.db, verdicts, lasting['a lost connection to MySQL']!);
    await agent
      .post('/2fa')
      .send({ code: test.totp(secret) })
      .expect(500);
    expect(fault.thrown).toBe(1);
    await agent.get('/me').expect(401);
  });

  it("is an error, not a login without a second factor, where the user's methods cannot be read", async () => {
    const { user } = await test.withTotp((ids += 1));
    fault = failing(test.db, /^SELECT .*two_factor_accounts/, deadlock);
    const agent = test.agent();
    await test.login(agent, user).expect(500);
    expect(fault.thrown).toBe(5);
    await agent.get('/me').expect(401);
  });
});
