import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TwoFactorMechanism } from 'passport-two-factor';
import { sha256 } from '../../lib/core/keyring.js';
import type { TestApp } from '../support/app.js';
import { databases } from '../support/databases.js';
import { authenticator as row } from '../store/fixtures.js';
import { account, authenticators, newUser, open, phoneOf, refused, withTotp } from './support.js';

const { TOTP, EMAIL } = TwoFactorMechanism;

const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';

describe.each(databases)('what one user can make grow, on $name', (database) => {
  let test: TestApp;

  beforeAll(async () => {
    test = await open(database, { service: { limits: { factors: 3, pendingLogins: 4 } } });
  });
  afterAll(() => test.close());

  const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

  async function withThree(): Promise<string> {
    const { id } = await withTotp(test);
    await test.service.setup.email(id);
    await test.service.setup.sms(id, phoneOf(id), false);
    return id;
  }

  it('are factors up to the limit, over all methods and by every way to add one', async () => {
    const id = await withThree();
    const more = {
      field: 'factors',
      message: 'factors must be at most 3: remove one before you add another.',
      status: 400,
    };
    await refused(test.service.setup.totp(id, true, { label: 'fourth' }), 'INVALID_INPUT', more);
    await refused(test.service.setup.totp(id, false, { label: 'fourth' }), 'INVALID_INPUT', more);
    await refused(test.service.setup.email(id, 'fourth@example.net'), 'INVALID_INPUT', more);
    await refused(test.service.setup.sms(id, '+15550009999', false), 'INVALID_INPUT', more);
    await refused(test.service.importTotp(id, secret, { label: 'fourth' }), 'INVALID_INPUT', more);
    await refused(test.service.setup.totp(id), 'ALREADY_ENABLED');
    expect(await authenticators(test, id)).toHaveLength(3);
    await test.service.disable(id, EMAIL);
    await test.service.importTotp(id, secret, { label: 'fourth' });
  });

  it('are not more of them where many are added at once', async () => {
    const id = await newUser(test);
    const results = await Promise.allSettled(
      numbers(8).map((n) => test.service.importTotp(id, secret, { label: `app ${String(n)}` })),
    );
    const counted = await test.service.list(id);
    expect(counted.length).toBeLessThanOrEqual(3);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(counted.length);
    expect(await authenticators(test, id)).toHaveLength(counted.length);
    expect(String((await account(test, id)).factors).length).toBeLessThan(200);
  });

  it('are not enrollments that were begun, however many requests begin them at once', async () => {
    const id = await newUser(test);
    await test.service.setup.totp(id, true, { label: 'makes the account', qr: 'svg' });
    await Promise.all(
      numbers(20).map((n) => test.service.setup.totp(id, true, { label: `app ${String(n % 10)}`, qr: 'svg' })),
    );
    const begun = await test.db.getRepository('TwoFactorChallenge').findBy({ userId: id });
    expect(begun.length).toBeLessThanOrEqual(4);
    expect(new Set(begun.map(({ handle }) => String(handle))).size).toBe(begun.length);
    const last = await test.service.setup.totp(id, true, { label: 'last', qr: 'svg' });
    await test.service.complete.totp(id, test.totp(last.secret));
  });

  it('takes the factors away again that somebody has enrolled without a limit by version 0.1', async () => {
    const { id } = await withTotp(test);
    await test.service.setup.email(id);
    const old = numbers(120).map((n) =>
      row(sha256(id), { userId: id, handle: sha256(`old ${String(n)}`), label: `old ${String(n)}` }),
    );
    for (let from = 0; from < old.length; from += 40)
      await test.db.getRepository('TwoFactorAuthenticator').insert(old.slice(from, from + 40));
    expect(await test.service.list(id)).toHaveLength(122);
    await test.service.remove(id, old[7]!.id);
    expect(await test.service.list(id)).toHaveLength(121);
    await test.service.disable(id, TOTP);
    expect((await test.service.list(id)).map(({ mechanism }) => mechanism)).toEqual([EMAIL]);
    expect(await authenticators(test, id)).toHaveLength(1);
    await test.service.disable(id, EMAIL);
    expect(await account(test, id)).toMatchObject({ factors: '{}', backupSetId: '' });
    await test.service.setup.totp(id, false, { qr: 'svg' });
  });
});
