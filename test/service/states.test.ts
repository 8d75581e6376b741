import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TwoFactorMechanism } from 'passport-two-factor';
import type { TestApp } from '../support/app.js';
import { databases } from '../support/databases.js';
import { newUser, open, otherThan, phoneOf, refused, withTotp } from './support.js';

const { TOTP, EMAIL, SMS } = TwoFactorMechanism;

/** What the service answers where a method is not there, not there yet, or there already. */
type Starts = Record<TwoFactorMechanism, (id: string) => Promise<unknown>>;

/** Looked at by the tests of passkeys: without a browser none is made. */
const withoutBrowser = () => Promise.reject(new Error('A passkey needs a browser.'));

describe.each(databases)('a method, on $name', (database) => {
  let test: TestApp;

  beforeAll(async () => {
    test = await open(database);
  });
  afterAll(() => test.close());

  const begin: Starts = {
    [TOTP]: (id) => test.service.setup.totp(id, true, { qr: 'svg' }),
    [EMAIL]: (id) => test.service.setup.email(id, `other${id}@example.net`),
    [SMS]: (id) => test.service.setup.sms(id, phoneOf(id)),
    [TwoFactorMechanism.PASSKEY]: withoutBrowser,
  };

  const enable: Starts = {
    [TOTP]: (id) => test.service.setup.totp(id, false, { qr: 'svg' }),
    [EMAIL]: (id) => test.service.setup.email(id, `other${id}@example.net`, false),
    [SMS]: (id) => test.service.setup.sms(id, phoneOf(id), false),
    [TwoFactorMechanism.PASSKEY]: withoutBrowser,
  };

  /** The verbs that need a verified method. */
  const uses: [string, TwoFactorMechanism, (id: string) => Promise<unknown>][] = [
    ['verify.totp', TOTP, (id) => test.service.verify.totp(id, '123456')],
    ['getTotpUri', TOTP, (id) => test.service.getTotpUri(id)],
    ['disable(TOTP)', TOTP, (id) => test.service.disable(id, TOTP)],
    ['verify.email', EMAIL, (id) => test.service.verify.email(id, '123456')],
    ['challenge.email', EMAIL, (id) => test.service.challenge.email(id)],
    ['getContact(EMAIL)', EMAIL, (id) => test.service.getContact(id, EMAIL)],
    ['disable(EMAIL)', EMAIL, (id) => test.service.disable(id, EMAIL)],
    ['verify.sms', SMS, (id) => test.service.verify.sms(id, '123456')],
    ['challenge.sms', SMS, (id) => test.service.challenge.sms(id)],
    ['getContact(SMS)', SMS, (id) => test.service.getContact(id, SMS)],
    ['disable(SMS)', SMS, (id) => test.service.disable(id, SMS)],
  ];

  describe('that nobody has begun', () => {
    it.each(uses)('is NOT_SETUP for %s', async (_verb, mechanism, use) => {
      await refused(use(await newUser(test)), 'NOT_SETUP', { status: 404 });
      // A user with other methods, too.
      const { id } = await withTotp(test);
      if (mechanism !== TOTP) await refused(use(id), 'NOT_SETUP');
    });

    it('is NOT_SETUP for complete.*, verify.otp, verify.backupCode, generateNewBackupCodes, remove, rename and unlock', async () => {
      const id = await newUser(test);
      const { service } = test;
      await refused(service.complete.totp(id, '123456'), 'NOT_SETUP');
      await refused(service.complete.email(id, '123456'), 'NOT_SETUP');
      await refused(service.complete.sms(id, '123456'), 'NOT_SETUP');
      await refused(service.verify.otp(id, '123456'), 'NOT_SETUP');
      await refused(service.verify.backupCode(id, '0123456789ABC'), 'NOT_SETUP');
      await refused(service.generateNewBackupCodes(id), 'NOT_SETUP');
      await refused(service.remove(id, 'unknown'), 'NOT_SETUP');
      await refused(service.rename(id, 'unknown', 'label'), 'NOT_SETUP');
      await refused(service.unlock(id), 'NOT_SETUP');
    });

    it('is asked about without an error', async () => {
      const id = await newUser(test);
      expect(await test.service.isEnabled(id)).toBe(false);
      expect(await test.service.getEnabledMethods(id)).toEqual([]);
      expect(await test.service.list(id)).toEqual([]);
      expect(await test.service.remainingBackupCodes(id)).toBe(0);
    });

    it('cannot be begun for a user whom the app does not know', async () => {
      await refused(test.service.setup.totp('999999'), 'NOT_SETUP');
      await refused(test.service.setup.totp('999999', false), 'NOT_SETUP');
      await refused(test.service.setup.email('999999', 'a@b.co', false), 'NOT_SETUP');
      await refused(test.service.setup.sms('999999', '+15551234567', false), 'NOT_SETUP');
    });
  });

  describe('that is begun and not confirmed', () => {
    it.each(uses)('is SETUP_INCOMPLETE for %s', async (_verb, mechanism, use) => {
      const id = await newUser(test);
      await begin[mechanism](id);
      await refused(use(id), 'SETUP_INCOMPLETE', { status: 409 });
      expect(await test.service.isEnabled(id)).toBe(false);
    });

    it.each(uses)('is NOT_SETUP again for %s once its fifteen minutes are over', async (_verb, mechanism, use) => {
      const id = await newUser(test);
      await begin[mechanism](id);
      test.clock.advance('15m');
      await refused(use(id), 'NOT_SETUP');
    });

    it.each([TOTP, EMAIL, SMS])(
      'is begun anew by setup: what was begun before is dead (mechanism %i)',
      async (mechanism) => {
        const id = await newUser(test);
        const first = (await begin[mechanism](id)) as { secret?: string; otpValue?: string };
        const second = (await begin[mechanism](id)) as { secret?: string; otpValue?: string };
        const complete = test.service.complete[mechanism === TOTP ? 'totp' : mechanism === EMAIL ? 'email' : 'sms'];
        const [dead, live] =
          mechanism === TOTP
            ? [test.totp(first.secret!), test.totp(second.secret!)]
            : [first.otpValue!, second.otpValue!];
        if (dead !== live) await refused(complete(id, dead), 'INVALID_CODE');
        await complete(id, live);
        expect(await test.service.getEnabledMethods(id)).toEqual([mechanism]);
        expect(await test.service.list(id)).toHaveLength(1);
      },
    );

    it('is confirmed within fifteen minutes', async () => {
      const id = await newUser(test);
      const { secret } = await test.service.setup.totp(id);
      test.clock.advance(899_999);
      await test.service.complete.totp(id, test.totp(secret));
      const other = await newUser(test);
      const late = await test.service.setup.totp(other);
      test.clock.advance(900_000);
      await refused(test.service.complete.totp(other, test.totp(late.secret)), 'NOT_SETUP');
    });

    it('is confirmed once, however many requests bring its code at once', async () => {
      const id = await newUser(test);
      const { secret } = await test.service.setup.totp(id);
      const results = await Promise.allSettled(
        Array.from({ length: 10 }, () => test.service.complete.totp(id, test.totp(secret))),
      );
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(await test.service.list(id)).toHaveLength(1);
      expect(await test.service.remainingBackupCodes(id)).toBe(2);
    });
  });

  describe('that is enabled', () => {
    it.each([TOTP, EMAIL, SMS])(
      'is ALREADY_ENABLED for setup of the same, with and without a code (mechanism %i)',
      async (mechanism) => {
        const id = await newUser(test);
        await enable[mechanism](id);
        await refused(begin[mechanism](id), 'ALREADY_ENABLED', { status: 409 });
        await refused(enable[mechanism](id), 'ALREADY_ENABLED');
        expect(await test.service.list(id)).toHaveLength(1);
      },
    );

    it('is the same in another spelling', async () => {
      const id = await newUser(test);
      await test.service.setup.email(id, 'Other@example.net', false);
      await refused(test.service.setup.email(id, ' oTHER@EXAMPLE.NET '), 'ALREADY_ENABLED');
      await test.service.setup.sms(id, '+15551234567', false);
      await refused(test.service.setup.sms(id, '+1 555-123-4567'), 'ALREADY_ENABLED');
      await test.service.setup.totp(id, false, { label: 'Phone' });
      await refused(test.service.setup.totp(id, true, { label: ' Phone ' }), 'ALREADY_ENABLED');
    });

    it('is NOT_SETUP for complete: there is nothing to confirm', async () => {
      const { id, secret } = await withTotp(test);
      await refused(test.service.complete.totp(id, test.totp(secret)), 'NOT_SETUP');
    });

    it("is another user's as well: a contact may serve two accounts", async () => {
      const [one, other] = [await newUser(test), await newUser(test)];
      for (const id of [one, other]) await test.service.setup.email(id, 'shared@example.net', false);
      expect(await test.service.emailEnabled(other)).toBe(true);
    });

    it('is enabled once, however many requests enable it at once', async () => {
      const id = await newUser(test);
      await test.service.setup.totp(id, true, { label: 'makes the account', qr: 'svg' });
      const results = await Promise.allSettled(
        Array.from({ length: 6 }, () => test.service.setup.totp(id, false, { qr: 'svg' })),
      );
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const result of results)
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'ALREADY_ENABLED' });
      expect(await test.service.list(id)).toHaveLength(1);
    });
  });

  describe('with values of the wrong type', () => {
    it.each([0, 5, '1', null, undefined, {}, [1], 1.5])('is INVALID_INPUT for the mechanism %j', async (given) => {
      const { id } = await withTotp(test);
      await refused(test.service.disable(id, given as TwoFactorMechanism), 'INVALID_INPUT', { field: 'mechanism' });
      await refused(test.service.getContact(id, given as TwoFactorMechanism), 'INVALID_INPUT', { field: 'mechanism' });
    });

    it('is INVALID_INPUT for getContact(TOTP): it has none', async () => {
      const { id } = await withTotp(test);
      await refused(test.service.getContact(id, TOTP), 'INVALID_INPUT');
    });

    it.each(['', '   ', 'x'.repeat(65), 'line\nbreak', 7, {}])('is INVALID_INPUT for the label %j', async (given) => {
      const id = await newUser(test);
      const label = given as string;
      await refused(test.service.setup.totp(id, true, { label }), 'INVALID_INPUT', { field: 'label' });
      await test.service.setup.totp(id, false);
      const [{ id: authenticator } = { id: '' }] = await test.service.list(id);
      await refused(test.service.rename(id, authenticator, label), 'INVALID_INPUT', { field: 'label' });
    });

    it.each(['', '12345', '1234567', 'abcdef', 123456, null])(
      'is INVALID_INPUT for the code %j, which costs nothing',
      async (given) => {
        const { id, secret } = await withTotp(test);
        const setup = await test.service.setup.email(id, `other${id}@example.net`);
        for (let tries = 0; tries < 6; tries += 1) {
          await refused(test.service.verify.totp(id, given as string), 'INVALID_INPUT', { field: 'code' });
          await refused(test.service.verify.backupCode(id, given as string), 'INVALID_INPUT');
          await refused(test.service.complete.email(id, given as string), 'INVALID_INPUT');
        }
        await test.service.verify.totp(id, test.totp(secret));
        await refused(test.service.complete.email(id, otherThan(setup.otpValue!)), 'INVALID_CODE');
      },
    );
  });
});
