import { randomBytes } from 'node:crypto';
import speakeasy from 'speakeasy';
import { IsNull, Not } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TwoFactorMechanism, type TwoFactorService } from 'passport-two-factor';
import { encodeBase32 } from '../../lib/core/provisioning.js';
import { defaultTotpParameters, timeStep, totpAt } from '../../lib/core/totp.js';
import { blocksIn } from './markdown.js';
import { GuideApp } from './running.js';

const file = 'docs/moving.md';

interface Script {
  toBase32: (bytes: Buffer) => string;
  move: (service: TwoFactorService, users: unknown) => Promise<number[]>;
}

describe("moving from a column of one's own, as docs/moving.md tells it", () => {
  let guide: GuideApp;
  let script: Script;

  beforeEach(async () => {
    guide = await GuideApp.open();
    script = await guide.run<Script>(blocksIn(file, '## The script')[0], { Not, IsNull });
  });
  afterEach(() => guide.close());

  const stored = async (): Promise<(string | null)[]> =>
    (await guide.db.query<{ totpSecret: string | null }[]>('SELECT "totpSecret" FROM app_users ORDER BY id')).map(
      ({ totpSecret }) => totpSecret,
    );
  const move = (): Promise<number[]> => script.move(guide.service, guide.globals.users);

  it('moves what it can, says whom it cannot, and can be run again', async () => {
    const long = encodeBase32(randomBytes(20));
    await guide.user(1, { totpSecret: long });
    await guide.user(2, { totpSecret: 'KVKFKRCPNZQUYMLX' });
    await guide.user(3);
    expect(await move()).toEqual([2]);
    expect(await stored()).toEqual([null, 'KVKFKRCPNZQUYMLX', null]);
    await guide.service.verify.totp('1', guide.code(long));
    expect(await guide.service.getTotpUri('1')).toContain(`secret=${long}`);
    expect([await guide.service.isEnabled('2'), await guide.service.isEnabled('3')]).toEqual([false, false]);
    expect(await move()).toEqual([2]);
  });

  it('goes on where it was interrupted, and does not bring back what a user has removed', async () => {
    const secret = encodeBase32(randomBytes(20));
    const user = await guide.user(1, { totpSecret: secret });
    await guide.service.importTotp('1', secret); // and then the power went
    expect(await move()).toEqual([]);
    expect(await stored()).toEqual([null]);
    await guide.service.disable(String(user.id), TwoFactorMechanism.TOTP);
    expect(await move()).toEqual([]);
    expect(await guide.service.isEnabled('1')).toBe(false);
  });

  it('does not take a database that is down for a secret that is wrong', async () => {
    await guide.user(1, { totpSecret: encodeBase32(randomBytes(20)) });
    await guide.db.query('DROP TABLE two_factor_authenticators');
    await expect(move()).rejects.toThrow();
    expect(await stored()).not.toEqual([null]);
  });

  it('reads the forms in which speakeasy and otplib keep their secrets', async () => {
    const { ascii, hex, base32 } = speakeasy.generateSecret();
    expect(script.toBase32(Buffer.from(ascii, 'latin1'))).toBe(base32);
    expect(script.toBase32(Buffer.from(hex, 'hex'))).toBe(base32);
    expect(script.toBase32(Buffer.from(Buffer.from(ascii).toString('base64'), 'base64'))).toBe(base32);
    await guide.user(1, { totpSecret: base32 });
    expect(await move()).toEqual([]);
    // As the user's app does, which had it from speakeasy.
    const token = speakeasy.totp({ secret: base32, encoding: 'base32', time: guide.clock.now() / 1000 });
    await guide.service.verify.totp('1', token);
  });

  it('draws the line where the document does: 16 bytes, and codes of SHA-1 with 6 digits', async () => {
    await guide.service.importTotp('1', encodeBase32(randomBytes(16)));
    await expect(guide.service.importTotp('2', encodeBase32(randomBytes(15)))).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
    expect(encodeBase32(randomBytes(16))).toHaveLength(26);
    const secret = randomBytes(20);
    await guide.service.importTotp('3', encodeBase32(secret));
    const other = totpAt(secret, timeStep(guide.clock.now(), 30), { ...defaultTotpParameters, algorithm: 'sha256' });
    await expect(guide.service.verify.totp('3', other)).rejects.toMatchObject({ code: 'INVALID_CODE' });
    const eight = totpAt(secret, timeStep(guide.clock.now(), 30), { ...defaultTotpParameters, digits: 8 });
    await expect(guide.service.verify.totp('3', eight)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });

  it('offers backup codes to who has none, and makes them', async () => {
    const secret = encodeBase32(randomBytes(20));
    const user = await guide.user(1);
    await guide.service.importTotp('1', secret);
    guide.login();
    await guide.run(blocksIn(file, '## Backup codes')[0]);
    guide.errors();
    const agent = await guide.loggedIn(user, secret);
    await agent.get('/account/2fa').expect(200, { offerBackupCodes: true });
    const { body } = await agent.post('/account/2fa/backup-codes').expect(200);
    expect(body.backupCodes).toHaveLength(10);
    await agent.get('/account/2fa').expect(200, { offerBackupCodes: false });
  });

  it('takes contacts over as verified, once', async () => {
    await guide.user(1);
    const { moveContacts } = await guide.run<{ moveContacts: (rows: object[]) => Promise<void> }>(
      blocksIn(file, '## Addresses and numbers')[0],
    );
    const rows = [{ userId: 1, email: 'other@example.com', phone: '+15550000001' }];
    await moveContacts(rows);
    await moveContacts(rows);
    expect((await guide.service.list('1')).map(({ maskedContact }) => maskedContact)).toEqual([
      'o***@example.com',
      '+1•••••••01',
    ]);
    await expect(moveContacts([{ userId: 1, phone: 'none' }])).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });

  it('holds those that stay to a new enrollment, which empties their column', async () => {
    guide.login();
    const user = await guide.user(1, { totpSecret: 'KVKFKRCPNZQUYMLX' });
    await guide.user(2);
    await guide.run(
      blocksIn(file, '## Those that stay')[0],
      {},
      {
        'passport-two-factor': {
          ...(await import('passport-two-factor')),
          TwoFactorService: guide.globals.TwoFactorService,
        },
      },
    );
    guide.app.get('/home', (_req, res) => {
      res.json({ home: true });
    });
    const [service] = guide.made;
    const agent = await guide.loggedIn(user);
    await agent.get('/home').expect(302).expect('Location', '/2fa/add');
    await (await guide.loggedIn({ ...user, id: 2, email: 'user2@example.com' })).get('/home').expect(200);
    const { secret } = await service!.setup.totp('1');
    await service!.complete.totp('1', guide.code(secret));
    await expect.poll(stored).toEqual([null, null]);
    await agent.get('/home').expect(200);
  });
});
