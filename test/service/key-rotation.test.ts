import { afterEach, describe, expect, it } from 'vitest';
import { generateKey, SealedDataError, TwoFactorMechanism, type TwoFactorEvent } from 'passport-two-factor';
import type { TestApp } from '../support/app.js';
import { type TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';
import { account, authenticators, newUser, open, otherThan, phoneOf, refused, withTotp } from './support.js';

const { TOTP, EMAIL, SMS } = TwoFactorMechanism;

/** An app's keys change under its users: the same database is opened with other `keys`. */
describe.each(databases)('the rotation of keys on $name', (database) => {
  let before: TestApp;

  afterEach(() => before.close());

  const [k1, k2] = [generateKey('k1'), generateKey('k2')];

  async function start(): Promise<void> {
    before = await open(database, { keys: k1 });
  }

  /** The app after a restart with these keys. */
  const restart = (keys: string): Promise<TestApp> =>
    open(database, { dataSource: before.db, clock: before.clock, keys });

  const userOf = (id: string): TestUser => ({
    id: Number(id),
    email: `user${id}@example.com`,
    password: 'correct horse',
    disabled: 0,
  });

  const keysOf = async (id: string): Promise<string[]> =>
    (await authenticators(before, id)).map(({ sealed }) => String(sealed).split('.')[1]!);

  async function logIn(app: TestApp, id: string, code: () => string, method = 'totp'): Promise<void> {
    const agent = app.agent();
    await app.login(agent, userOf(id)).expect(202);
    await agent.post('/verify-2fa').send({ code: code(), method }).expect(200);
    await agent.get('/me').expect(200);
  }

  async function everything(): Promise<{ id: string; secret: string; backupCodes: string[] }> {
    const enrolled = await withTotp(before);
    await before.service.setup.email(enrolled.id);
    await before.service.setup.sms(enrolled.id, phoneOf(enrolled.id), false);
    return enrolled;
  }

  it('by a key put in front leaves every factor working, and seals each anew when it is next used', async () => {
    await start();
    const { id, secret, backupCodes } = await everything();
    expect(await keysOf(id)).toEqual(['k1', 'k1', 'k1']);
    const after = await restart(`${k2},${k1}`);
    // The halt has opened both contacts.
    await logIn(after, id, () => after.totp(secret));
    expect(await keysOf(id)).toEqual(['k2', 'k2', 'k2']);
    await logIn(after, id, () => after.lastCode('email'), 'email');
    await logIn(after, id, () => after.lastCode('sms'), 'sms');
    await logIn(after, id, () => backupCodes[0]!, 'backupCode');
    expect(await after.service.remainingBackupCodes(id)).toBe(1);
  });

  it('seals a TOTP anew only when its code was right', async () => {
    await start();
    const { id, secret } = await withTotp(before);
    const after = await restart(`${k2},${k1}`);
    await refused(after.service.verify.totp(id, after.wrongTotp(secret)), 'INVALID_CODE');
    expect(await after.service.getTotpUri(id)).toContain(secret);
    expect(await keysOf(id)).toEqual(['k1']);
    await after.service.verify.totp(id, after.totp(secret));
    expect(await keysOf(id)).toEqual(['k2']);
    after.clock.advance('30s');
    await after.service.verify.totp(id, after.totp(secret));
  });

  it('seals a contact anew when it is used, and knows it again', async () => {
    await start();
    const { id } = await everything();
    const after = await restart(`${k2},${k1}`);
    await refused(after.service.setup.email(id), 'ALREADY_ENABLED');
    expect(await after.service.getContact(id, EMAIL)).toBe(`user${id}@example.com`);
    await after.service.challenge.sms(id);
    expect(await keysOf(id)).toEqual(['k1', 'k2', 'k2']);
    await refused(after.service.setup.email(id), 'ALREADY_ENABLED');
    await refused(after.service.setup.sms(id, phoneOf(id)), 'ALREADY_ENABLED');
  });

  it('leaves codes, logins and enrollments working that were under way', async () => {
    await start();
    const { id } = await everything();
    const sent = await before.service.challenge.email(id);
    const fresh = await newUser(before);
    const { secret } = await before.service.setup.totp(fresh);
    const { otpValue } = await before.service.setup.email(fresh, `other${fresh}@example.net`);
    const halt = await before
      .agent()
      .post('/token/login')
      .send({ email: userOf(id).email, password: 'correct horse' })
      .expect(202);
    const code = before.lastCode('sms');

    const after = await restart(`${k2},${k1}`);
    await refused(after.service.verify.email(id, otherThan(sent.otpValue!)), 'INVALID_CODE');
    await after.service.verify.email(id, sent.otpValue!);
    await after
      .agent()
      .post('/token/2fa')
      .send({ challengeToken: (halt.body as { challengeToken: string }).challengeToken, code })
      .expect(200);
    await after.service.complete.email(fresh, otpValue!);
    await refused(after.service.complete.totp(fresh, after.totp(secret)), 'NOT_SETUP');
    const again = await before.service.setup.totp(fresh);
    await after.service.complete.totp(fresh, after.totp(again.secret));
  });

  it('is complete once every row was used: the old key may go', async () => {
    await start();
    const { id, secret } = await everything();
    const between = await restart(`${k2},${k1}`);
    await logIn(between, id, () => between.totp(secret));
    const codes = await between.service.generateNewBackupCodes(id);
    const after = await restart(k2);
    after.clock.advance('30s');
    await logIn(after, id, () => after.totp(secret));
    await logIn(after, id, () => after.lastCode('email'), 'email');
    await logIn(after, id, () => codes[0]!, 'backupCode');
    expect((await after.service.list(id)).map(({ mechanism }) => mechanism)).toEqual([TOTP, EMAIL, SMS]);
  });

  describe('by which the old key goes too early', () => {
    it('is an error for a TOTP, never a login', async () => {
      await start();
      const { id, secret } = await withTotp(before);
      const after = await restart(k2);
      for (const path of ['/2fa', '/verify-2fa']) {
        const agent = after.agent();
        await after.login(agent, userOf(id)).expect(202);
        const { body } = await agent
          .post(path)
          .send({ code: after.totp(secret) })
          .expect(500);
        expect(body).toEqual({ internal: 'A stored secret names the key "k1", which is not in the keys option.' });
        expect(after.lastError).toBeInstanceOf(SealedDataError);
        await agent.get('/me').expect(401);
      }
      await expect(after.service.getTotpUri(id)).rejects.toMatchObject({
        name: 'SealedDataError',
        code: 'SEALED_DATA',
        status: 500,
      });
      // Nothing was lost: with the key back, everything works.
      const mended = await restart(`${k2},${k1}`);
      await logIn(mended, id, () => mended.totp(secret));
    });

    it('is an error for a contact, already at the halt', async () => {
      await start();
      const id = await newUser(before);
      await before.service.setup.email(id);
      const after = await restart(k2);
      const agent = after.agent();
      await after.login(agent, userOf(id)).expect(500);
      await agent.get('/me').expect(401);
      expect(after.sent).toEqual([]);
      // It can still be looked at and removed.
      expect(await after.service.list(id)).toEqual([
        expect.not.objectContaining({ maskedContact: expect.anything() as unknown }),
      ]);
      await refused(after.service.getContact(id, EMAIL), 'SEALED_DATA');
      await refused(after.service.challenge.email(id), 'SEALED_DATA');
      await refused(after.service.setup.email(id, 'x@example.net'), 'SEALED_DATA');
    });

    it('is an error for a backup code, never a login', async () => {
      await start();
      const { id, backupCodes } = await withTotp(before);
      const after = await restart(k2);
      const agent = after.agent();
      await after.login(agent, userOf(id)).expect(202);
      await agent.post('/2fa').send({ code: backupCodes[0] }).expect(500);
      await agent.get('/me').expect(401);
      const mended = await restart(`${k2},${k1}`);
      expect(await mended.service.remainingBackupCodes(id)).toBe(2);
    });

    it('does not charge a right backup code as a wrong one', async () => {
      await start();
      const { id, secret, backupCodes } = await withTotp(before);
      const both = await restart(`${k2},${k1}`);
      await both.service.verify.totp(id, both.totp(secret));
      const after = await restart(k2);
      for (let guess = 0; guess < 6; guess += 1)
        await expect(after.service.verify.backupCode(id, backupCodes[0]!)).rejects.toThrow(SealedDataError);
      before.clock.advance('30s');
      await after.service.verify.totp(id, after.totp(secret));
    });

    it('is an error for a code that was sent and an enrollment that was begun', async () => {
      await start();
      const { id, secret } = await everything();
      const { otpValue } = await before.service.challenge.email(id);
      const fresh = await newUser(before);
      const begun = await before.service.setup.totp(fresh);
      const after = await restart(k2);
      await refused(after.service.verify.email(id, otpValue!), 'SEALED_DATA');
      await refused(after.service.complete.totp(fresh, after.totp(begun.secret)), 'SEALED_DATA');
      await refused(after.service.verify.totp(id, after.totp(secret)), 'SEALED_DATA');
      expect(await after.service.isEnabled(fresh)).toBe(false);
    });
  });

  describe('by which one factor becomes unreadable, and not the others', () => {
    const unreadable: TwoFactorEvent[] = [];

    /** The app without the key of the first factors; `damaged` are rows that no key opens. */
    async function without(keys: string, damaged: string[] = []): Promise<TestApp> {
      for (const id of damaged) {
        await before.db
          .createQueryBuilder()
          .update('TwoFactorAuthenticator')
          .set({ sealed: 'v1.k2.AAAA.AAAA.AAAA' })
          .where('id = :id', { id })
          .execute();
      }
      const after = await restart(keys);
      unreadable.length = 0;
      after.service.on('unreadable', (event) => {
        unreadable.push(event);
      });
      return after;
    }

    it('passes over an app whose key is gone, with an event: the intact one logs in, a wrong code is charged', async () => {
      await start();
      const { id } = await withTotp(before);
      const { secret } = await (
        await restart(`${k2},${k1}`)
      ).service.setup.totp(id, false, { label: 'new phone', qr: 'svg' });
      const after = await without(k2);
      expect((await after.service.list(id)).map(({ label }) => label)).toEqual(['default', 'new phone']);
      await refused(after.service.verify.totp(id, after.wrongTotp(secret)), 'INVALID_CODE');
      await logIn(after, id, () => after.totp(secret));
      expect(unreadable[0]).toEqual({ userId: id, mechanism: TOTP, method: 'totp', at: after.clock.now });
      expect(await after.service.getTotpUri(id)).toContain(secret);
      await after.service.remove(id, (await after.service.list(id))[0]!.id);
    });

    it("halts a login with what can be read: an address whose row was damaged stands in nobody's way", async () => {
      await start();
      const { id, secret } = await everything();
      const [, email, sms] = await before.service.list(id);
      const after = await without(k1, [email!.id]);
      const agent = after.agent();
      const halt = await after.login(agent, userOf(id)).expect(202);
      expect((halt.body as { methods: object }).methods).toEqual({
        totp: true,
        sms: sms!.maskedContact,
        backupCode: true,
      });
      await agent
        .post('/verify-2fa')
        .send({ code: after.lastCode('sms'), method: 'sms' })
        .expect(200);
      expect((await after.service.list(id))[1]).toEqual({ ...email, maskedContact: undefined, lastUsedAt: 0 });
      await refused(after.service.getContact(id, EMAIL), 'SEALED_DATA');
      // What cannot be read can be replaced.
      await after.service.setup.email(id, 'new@example.net', false);
      expect(await after.service.getContact(id, EMAIL)).toBe('new@example.net');
      await after.service.disable(id, EMAIL);
      after.clock.advance('30s');
      await after.service.verify.totp(id, after.totp(secret));
    });

    it('is never "no second factor": where none can be read, the login halts, and no code is charged', async () => {
      await start();
      const { id, secret } = await withTotp(before);
      const after = await without(k2, [(await before.service.list(id))[0]!.id]);
      for (let guess = 0; guess < 12; guess += 1)
        await refused(after.service.verify.totp(id, after.wrongTotp(secret)), 'SEALED_DATA');
      const agent = after.agent();
      await after.login(agent, userOf(id)).expect(202);
      await agent
        .post('/verify-2fa')
        .send({ code: after.totp(secret) })
        .expect(500);
      await agent.get('/me').expect(401);
      expect(await account(after, id)).toMatchObject({ failures: 0, windowFailures: 0 });
    });
  });

  it("does not open what was moved to another user's row", async () => {
    await start();
    const [victim, attacker] = [await withTotp(before), await withTotp(before)];
    const [row] = await authenticators(before, attacker.id);
    await before.db
      .createQueryBuilder()
      .update('TwoFactorAuthenticator')
      .set({ sealed: row!.sealed })
      .where('user_id = :id', { id: victim.id })
      .execute();
    await refused(before.service.verify.totp(victim.id, before.totp(attacker.secret)), 'SEALED_DATA');
    await before.service.verify.totp(attacker.id, before.totp(attacker.secret));
  });
});
