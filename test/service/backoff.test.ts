import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import ms from 'ms';
import type { TestApp } from '../support/app.js';
import { databases } from '../support/databases.js';
import { account, newUser, open, refused, withTotp } from './support.js';

const hour = ms('1h');
const waits = [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600];

describe.each(databases)('wrong codes on $name', (database) => {
  let test: TestApp;

  beforeAll(async () => {
    test = await open(database);
  });
  afterAll(() => test.close());

  const wrong = (id: string, secret: string): Promise<void> =>
    refused(test.service.verify.totp(id, test.wrongTotp(secret)), 'INVALID_CODE');
  const right = (id: string, secret: string): Promise<void> => test.service.verify.totp(id, test.totp(secret));
  const mustWait = (id: string, secret: string, retryAfter: number): Promise<void> =>
    refused(right(id, secret), 'TOO_MANY_ATTEMPTS', { status: 429, retryAfter });

  async function failing(id: string, secret: string, times: number): Promise<void> {
    for (let guess = 0; guess < times; guess += 1) await wrong(id, secret);
  }

  it('up to four in a row cost no wait, and a right one forgets them', async () => {
    const { id, secret } = await withTotp(test);
    for (let round = 0; round < 3; round += 1) {
      await failing(id, secret, 4);
      await right(id, secret);
      test.clock.advance('30s');
    }
  });

  it('from the fifth in a row cost 30 seconds, doubled by each one up to an hour', async () => {
    const { id, secret } = await withTotp(test);
    await failing(id, secret, 4);
    for (const wait of waits) {
      await wrong(id, secret);
      await mustWait(id, secret, wait);
      test.clock.advance(wait * 1000 - 1);
      await mustWait(id, secret, 1);
      test.clock.advance(1);
    }
    await right(id, secret);
    test.clock.advance('30s');
    await failing(id, secret, 4);
    await right(id, secret);
  });

  it('are not charged during the wait, so asking on does not prolong it', async () => {
    const { id, secret } = await withTotp(test);
    await failing(id, secret, 5);
    const before = await account(test, id);
    for (let guess = 0; guess < 20; guess += 1) {
      await refused(test.service.verify.totp(id, test.wrongTotp(secret)), 'TOO_MANY_ATTEMPTS', { retryAfter: 30 });
      await refused(test.service.verify.backupCode(id, '0000000000000'), 'TOO_MANY_ATTEMPTS', { retryAfter: 30 });
    }
    expect(await account(test, id)).toEqual(before);
  });

  it('of all methods count together, enrollments and new codes too', async () => {
    const { id, secret, backupCodes } = await withTotp(test);
    await test.service.setup.email(id);
    const begun = await test.service.setup.totp(id, true, { label: 'second', qr: 'svg' });
    await wrong(id, secret);
    await test.service.challenge.email(id);
    await refused(test.service.verify.email(id, '000000'), 'INVALID_CODE');
    await refused(test.service.verify.backupCode(id, '0000000000000'), 'INVALID_BACKUP_CODE');
    await refused(test.service.complete.totp(id, test.wrongTotp(begun.secret)), 'INVALID_CODE');
    await test.service.challenge.email(id);
    await refused(test.service.verify.otp(id, '000000'), 'INVALID_CODE');
    await mustWait(id, secret, 30);
    await refused(test.service.verify.backupCode(id, backupCodes[0]!), 'TOO_MANY_ATTEMPTS');
    await refused(test.service.complete.totp(id, test.totp(begun.secret)), 'TOO_MANY_ATTEMPTS');
    await refused(test.service.verify.otp(id, '000000'), 'TOO_MANY_ATTEMPTS');
  });

  it('are forgotten by a right backup code as well', async () => {
    const { id, secret, backupCodes } = await withTotp(test);
    await failing(id, secret, 4);
    await test.service.verify.backupCode(id, backupCodes[0]!);
    expect(await account(test, id)).toMatchObject({ failures: 0, windowFailures: 4, nextAttemptAt: 0 });
    await failing(id, secret, 4);
    await right(id, secret);
  });

  it('of one user do not make another wait', async () => {
    const [one, other] = [await withTotp(test), await withTotp(test)];
    await failing(one.id, one.secret, 5);
    await right(other.id, other.secret);
    expect(await account(test, other.id)).toMatchObject({ failures: 0, windowFailures: 0 });
  });

  it('a hundred in thirty days suspend until the thirty days are over, though right ones lie between', async () => {
    const { id, secret } = await withTotp(test);
    const begin = test.clock.now;
    for (let failed = 0; failed < 100; failed += 4) {
      await failing(id, secret, 4);
      if (failed < 96) await right(id, secret);
      test.clock.advance('1h');
    }
    const end = begin + ms('30d');
    await mustWait(id, secret, (end - test.clock.now) / 1000);
    expect(await account(test, id)).toMatchObject({ windowFailures: 100, windowStart: begin });
    test.clock.advance(end - 1 - test.clock.now);
    await mustWait(id, secret, 1);
    test.clock.advance(1);
    await right(id, secret);
    test.clock.advance('30s');
    await failing(id, secret, 4);
    // The last four of the hundred came a day after the first: they count on.
    expect(await account(test, id)).toMatchObject({ windowFailures: 8, windowStart: begin + ms('1d') });
  });

  it('are never more than a hundred in a month for having straddled the end of one', async () => {
    const { id, secret } = await withTotp(test);
    await wrong(id, secret);
    test.clock.advance('29d');
    for (let failed = 0; failed < 98; failed += 2) {
      await failing(id, secret, 2);
      await right(id, secret);
      test.clock.advance('30s');
    }
    test.clock.advance('1d');
    await wrong(id, secret);
    await right(id, secret);
    test.clock.advance('30s');
    await wrong(id, secret);
    await refused(right(id, secret), 'TOO_MANY_ATTEMPTS');
    test.clock.advance('29d');
    await right(id, secret);
  });

  it('of a user with several factors count as often as they were compared, and are one failure in a row', async () => {
    const { id, secret } = await withTotp(test);
    for (const label of ['b', 'c', 'd']) await test.service.setup.totp(id, false, { label, qr: 'svg' });
    const guess = () => test.service.verify.totp(id, test.wrongTotp(secret));
    // Four apps, three codes each: 25 guesses are compared with 300 codes.
    for (let failed = 0; failed < 25; failed += 1) {
      await refused(guess(), 'INVALID_CODE');
      expect(await account(test, id)).toMatchObject({ failures: 1, windowFailures: 4 * (failed + 1) });
      if (failed < 24) await right(id, secret);
      test.clock.advance('30s');
    }
    await refused(right(id, secret), 'TOO_MANY_ATTEMPTS');
  });

  it('count of several factors only those that the code was compared with', async () => {
    const { id, secret } = await withTotp(test);
    await test.service.setup.totp(id, false, { label: 'b', qr: 'svg' });
    await test.service.setup.email(id);
    const days = async (): Promise<unknown> => (await account(test, id)).failureDays;
    await test.service.challenge.email(id);
    await refused(test.service.verify.email(id, '000000'), 'INVALID_CODE');
    expect(await days()).toBe(`${test.clock.now}:3`);
    await refused(test.service.verify.backupCode(id, '0000000000000'), 'INVALID_BACKUP_CODE');
    expect(await days()).toBe(`${test.clock.now}:6`);
    await wrong(id, secret);
    expect(await days()).toBe(`${test.clock.now}:12`);
  });

  it('that version 0.1 has counted are counted on', async () => {
    const { id, secret } = await withTotp(test);
    await test.db
      .createQueryBuilder()
      .update('TwoFactorAccount')
      .set({ windowFailures: 99, windowStart: test.clock.now })
      .where('user_id = :id', { id })
      .execute();
    await wrong(id, secret);
    await mustWait(id, secret, 30 * 24 * 3600);
  });

  it('of a clock that was a year ahead hold nobody up once it is right', async () => {
    const { id, secret } = await withTotp(test);
    const now = test.clock.now;
    test.clock.advance('365d');
    await failing(id, secret, 5);
    await mustWait(id, secret, 30);
    test.clock.now = now;
    await right(id, secret);
    await wrong(id, secret);
    expect(await account(test, id)).toMatchObject({ windowFailures: 1, windowStart: now });
  });

  it('are taken back for a right backup code while others are charged, to the last one', async () => {
    const { id, secret, backupCodes } = await withTotp(test);
    await failing(id, secret, 2);
    const codes = [...backupCodes, '0000000000000', ...backupCodes];
    const tries = [
      ...codes.map((code) => test.service.verify.backupCode(id, code)),
      test.service.verify.totp(id, test.wrongTotp(secret)),
    ];
    const results = await Promise.allSettled(tries);
    const wrongs = results.filter(
      (result) =>
        result.status === 'rejected' && String((result.reason as { code: unknown }).code).startsWith('INVALID'),
    );
    expect(await account(test, id)).toMatchObject({
      windowFailures: 2 + wrongs.length,
      failureDays: `${test.clock.now}:${3 * (2 + wrongs.length)}`,
    });
  });

  it('ninety-nine in thirty days do not, and the window begins anew with the next one after it', async () => {
    const { id, secret } = await withTotp(test);
    for (let failed = 0; failed < 99; failed += 3) {
      await failing(id, secret, 3);
      await right(id, secret);
      test.clock.advance(hour);
    }
    await right(id, secret);
    test.clock.advance('30d');
    await wrong(id, secret);
    expect(await account(test, id)).toMatchObject({ windowFailures: 1, windowStart: test.clock.now });
    test.clock.advance('30s');
    await right(id, secret);
  });

  it('end their wait by unlock, at once and altogether', async () => {
    const { id, secret } = await withTotp(test);
    await failing(id, secret, 5);
    await mustWait(id, secret, 30);
    await test.service.unlock(id);
    expect(await account(test, id)).toMatchObject({ failures: 0, windowFailures: 0, windowStart: 0, nextAttemptAt: 0 });
    await right(id, secret);
    await refused(right(id, secret), 'INVALID_CODE');
  });

  it('end a suspension by unlock, and what was spent stays spent', async () => {
    const { id, secret } = await withTotp(test);
    await right(id, secret);
    await test.db
      .createQueryBuilder()
      .update('TwoFactorAccount')
      .set({ windowFailures: 100, windowStart: test.clock.now })
      .where('user_id = :id', { id })
      .execute();
    await mustWait(id, secret, 30 * 24 * 3600);
    await test.service.unlock(id);
    await refused(right(id, secret), 'INVALID_CODE');
    test.clock.advance('30s');
    await right(id, secret);
  });

  it('leave unlock nothing to do for a user without an account', async () => {
    await refused(test.service.unlock(await newUser(test)), 'NOT_SETUP');
  });

  it('are counted as the app says where it says so', async () => {
    const strict = await open(database, {
      service: { limits: { attempts: 3, backoff: '10s', maxBackoff: '1m', suspendAfter: 10, suspensionWindow: '1d' } },
    });
    try {
      const { id, secret } = await withTotp(strict);
      const guess = (): Promise<void> =>
        refused(strict.service.verify.totp(id, strict.wrongTotp(secret)), 'INVALID_CODE');
      const begin = strict.clock.now;
      await guess();
      await guess();
      for (const wait of [10, 20, 40, 60, 60, 60, 60]) {
        await guess();
        await refused(strict.service.verify.totp(id, strict.totp(secret)), 'TOO_MANY_ATTEMPTS', { retryAfter: wait });
        strict.clock.advance(wait * 1000);
      }
      await guess();
      await refused(strict.service.verify.totp(id, strict.totp(secret)), 'TOO_MANY_ATTEMPTS', {
        retryAfter: (begin + ms('1d') - strict.clock.now) / 1000,
      });
    } finally {
      await strict.close();
    }
  });
});
