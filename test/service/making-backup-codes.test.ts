import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { TwoFactorMechanism } from 'passport-two-factor';
import type * as BackupCode from '../../lib/core/backup-code.js';
import type { TestApp } from '../support/app.js';
import { databases } from '../support/databases.js';
import { newUser, open, refused, withTotp } from './support.js';

const hashes = vi.hoisted(() => ({ made: 0, atOnce: 0, most: 0 }));

vi.mock('../../lib/core/backup-code.js', async (original) => {
  const real = await original<typeof BackupCode>();
  return {
    ...real,
    stretchBackupCode: async (...given: Parameters<typeof real.stretchBackupCode>) => {
      hashes.made += 1;
      hashes.atOnce += 1;
      hashes.most = Math.max(hashes.most, hashes.atOnce);
      try {
        return await real.stretchBackupCode(...given);
      } finally {
        hashes.atOnce -= 1;
      }
    },
  };
});

describe.each(databases)('the making of backup codes, on $name', (database) => {
  let test: TestApp;
  let other: TestApp;

  beforeAll(async () => {
    test = await open(database);
    other = await open(database, { dataSource: test.db, clock: test.clock, keys: test.keys });
  });
  afterAll(() => test.close());
  afterEach(() => {
    Object.assign(hashes, { made: 0, atOnce: 0, most: 0 });
  });

  const codes = () => test.db.getRepository('TwoFactorBackupCode').count();

  it('costs one set of slow hashes, one after another, however many requests ask in how many processes', async () => {
    const { id } = await withTotp(test);
    const before = await codes();
    Object.assign(hashes, { made: 0, most: 0 });
    const asked = Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? test : other).service.generateNewBackupCodes(id));
    const results = await Promise.allSettled(asked);
    const given = results.filter((result) => result.status === 'fulfilled');
    expect(given).toHaveLength(1);
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'TOO_MANY_ATTEMPTS' });
    expect(hashes).toMatchObject({ made: 2, most: 1 });
    expect(await codes()).toBe(before);
    await test.service.verify.backupCode(id, given[0]!.value[0]!);
    await test.service.generateNewBackupCodes(id);
  });

  it('costs no more for a first factor that is added many times at once', async () => {
    const id = await newUser(test);
    const labels = Array.from({ length: 20 }, (_, n) => `app ${String(n % 4)}`);
    const results = await Promise.allSettled(
      labels.map((label) => test.service.setup.totp(id, false, { label, qr: 'svg' })),
    );
    expect(hashes.made).toBeLessThanOrEqual(6);
    expect(hashes.most).toBe(1);
    const sets = results.flatMap((result) =>
      result.status === 'fulfilled' && result.value.backupCodes!.length > 0 ? [result.value.backupCodes!] : [],
    );
    expect(sets).toHaveLength(1);
    expect(await test.service.remainingBackupCodes(id)).toBe(2);
    await test.service.verify.backupCode(id, sets[0]![1]!);
  });

  it("does not wait for another user's", async () => {
    const [one, two] = [await withTotp(test), await withTotp(test)];
    const given = await Promise.all([
      test.service.generateNewBackupCodes(one.id),
      test.service.generateNewBackupCodes(two.id),
    ]);
    expect(given.flat()).toHaveLength(4);
  });

  it('goes on a minute after a process has died while it made a set', async () => {
    const { id } = await withTotp(test);
    const [account] = await test.db.getRepository('TwoFactorAccount').findBy({ userId: id });
    const { userKey } = account as { userKey: string };
    await test.db
      .getRepository('TwoFactorBackupCode')
      .insert({ setId: userKey.slice(0, 32), tag: 'claim', userKey, usedAt: test.clock.now + 60_000 });
    await refused(test.service.generateNewBackupCodes(id), 'TOO_MANY_ATTEMPTS', { retryAfter: 1 });
    expect(hashes.made).toBe(2);
    test.clock.advance('1m');
    expect(await test.service.generateNewBackupCodes(id)).toHaveLength(2);
  });

  it('leaves a user without a method as one', async () => {
    const id = await newUser(test);
    await refused(test.service.generateNewBackupCodes(id), 'NOT_SETUP');
    await test.service.setup.email(id);
    expect(await test.service.generateNewBackupCodes(id)).toHaveLength(2);
    expect(await test.service.getEnabledMethods(id)).toEqual([TwoFactorMechanism.EMAIL]);
  });
});
