import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { TwoFactorMechanism } from 'passport-two-factor';
import { currentTotp } from 'passport-two-factor/testing';
import { AccountStore } from '../../lib/store/account-store.js';
import { QuotaStore } from '../../lib/store/quota-store.js';
import type { TestApp } from '../support/app.js';
import { databases } from '../support/databases.js';
import { account, newUser, open, phoneOf, refused, withTotp } from './support.js';

const { TOTP, EMAIL, SMS } = TwoFactorMechanism;

/** What the verbs take and refuse at the edge; a refused call leaves nothing. */
describe.each(databases)('the input of a verb, on $name', (database) => {
  let test: TestApp;

  beforeAll(async () => {
    test = await open(database, { twoFactor: { codeLength: 8 } });
  });
  afterAll(() => test.close());

  it.each([['x'], ['x'.repeat(64)]])('label: %s is one', async (label) => {
    const id = await newUser(test);
    await test.service.setup.totp(id, false, { label, qr: 'svg' });
    expect(await test.service.list(id)).toMatchObject([{ label }]);
  });

  it.each([[''], ['x'.repeat(65)], ['a\u0007'], [7]])('label: %j is none', async (label) => {
    const id = await newUser(test);
    await refused(test.service.setup.totp(id, false, { label: label as string }), 'INVALID_INPUT', { field: 'label' });
    expect(await test.service.list(id)).toEqual([]);
  });

  it.each([[7], ['png'], [true]])('options: %j are none', async (options) => {
    await refused(test.service.setup.totp(await newUser(test), false, options as unknown as object), 'INVALID_INPUT', {
      field: 'options',
    });
  });

  it.each([
    [{ lable: 'phone' }],
    [{ labels: 'phone' }],
    [{ Label: 'phone' }],
    [{ label: 'phone', qrs: 'svg' }],
    [{ QR: 'svg' }],
  ])('options: %j are misspelt, and nothing is begun', async (options) => {
    const id = await newUser(test);
    await refused(test.service.setup.totp(id, true, options as object), 'INVALID_INPUT', {
      field: 'options',
      message: expect.stringMatching(/there is no option .* did you mean "(label|qr)"/) as unknown,
    });
    await refused(test.service.importTotp(id, 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', options as object), 'INVALID_INPUT', {
      field: 'options',
    });
    expect(await test.service.list(id)).toEqual([]);
  });

  it.each([['no'], [1], [null]])('requireVerification: %j is neither true nor false', async (verify) => {
    const id = await newUser(test);
    const given = verify as unknown as boolean;
    await refused(test.service.setup.totp(id, given), 'INVALID_INPUT', { field: 'requireVerification' });
    if (verify !== null) {
      await refused(test.service.setup.email(id, undefined, given), 'INVALID_INPUT', { field: 'requireVerification' });
      await refused(test.service.setup.sms(id, phoneOf(id), given), 'INVALID_INPUT', { field: 'requireVerification' });
    }
    expect(await test.service.list(id)).toEqual([]);
  });

  it('secret: of 16 bytes and of 256 characters is one, of 15 bytes and of 257 characters is none', async () => {
    for (const secret of ['A'.repeat(26), 'A'.repeat(256)]) await test.service.importTotp(await newUser(test), secret);
    for (const secret of ['A'.repeat(24), 'A'.repeat(264).slice(0, 257)]) {
      await refused(test.service.importTotp(await newUser(test), secret), 'INVALID_INPUT', { field: 'secret' });
    }
  });

  it.each([
    ['spare bits', 'GEZDGNBVGY3TQOJQGEZDGNBVGZ'],
    ['a length that no bytes have', 'GEZDGNBVGY3TQOJQGEZDGNBVGY3'],
    ['lower case and spaces', 'gezd gnbv gy3t qojq gezd gnbv gy'],
    ['padding', 'GEZDGNBVGY3TQOJQGEZDGNBVGY======'],
    ['no-break spaces, dashes and a newline', 'GEZD\u00a0GNBV-GY3T\u2011QOJQGEZDGNBVGY\n'],
  ])('secret: with %s it is read as authenticator apps read it', async (_what, secret) => {
    const id = await newUser(test);
    await test.service.importTotp(id, secret);
    await test.service.verify.totp(id, currentTotp(secret, test.clock.now));
  });

  it('secret: of the same bytes it makes the same codes, whatever its spare bits are', async () => {
    const id = await newUser(test);
    await test.service.importTotp(id, 'GEZDGNBVGY3TQOJQGEZDGNBVGZ');
    await test.service.verify.totp(id, currentTotp('GEZDGNBVGY3TQOJQGEZDGNBVGY', test.clock.now));
  });

  it.each([
    'jörg@example.com',
    '_host@example.com',
    '"john doe"@example.com',
    'taro..y.@example.jp',
    'joe@my_host.example.com',
  ])("address: %s is taken where it is the account's own, and a code reaches it", async (email) => {
    const own = await open(database, {
      service: {
        users: {
          id: (user: { id: number }) => String(user.id),
          email: () => email,
          find: (id: string) => ({ id: Number(id) }),
        },
      },
    });
    expect(await own.service.setup.email('1')).toMatchObject({ verified: true });
    expect(await own.service.getContact('1', EMAIL)).toBe(email);
    expect(await own.service.setup.email('2', ` ${email}\u200e`)).toMatchObject({ verified: true });
    const sent = await own.service.challenge.email('1');
    expect(sent.contact).toBe(email);
    await own.service.verify.email('1', sent.otpValue!);
    await own.close();
  });

  it('phone: what is pasted with invisible marks or typed in another script is the same number', async () => {
    for (const phone of ['\u202a+1 555 123 4567\u202c', '＋１５５５１２３４５６７', '+١٥٥٥١٢٣٤٥٦٧']) {
      const id = await newUser(test);
      await test.service.setup.sms(id, phone, false);
      expect(await test.service.getContact(id, SMS)).toBe('+15551234567');
      await refused(test.service.setup.sms(id, '+15551234567', false), 'ALREADY_ENABLED');
    }
  });

  it.each([
    ['!GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'],
    ['GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ!'],
    ['ſEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'],
  ])('secret: %s is none', async (secret) => {
    await refused(test.service.importTotp(await newUser(test), secret), 'INVALID_INPUT', { field: 'secret' });
  });

  it('address and phone: there is none where the account has none', async () => {
    for (const email of ['', null, undefined]) {
      const bare = await open(database, {
        service: {
          users: {
            id: (user: { id: number }) => String(user.id),
            email: () => email!,
            find: (id: string) => ({ id: Number(id) }),
          },
        },
      });
      await refused(bare.service.setup.email('1'), 'INVALID_INPUT', {
        field: 'address',
        message: expect.stringContaining('the account has none') as unknown,
      });
      await bare.close();
    }
    await refused(test.service.setup.sms(await newUser(test), undefined as unknown as string), 'INVALID_INPUT', {
      field: 'phone',
      message: expect.stringContaining('the account has none') as unknown,
    });
  });

  it('users.email may be left out: the app that knows no addresses gives them', async () => {
    const bare = await open(database, {
      service: { users: { id: (user: { id: number }) => String(user.id), find: (id: string) => ({ id: Number(id) }) } },
    });
    expect(await bare.service.setup.email('1', 'a@example.com')).toMatchObject({ verified: false });
    expect((await bare.service.setup.totp('1', true, { qr: 'svg' })).uri).toContain('otpauth://totp/MyApp:1?');
    await bare.close();
  });

  it('users.label: an empty one is none', async () => {
    const labelled = await open(database, {
      service: {
        users: {
          id: (user: { id: number }) => String(user.id),
          label: () => '',
          email: () => 'a@example.com',
          find: (id: string) => ({ id: Number(id) }),
        },
      },
    });
    expect(decodeURIComponent((await labelled.service.setup.totp('1', true, { qr: 'svg' })).uri)).toContain(
      'MyApp:a@example.com?',
    );
    await labelled.close();
  });

  it('code: as long as codeLength where it is sent, and six digits of an authenticator app', async () => {
    const id = await newUser(test);
    const email = await test.service.setup.email(id, 'other@example.net');
    expect(email.otpValue).toMatch(/^\d{8}$/);
    await refused(test.service.complete.email(id, email.otpValue!.slice(2)), 'INVALID_INPUT', { field: 'code' });
    await test.service.complete.email(id, email.otpValue!);
    const { secret } = await test.service.setup.totp(id, true, { qr: 'svg' });
    await refused(test.service.complete.totp(id, `00${test.totp(secret)}`), 'INVALID_INPUT', { field: 'code' });
    await test.service.complete.totp(id, test.totp(secret));
    test.clock.advance('30s');
    await refused(test.service.verify.email(id, '123456'), 'INVALID_INPUT', { field: 'code' });
    await refused(test.service.verify.totp(id, `00${test.totp(secret)}`), 'INVALID_INPUT', { field: 'code' });
    await test.service.verify.otp(id, (await test.service.challenge.email(id)).otpValue!);
    await test.service.verify.totp(id, test.totp(secret));
  });

  it("id: of an authenticator is a text, and the user's own", async () => {
    const { id } = await withTotp(test);
    for (const given of [7, undefined, null, {}]) {
      await refused(test.service.remove(id, given as string), 'INVALID_INPUT', { field: 'id' });
      await refused(test.service.rename(id, given as string, 'x'), 'INVALID_INPUT', { field: 'id' });
    }
    await refused(test.service.getContact(id, TOTP), 'INVALID_INPUT', { field: 'mechanism' });
  });

  it('the preferred method is one that the user has', async () => {
    const { id } = await withTotp(test);
    expect(await test.service.getPreferredMethod(await newUser(test))).toBeUndefined();
    expect(await test.service.getPreferredMethod(id)).toBeUndefined();
    await refused(test.service.setPreferredMethod(id, SMS), 'NOT_SETUP');
    await test.service.setup.email(id);
    await test.service.setPreferredMethod(id, EMAIL);
    expect(await test.service.getPreferredMethod(id)).toBe(EMAIL);
    await test.service.disable(id, EMAIL);
    expect(await test.service.getPreferredMethod(id)).toBeUndefined();
  });

  it('a user who is gone has no key URI and sets nothing up', async () => {
    const { id } = await withTotp(test);
    await test.db.getRepository('User').update({ id: Number(id) }, { disabled: 1 });
    await refused(test.service.getTotpUri(id), 'NOT_SETUP');
    await refused(test.service.setup.totp(id, true, { label: 'another' }), 'NOT_SETUP');
  });

  it.each([[undefined], [null], [false]])('a user for whom users.find answers %s is nobody', async (nobody) => {
    const empty = await open(database, {
      service: { users: { id: (user: { id: number }) => String(user.id), find: () => nobody as null } },
    });
    await refused(empty.service.setup.totp('1'), 'NOT_SETUP');
    await refused(empty.service.setup.email('1', 'a@example.com'), 'NOT_SETUP');
    await empty.close();
  });

  it('a method that was begun is no other one', async () => {
    const id = await newUser(test);
    await test.service.setup.email(id, 'other@example.net');
    await refused(test.service.verify.email(id, '12345678'), 'SETUP_INCOMPLETE');
    await refused(test.service.verify.totp(id, '123456'), 'NOT_SETUP');
  });

  it('contacts may have one name, that of an authenticator app too', async () => {
    const { id } = await withTotp(test);
    await test.service.setup.email(id);
    await test.service.setup.email(id, 'other@example.net', false);
    for (const { id: own, mechanism } of await test.service.list(id))
      if (mechanism === EMAIL) await test.service.rename(id, own, 'default');
    expect((await test.service.list(id)).map(({ label }) => label)).toEqual(['default', 'default', 'default']);
  });

  it('a secret that is imported gives no backup codes', async () => {
    const id = await newUser(test);
    await test.service.importTotp(id, 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ');
    expect(await test.service.remainingBackupCodes(id)).toBe(0);
  });

  it('the fifth wrong code raises the epoch that ends pending logins', async () => {
    const { id, secret } = await withTotp(test);
    const before = (await account(test, id)).challengeEpoch as number;
    for (let guess = 0; guess < 5; guess += 1)
      await refused(test.service.verify.totp(id, test.wrongTotp(secret)), 'INVALID_CODE');
    expect((await account(test, id)).challengeEpoch).toBe(before + 1);
  });

  it('a message that others overtake is tried fifty times, and then refused for a second', async () => {
    const id = await newUser(test);
    await test.service.setup.email(id);
    const commit = vi.spyOn(QuotaStore.prototype, 'commit').mockResolvedValue(false);
    try {
      await refused(test.service.challenge.email(id), 'TOO_MANY_ATTEMPTS', { retryAfter: 1 });
      expect(commit).toHaveBeenCalledTimes(50);
    } finally {
      commit.mockRestore();
    }
    await test.service.challenge.email(id);
  });

  it('the methods are told in the order of the mechanisms, each once', async () => {
    const id = await newUser(test);
    await test.service.setup.sms(id, phoneOf(id), false);
    await test.service.setup.email(id);
    await test.service.setup.totp(id, false, { label: 'one', qr: 'svg' });
    await test.service.setup.totp(id, false, { label: 'two', qr: 'svg' });
    expect(await test.service.getEnabledMethods(id)).toEqual([TOTP, EMAIL, SMS]);
  });

  it('a verdict that others overtake is tried three times, and then refused for a second', async () => {
    const { id, secret, backupCodes } = await withTotp(test);
    const commit = vi.spyOn(AccountStore.prototype, 'commit').mockResolvedValue(false);
    try {
      for (const verdict of [
        () => test.service.verify.totp(id, test.totp(secret)),
        () => test.service.verify.totp(id, test.wrongTotp(secret)),
        () => test.service.verify.backupCode(id, backupCodes[0]!),
      ]) {
        commit.mockClear();
        await refused(verdict(), 'TOO_MANY_ATTEMPTS', { retryAfter: 1 });
        expect(commit).toHaveBeenCalledTimes(3);
      }
    } finally {
      commit.mockRestore();
    }
    await test.service.verify.totp(id, test.totp(secret));
  });
});
