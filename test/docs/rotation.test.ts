import { afterEach, describe, expect, it } from 'vitest';
import { generateKey } from 'passport-two-factor';
import { TestApp } from '../support/app.js';
import { databases } from '../support/databases.js';
import { blocksOf } from './markdown.js';

/** The statements of the document that count what still names the key k1: authenticators, then sets of backup codes. */
const [authenticators, backupCodes] = blocksOf('docs/rotation.md').find(({ language }) => language === 'sql')!.lines;

describe.each(databases)('a rotation as docs/rotation.md tells it, on $name', (database) => {
  let test: TestApp;
  afterEach(() => test.close());

  const count = async (statement: string): Promise<number> => {
    const [row] = await test.db.query<Record<string, unknown>[]>(statement);
    return Number(Object.values(row!)[0]);
  };
  const left = async (): Promise<number[]> => [await count(authenticators!), await count(backupCodes!)];

  it('leaves the old key in use until a login, a code and a new set of backup codes have come by', async () => {
    test = await TestApp.open(database);
    const { user, secret } = await test.withTotp(1);
    await test.service.setup.email('1');
    expect(await left()).toEqual([2, 1]);

    const after = await TestApp.open(database, {
      dataSource: test.db,
      keys: `${generateKey('k2')},${test.keys}`,
      clock: test.clock,
    });
    const agent = after.agent();
    await after.login(agent, user).expect(202);
    expect(await left()).toEqual([1, 1]);
    await agent
      .post('/2fa')
      .send({ code: after.totp(secret) })
      .expect(200);
    expect(await left()).toEqual([0, 1]);
    await after.service.generateNewBackupCodes('1');
    expect(await left()).toEqual([0, 0]);
  });

  it('ends in an error, never in a login, where the old key was taken out too early; taking the factor away mends it', async () => {
    test = await TestApp.open(database);
    const { user, secret } = await test.withTotp(1);
    const early = await TestApp.open(database, { dataSource: test.db, keys: generateKey('k2'), clock: test.clock });
    const agent = early.agent();
    await early.login(agent, user).expect(202);
    await agent
      .post('/2fa')
      .send({ code: test.totp(secret) })
      .expect(500);
    expect(early.lastError).toMatchObject({ code: 'SEALED_DATA' });
    await agent.get('/me').expect(401);

    for (const mechanism of await early.service.getEnabledMethods('1')) await early.service.disable('1', mechanism);
    await early.login(early.agent(), user).expect(200);
  });
});
