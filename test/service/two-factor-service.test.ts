import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TwoFactorMechanism } from 'passport-two-factor';
import type { TestApp } from '../support/app.js';
import { databases } from '../support/databases.js';
import { newUser, open, otherThan, phoneOf, refused, withTotp } from './support.js';

const { TOTP, EMAIL, SMS } = TwoFactorMechanism;

describe.each(databases)('the service, by user id, on $name', (database) => {
  let test: TestApp;

  beforeAll(async () => {
    test = await open(database);
  });
  afterAll(() => test.close());

  describe('a TOTP', () => {
    it('is set up, confirmed with a code and verified', async () => {
      const { service } = test;
      const id = await newUser(test);
      const { secret, uri, qrCode, backupCodes } = await service.setup.totp(id);
      expect(secret).toMatch(/^[A-Z2-7]{32}$/);
      expect(uri).toBe(
        `otpauth://totp/MyApp:user${id}%40example.com?secret=${secret}&issuer=MyApp&algorithm=SHA1&digits=6&period=30`,
      );
      expect(qrCode).toMatch(/^data:image\/png;base64,/);
      expect(backupCodes).toBeUndefined();
      expect(await service.isEnabled(id)).toBe(false);

      const codes = await service.complete.totp(id, test.totp(secret));
      expect(codes).toHaveLength(2);
      for (const code of codes) expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{13}$/);
      expect(await service.isEnabled(id)).toBe(true);
      expect(await service.totpEnabled(id)).toBe(true);
      expect(await service.emailEnabled(id)).toBe(false);
      expect(await service.smsEnabled(id)).toBe(false);
      expect(await service.getTotpUri(id)).toBe(uri);
      expect(await service.remainingBackupCodes(id)).toBe(2);

      await refused(service.verify.totp(id, test.totp(secret)), 'INVALID_CODE');
      test.clock.advance('30s');
      await expect(service.verify.totp(id, test.totp(secret))).resolves.toBeUndefined();
      await refused(service.verify.totp(id, test.totp(secret)), 'INVALID_CODE');
    });

    it('is enabled at once where no code is asked for, with backup codes', async () => {
      const { id, secret, backupCodes } = await withTotp(test);
      expect(backupCodes).toHaveLength(2);
      expect(await test.service.getEnabledMethods(id)).toEqual([TOTP]);
      await test.service.verify.totp(id, test.totp(secret));
    });

    it('is shown as SVG where that is asked for', async () => {
      const id = await newUser(test);
      const { qrCode } = await test.service.setup.totp(id, true, { qr: 'svg' });
      expect(qrCode).toMatch(/^<svg /);
      for (const qr of ['gif', '', 1, {}] as never[])
        await refused(test.service.setup.totp(id, true, { qr }), 'INVALID_INPUT', { field: 'qr' });
    });

    it('takes codes with the spaces and dashes that apps show', async () => {
      const { id, secret } = await withTotp(test);
      const code = test.totp(secret);
      await test.service.verify.totp(id, ` ${code.slice(0, 3)} ${code.slice(3)}-`);
    });

    it.each([
      [-2, false],
      [-1, true],
      [0, true],
      [1, true],
      [2, false],
    ])('takes a code of %i steps: %s', async (steps, accepted) => {
      const { id, secret } = await withTotp(test);
      const verdict = test.service.verify.totp(id, test.totp(secret, steps));
      if (accepted) await verdict;
      else await refused(verdict, 'INVALID_CODE');
    });

    it('is imported from a secret that the app of the user has already', async () => {
      const id = await newUser(test);
      await test.service.importTotp(id, 'gezd gnbv gy3t qojq-gezd gnbv gy3t qojq');
      expect(await test.service.getEnabledMethods(id)).toEqual([TOTP]);
      expect(await test.service.getTotpUri(id)).toContain('secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&');
      await test.service.verify.totp(id, test.totp('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'));
      await refused(test.service.importTotp(id, 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'), 'ALREADY_ENABLED');
    });

    it.each(['', 'GEZDGNBVGY3TQOJQ', 'GEZDGNBVGY3TQOJQGEZDGNBV1', 'not base32!', 7, null, undefined])(
      'is not imported from %j',
      async (secret) => {
        const id = await newUser(test);
        await refused(test.service.importTotp(id, secret as string), 'INVALID_INPUT', { field: 'secret' });
        expect(await test.service.isEnabled(id)).toBe(false);
      },
    );
  });

  describe('an e-mail address', () => {
    it('is enabled also for an account whose own address cannot be one, and vouches for nothing', async () => {
      const id = await newUser(test, 'root@localhost');
      await refused(test.service.setup.email(id), 'INVALID_INPUT', { field: 'address' });
      const setup = await test.service.setup.email(id, 'alternate@example.com');
      expect(setup.verified).toBe(false);
      await test.service.complete.email(id, setup.otpValue!);
      expect(await test.service.getContact(id, EMAIL)).toBe('alternate@example.com');
    });

    it('of the account itself is enabled at once, without backup codes', async () => {
      const id = await newUser(test);
      expect(await test.service.setup.email(id)).toEqual({ maskedContact: 'u***@example.com', verified: true });
      expect(await test.service.emailEnabled(id)).toBe(true);
      expect(await test.service.remainingBackupCodes(id)).toBe(0);
      expect(await test.service.getContact(id, EMAIL)).toBe(`user${id}@example.com`);
    });

    it('of the account itself is confirmed with a code where that is asked for', async () => {
      const id = await newUser(test);
      const setup = await test.service.setup.email(id, `USER${id}@Example.com`, true);
      expect(setup).toEqual({ maskedContact: 'U***@example.com', verified: false });
      expect(await test.service.emailEnabled(id)).toBe(false);
      expect(await test.service.complete.email(id, setup.otpValue!)).toHaveLength(2);
      expect(await test.service.emailEnabled(id)).toBe(true);
    });

    it('that is another one is confirmed with the code that was sent to it', async () => {
      const id = await newUser(test);
      const setup = await test.service.setup.email(id, 'Jane.Doe@EXAMPLE.net');
      expect(setup.contact).toBe('Jane.Doe@example.net');
      expect(setup.otpValue).toMatch(/^\d{6}$/);
      expect(Object.keys(setup)).toEqual(['maskedContact', 'verified']);
      await refused(test.service.complete.email(id, otherThan(setup.otpValue!)), 'INVALID_CODE');
      await test.service.complete.email(id, setup.otpValue!);
      expect(await test.service.getContact(id, EMAIL)).toBe('Jane.Doe@example.net');
    });

    it.each(['', 'nobody', 'a@', '@b.de', 'a@b', 'a b@c.de', `${'a'.repeat(250)}@b.de`, 7, {}, ['a@b.de']])(
      '%j is none',
      async (address) => {
        const id = await newUser(test);
        for (const verify of [undefined, true, false]) {
          await refused(test.service.setup.email(id, address as string, verify), 'INVALID_INPUT', { field: 'address' });
        }
        expect(await test.service.emailEnabled(id)).toBe(false);
      },
    );
  });

  describe('a phone', () => {
    it('is confirmed with the code that was sent to it', async () => {
      const id = await newUser(test);
      const setup = await test.service.setup.sms(id, '+1 (555) 123-4567');
      expect(setup).toEqual({ maskedContact: '+1•••••••67', verified: false });
      expect(setup.contact).toBe('+15551234567');
      await test.service.complete.sms(id, setup.otpValue!);
      expect(await test.service.smsEnabled(id)).toBe(true);
      expect(await test.service.getContact(id, SMS)).toBe('+15551234567');
    });

    it.each(['', '5551234567', '+1', 'phone', '+1555123456789012345', 15551234567, undefined, null])(
      '%j is none',
      async (phone) => {
        const id = await newUser(test);
        await refused(test.service.setup.sms(id, phone as string), 'INVALID_INPUT', { field: 'phone' });
      },
    );
  });

  describe('a delivered code', () => {
    it('is sent by challenge.* and verified once', async () => {
      const id = await newUser(test);
      await test.service.setup.email(id);
      const sent = await test.service.challenge.email(id);
      expect(sent).toMatchObject({ maskedContact: 'u***@example.com', expiresAt: test.clock.now + 300_000 });
      expect(sent.contact).toBe(`user${id}@example.com`);
      expect(Object.keys(JSON.parse(JSON.stringify(sent)) as object)).toEqual([
        'maskedContact',
        'expiresAt',
        'resendAfter',
      ]);
      await refused(test.service.verify.sms(id, sent.otpValue!), 'NOT_SETUP');
      await test.service.verify.email(id, sent.otpValue!);
      await refused(test.service.verify.email(id, sent.otpValue!), 'INVALID_CODE');
    });

    it('by SMS is verified once, too, and lives on where another method was used', async () => {
      const { id, secret } = await withTotp(test);
      await test.service.setup.sms(id, phoneOf(id), false);
      const { otpValue } = await test.service.challenge.sms(id);
      await test.service.verify.totp(id, test.totp(secret));
      await test.service.verify.sms(id, otpValue!);
      await refused(test.service.verify.sms(id, otpValue!), 'INVALID_CODE');
    });

    it('is recognised by verify.otp, by e-mail or SMS', async () => {
      const id = await newUser(test);
      await test.service.setup.email(id);
      await test.service.setup.sms(id, '+15551234567', false);
      await test.service.verify.otp(id, (await test.service.challenge.email(id)).otpValue!);
      await test.service.verify.otp(id, (await test.service.challenge.sms(id)).otpValue!);
    });

    it('is replaced by the next one', async () => {
      const id = await newUser(test);
      await test.service.setup.email(id);
      const first = (await test.service.challenge.email(id)).otpValue!;
      const second = (await test.service.challenge.email(id)).otpValue!;
      if (first !== second) await refused(test.service.verify.email(id, first), 'INVALID_CODE');
      await test.service.verify.email(id, second);
    });

    it('lives for five minutes', async () => {
      const id = await newUser(test);
      await test.service.setup.email(id);
      const late = (await test.service.challenge.email(id)).otpValue!;
      test.clock.advance(300_000);
      await refused(test.service.verify.email(id, late), 'INVALID_CODE');
      const intime = (await test.service.challenge.email(id)).otpValue!;
      test.clock.advance(299_999);
      await test.service.verify.email(id, intime);
    });

    it('is worth nothing for another user', async () => {
      const [id, other] = [await newUser(test), await newUser(test)];
      for (const user of [id, other]) await test.service.setup.email(user);
      const [code, others] = [
        (await test.service.challenge.email(id)).otpValue!,
        (await test.service.challenge.email(other)).otpValue!,
      ];
      if (code !== others) await refused(test.service.verify.email(other, code), 'INVALID_CODE');
    });
  });

  describe('backup codes', () => {
    it('are each good once, in any case and spacing', async () => {
      const {
        id,
        backupCodes: [one, two],
      } = await withTotp(test);
      await test.service.verify.backupCode(id, ` ${one!.toLowerCase().replace(/(.{4})/g, '$1-')}`);
      expect(await test.service.remainingBackupCodes(id)).toBe(1);
      await refused(test.service.verify.backupCode(id, one!), 'INVALID_BACKUP_CODE');
      await test.service.verify.backupCode(id, two!);
      expect(await test.service.remainingBackupCodes(id)).toBe(0);
    });

    it('die when there is a new set', async () => {
      const {
        id,
        backupCodes: [one],
      } = await withTotp(test);
      const fresh = await test.service.generateNewBackupCodes(id);
      expect(fresh).toHaveLength(2);
      await refused(test.service.verify.backupCode(id, one!), 'INVALID_BACKUP_CODE');
      await test.service.verify.backupCode(id, fresh[0]!);
      expect(await test.service.remainingBackupCodes(id)).toBe(1);
    });

    it('are given once: a second method gives no second set', async () => {
      const {
        id,
        backupCodes: [one],
      } = await withTotp(test);
      const setup = await test.service.setup.email(id, `other${id}@example.net`);
      expect(await test.service.complete.email(id, setup.otpValue!)).toEqual([]);
      expect((await test.service.setup.totp(id, false, { label: 'second' })).backupCodes).toEqual([]);
      await test.service.verify.backupCode(id, one!);
    });

    it('go with the last factor', async () => {
      const {
        id,
        backupCodes: [one],
      } = await withTotp(test);
      await test.service.setup.email(id);
      await test.service.disable(id, TOTP);
      expect(await test.service.remainingBackupCodes(id)).toBe(2);
      await test.service.disable(id, EMAIL);
      expect(await test.service.remainingBackupCodes(id)).toBe(0);
      await refused(test.service.verify.backupCode(id, one!), 'NOT_SETUP');
      const left = await test.db
        .createQueryBuilder()
        .select('code')
        .from('TwoFactorBackupCode', 'code')
        .innerJoin('TwoFactorAccount', 'account', 'account.user_key = code.user_key')
        .where('account.user_id = :id', { id })
        .getCount();
      expect(left).toBe(0);
    });

    it.each([
      ['an authenticator app', (id: string) => test.service.setup.totp(id, false), 2],
      ['an address', (id: string) => test.service.setup.email(id), 0],
    ] as const)(
      'do not come back with %s where a removal by version 0.1 was cut short',
      async (_factor, enroll, fresh) => {
        const {
          id,
          backupCodes: [one],
        } = await withTotp(test);
        // The factor is deleted, the account does not know it yet.
        await test.db
          .createQueryBuilder()
          .delete()
          .from('TwoFactorAuthenticator')
          .where('user_id = :id', { id })
          .execute();
        expect(await test.service.isEnabled(id)).toBe(false);
        await enroll(id);
        expect(await test.service.remainingBackupCodes(id)).toBe(fresh);
        await refused(test.service.verify.backupCode(id, one!), fresh === 0 ? 'NOT_SETUP' : 'INVALID_BACKUP_CODE');
      },
    );
  });

  it("forgets nobody's methods but those that are named", async () => {
    const [one, other] = [await withTotp(test), await withTotp(test)];
    await test.service.setup.email(one.id);
    await test.service.setup.email(other.id);
    await test.service.disable(one.id, TOTP);
    expect(await test.service.getEnabledMethods(one.id)).toEqual([EMAIL]);
    expect(await test.service.getEnabledMethods(other.id)).toEqual([TOTP, EMAIL]);
  });

  it('takes an id of 191 characters, whatever they are', async () => {
    expect(await test.service.getEnabledMethods('\u{1f511}'.repeat(191))).toEqual([]);
  });

  it.each([undefined, null, '', 'undefined', 'null', 'NaN', '[object Object]', 7, {}, '1'.repeat(192)])(
    'takes no user id such as %j',
    async (given) => {
      const id = given as string;
      const { service } = test;
      const verbs = [
        () => service.setup.totp(id),
        () => service.setup.email(id),
        () => service.setup.sms(id, '+15551234567'),
        () => service.complete.totp(id, '123456'),
        () => service.verify.totp(id, '123456'),
        () => service.challenge.email(id),
        () => service.isEnabled(id),
        () => service.getEnabledMethods(id),
        () => service.disable(id, TOTP),
        () => service.generateNewBackupCodes(id),
        () => service.getContact(id, EMAIL),
        () => service.getTotpUri(id),
        () => service.list(id),
        () => service.remove(id, 'x'),
        () => service.rename(id, 'x', 'y'),
        () => service.remainingBackupCodes(id),
        () => service.unlock(id),
      ];
      // Async, so that a synchronous throw is a refusal like any other.
      for (const verb of verbs)
        await expect((async () => verb())()).rejects.toThrow(
          /The id of a user must be a string of 1 to 191 characters/,
        );
    },
  );
});
