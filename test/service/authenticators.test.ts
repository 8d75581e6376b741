import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TwoFactorMechanism, type Authenticator } from 'passport-two-factor';
import type { TestApp } from '../support/app.js';
import { databases } from '../support/databases.js';
import { sha256 } from '../../lib/core/keyring.js';
import { authenticator as row } from '../store/fixtures.js';
import { authenticators, newUser, open, otherThan, refused, withTotp } from './support.js';

const { TOTP, EMAIL, SMS } = TwoFactorMechanism;

describe.each(databases)('several authenticators of a user, on $name', (database) => {
  let test: TestApp;

  beforeAll(async () => {
    test = await open(database);
  });
  afterAll(() => test.close());

  /** Two apps and two addresses. */
  async function withSeveral() {
    const { id, secret: phone, backupCodes } = await withTotp(test);
    const { secret: tablet } = await test.service.setup.totp(id, false, { label: 'Tablet' });
    await test.service.setup.email(id);
    await test.service.setup.email(id, 'second@example.net', false);
    const list = await test.service.list(id);
    return {
      id,
      phone,
      tablet,
      backupCodes,
      list,
      labeled: (label: string): Authenticator => list.find((one) => one.label === label)!,
    };
  }

  it('are listed, oldest first, masked, with when they were last used', async () => {
    const { id, tablet, list } = await withSeveral();
    expect(list).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
        mechanism: TOTP,
        label: 'default',
        createdAt: expect.any(Number) as number,
        lastUsedAt: 0,
      },
      {
        id: expect.any(String) as string,
        mechanism: TOTP,
        label: 'Tablet',
        createdAt: expect.any(Number) as number,
        lastUsedAt: 0,
      },
      {
        id: expect.any(String) as string,
        mechanism: EMAIL,
        label: 'u***@example.com',
        maskedContact: 'u***@example.com',
        createdAt: expect.any(Number) as number,
        lastUsedAt: 0,
      },
      {
        id: expect.any(String) as string,
        mechanism: EMAIL,
        label: 's***@example.net',
        maskedContact: 's***@example.net',
        createdAt: expect.any(Number) as number,
        lastUsedAt: 0,
      },
    ]);
    const times = list.map(({ createdAt }) => createdAt);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(await test.service.getEnabledMethods(id)).toEqual([TOTP, EMAIL]);

    test.clock.advance('1h');
    await test.service.verify.totp(id, test.totp(tablet));
    expect((await test.service.list(id)).map(({ lastUsedAt }) => lastUsedAt)).toEqual([0, test.clock.now, 0, 0]);
  });

  it('of one mechanism each have codes that are good', async () => {
    const { id, phone, tablet } = await withSeveral();
    await test.service.verify.totp(id, test.totp(phone));
    test.clock.advance('30s');
    await test.service.verify.totp(id, test.totp(tablet));
  });

  it("share the steps that are spent: one app's code is no second chance for another's", async () => {
    const { id, phone, tablet } = await withSeveral();
    await test.service.verify.totp(id, test.totp(phone, 1));
    await refused(test.service.verify.totp(id, test.totp(tablet, 1)), 'INVALID_CODE');
    await refused(test.service.verify.totp(id, test.totp(tablet)), 'INVALID_CODE');
    test.clock.advance('60s');
    await test.service.verify.totp(id, test.totp(tablet));
  });

  it('that were confirmed do not spend the steps of the others', async () => {
    const { id, secret } = await withTotp(test);
    const second = await test.service.setup.totp(id, true, { label: 'second', qr: 'svg' });
    await test.service.complete.totp(id, test.totp(second.secret));
    await refused(test.service.verify.totp(id, test.totp(second.secret)), 'INVALID_CODE');
    await test.service.verify.totp(id, test.totp(secret));
  });

  it('are written to by the newest contact', async () => {
    const { id } = await withSeveral();
    expect(await test.service.getContact(id, EMAIL)).toBe('second@example.net');
    expect((await test.service.challenge.email(id)).contact).toBe('second@example.net');
    const newest = await test.service.setup.totp(id, false, { label: 'Newest' });
    expect(await test.service.getTotpUri(id)).toBe(newest.uri);
  });

  it('are confirmed newest first: the label that was begun last', async () => {
    const id = await newUser(test);
    const first = await test.service.setup.totp(id, true, { label: 'first', qr: 'svg' });
    const second = await test.service.setup.totp(id, true, { label: 'second', qr: 'svg' });
    await refused(test.service.complete.totp(id, test.totp(first.secret)), 'INVALID_CODE');
    await test.service.complete.totp(id, test.totp(second.secret));
    expect((await test.service.list(id)).map(({ label }) => label)).toEqual(['second']);
    // The change of factors has ended what else was begun.
    await refused(test.service.complete.totp(id, test.totp(first.secret)), 'NOT_SETUP');
  });

  it('are removed one by one', async () => {
    const { id, phone, tablet, list, labeled } = await withSeveral();
    await test.service.remove(id, labeled('Tablet').id);
    await refused(test.service.verify.totp(id, test.totp(tablet)), 'INVALID_CODE');
    await test.service.verify.totp(id, test.totp(phone));
    await test.service.remove(id, labeled('s***@example.net').id);
    expect(await test.service.getContact(id, EMAIL)).toBe(`user${id}@example.com`);
    await refused(test.service.remove(id, labeled('Tablet').id), 'NOT_SETUP');
    expect(await test.service.remainingBackupCodes(id)).toBe(2);
    for (const { id: rest } of await test.service.list(id)) await test.service.remove(id, rest);
    expect(await test.service.isEnabled(id)).toBe(false);
    expect(await test.service.remainingBackupCodes(id)).toBe(0);
    expect(list).toHaveLength(4);
  });

  it('are disabled together, by mechanism', async () => {
    const { id } = await withSeveral();
    await test.service.disable(id, TOTP);
    expect(await test.service.getEnabledMethods(id)).toEqual([EMAIL]);
    await test.service.disable(id, EMAIL);
    expect(await test.service.list(id)).toEqual([]);
  });

  it('are renamed, and another may take the name', async () => {
    const { id, tablet, labeled } = await withSeveral();
    await test.service.rename(id, labeled('Tablet').id, '  Küche  ');
    expect((await test.service.list(id)).map(({ label }) => label)).toContain('Küche');
    await refused(test.service.rename(id, labeled('default').id, 'Küche'), 'ALREADY_ENABLED');
    await test.service.rename(id, labeled('default').id, 'Tablet');
    await refused(test.service.setup.totp(id, true, { label: 'Tablet' }), 'ALREADY_ENABLED');
    await test.service.setup.totp(id, true, { label: 'default', qr: 'svg' });
    await test.service.verify.totp(id, test.totp(tablet));
  });

  it('are not both renamed to one label, though both requests ask at once', async () => {
    const { id, labeled } = await withSeveral();
    const both = [labeled('default'), labeled('Tablet')].map((one) => test.service.rename(id, one.id, 'same'));
    const results = await Promise.allSettled(both);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'ALREADY_ENABLED' });
    expect((await test.service.list(id)).filter(({ label }) => label === 'same')).toHaveLength(1);
  });

  it('take a label that a request has left behind which was cut off', async () => {
    const { id, labeled } = await withSeveral();
    const [{ userKey }] = (await authenticators(test, id)) as [{ userKey: string }];
    const leftBehind = (label: string) => row(userKey, { userId: id, label, handle: sha256(label), provisional: 1 });
    await test.db.getRepository('TwoFactorAuthenticator').insert([leftBehind('left behind'), leftBehind('another')]);
    expect((await test.service.list(id)).map(({ label }) => label)).not.toContain('left behind');
    await test.service.rename(id, labeled('default').id, 'left behind');
    const { secret } = await test.service.setup.totp(id, false, { label: 'another', qr: 'svg' });
    await test.service.verify.totp(id, test.totp(secret));
    expect(await authenticators(test, id)).toHaveLength(5);
  });

  it('have six digits and steps of thirty seconds, whatever somebody has written into their row', async () => {
    const { id, secret } = await withTotp(test);
    await test.db
      .createQueryBuilder()
      .update('TwoFactorAuthenticator')
      .set({ digits: 1, period: 86_400, algorithm: 'none' })
      .where('user_id = :id', { id })
      .execute();
    for (let digit = 0; digit < 10; digit += 1)
      await refused(test.service.verify.totp(id, String(digit)), 'INVALID_INPUT');
    expect(await test.service.getTotpUri(id)).toMatch(/&algorithm=SHA1&digits=6&period=30$/);
    await test.service.verify.totp(id, test.totp(secret));
    await refused(test.service.verify.totp(id, test.totp(secret)), 'INVALID_CODE');
  });

  it('keep their address when they are renamed', async () => {
    const { id, labeled } = await withSeveral();
    await test.service.rename(id, labeled('s***@example.net').id, 'Work');
    expect((await test.service.list(id)).at(-1)).toMatchObject({ label: 'Work', maskedContact: 's***@example.net' });
    expect(await test.service.getContact(id, EMAIL)).toBe('second@example.net');
    await refused(test.service.setup.email(id, 'second@example.net'), 'ALREADY_ENABLED');
  });

  it('are not touched by another user, whatever the id', async () => {
    const { id, list } = await withSeveral();
    const { id: other } = await withTotp(test);
    for (const { id: authenticator } of list) {
      await refused(test.service.remove(other, authenticator), 'NOT_SETUP');
      await refused(test.service.rename(other, authenticator, 'mine'), 'NOT_SETUP');
    }
    expect(await test.service.list(id)).toEqual(list);
  });

  it('of a delivered method serve the code that was sent to them, also when a newer contact was added since', async () => {
    const id = await newUser(test);
    await test.service.setup.sms(id, '+15551234567', false);
    const { otpValue } = await test.service.challenge.sms(id);
    await test.service.setup.sms(id, '+15557654321', false);
    // The change of factors has ended the challenge.
    await refused(test.service.verify.sms(id, otpValue!), 'INVALID_CODE');
    const sent = await test.service.challenge.sms(id);
    expect(sent.contact).toBe('+15557654321');
    await refused(test.service.verify.sms(id, otherThan(sent.otpValue!)), 'INVALID_CODE');
    await test.service.verify.sms(id, sent.otpValue!);
    expect(await test.service.getEnabledMethods(id)).toEqual([SMS]);
  });
});
