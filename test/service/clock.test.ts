import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readOptions } from '../../lib/settings.js';
import type { TestApp } from '../support/app.js';
import { databases } from '../support/databases.js';
import { account, open, refused, withTotp } from './support.js';

/** Every comparison with NaN is false; some of those would let in. */
describe.each(databases)('a clock that does not tell the time, on $name', (database) => {
  let test: TestApp;
  let broken: (() => unknown) | undefined;

  beforeAll(async () => {
    const read = (): number => (broken ? (broken() as number) : test.clock.now);
    test = await open(database, { service: { clock: read } });
  });
  afterAll(() => test.close());

  const times: [string, () => unknown][] = [
    ['NaN', () => Number.NaN],
    ['undefined', () => undefined],
    ['Infinity', () => Infinity],
    ['minus one', () => -1],
    ['a date as text', () => '2026-01-01T12:00:00Z'],
    ['an object', () => ({})],
    [
      'nothing: it throws',
      () => {
        throw new TypeError('clock is broken');
      },
    ],
  ];

  it.each(times)('but answers %s denies every code and every login', async (_name, answer) => {
    const { id, secret, backupCodes } = await withTotp(test);
    const user = { id: Number(id), email: `user${id}@example.com`, password: 'correct horse', disabled: 0 };
    const pending = test.agent();
    await test.login(pending, user).expect(202);
    const before = await account(test, id);
    broken = answer;
    try {
      await expect(test.service.verify.totp(id, test.totp(secret))).rejects.toThrow(/clock/);
      await expect(test.service.verify.backupCode(id, backupCodes[0]!)).rejects.toThrow(/clock/);
      await test.login(test.agent(), user).expect(500);
      await pending
        .post('/2fa')
        .send({ code: test.totp(secret) })
        .expect(500);
      await pending
        .post('/verify-2fa')
        .send({ code: test.totp(secret) })
        .expect(500);
    } finally {
      broken = undefined;
    }
    await pending.get('/me').expect(401);
    expect(await account(test, id)).toEqual(before);
    await pending
      .post('/2fa')
      .send({ code: test.totp(secret) })
      .expect(200);
  });

  it('in whole milliseconds is read as one that does', async () => {
    const { id, secret } = await withTotp(test);
    broken = () => test.clock.now + 0.75;
    try {
      await test.service.verify.totp(id, test.totp(secret));
      await refused(test.service.verify.totp(id, test.totp(secret)), 'INVALID_CODE');
    } finally {
      broken = undefined;
    }
  });
});

it('a clock that is not given is Date.now as it is at each call: a test that fakes the date later is believed', () => {
  const { clock } = readOptions({
    db: {},
    keys: '',
    users: { id: String, find: () => null },
    twoFactor: { issuer: 'MyApp' },
  });
  const now = vi.spyOn(Date, 'now').mockReturnValue(1234567890_000);
  expect(clock()).toBe(1234567890_000);
  now.mockRestore();
});
