import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TwoFactorError } from 'passport-two-factor';
import { typedCode } from '../../lib/core/typed-text.js';
import { TestApp, type TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';

const runs: Record<string, number> = { sqlite: 60, mariadb: 25, postgres: 25 };

const digits = fc.string({ unit: fc.constantFrom(...Array.from('0123456789')), minLength: 1, maxLength: 12 });
const fullWidth = digits.map((text) => text.replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit))));
const crockford = fc.string({
  unit: fc.constantFrom(...Array.from('0123456789ABCDEFGHJKMNPQRSTVWXYZ')),
  minLength: 12,
  maxLength: 14,
});
const spaced = digits.map((text) => text.split('').join(' '));
const text = fc.oneof(
  digits,
  fullWidth,
  crockford,
  spaced,
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.string({ minLength: 500, maxLength: 5000 }),
);
const anything = fc.oneof(text, fc.jsonValue());
const method = fc.oneof(fc.constantFrom('totp', 'email', 'sms', 'backup_code', undefined), anything);

/** What a code looks like as it is read, in the digits of any script and without spaces and dashes, for a user with a TOTP, e-mail and backup codes. */
const hasShape = (code: unknown): boolean => {
  if (typeof code !== 'string' || code.length > 64) return false;
  const stripped = typedCode(code);
  return /^[0-9]{6}$/.test(stripped) || /^[0-9A-Z]{13}$/i.test(stripped);
};

describe.each(databases)("an attacker who knows A's password and sends anything at all on $name", (database) => {
  let test: TestApp;
  let a: TestUser;
  let secret: string;
  let backupCodes: string[];

  beforeAll(async () => {
    test = await TestApp.open(database, {
      service: { limits: { pendingLogins: 20 } },
      twoFactor: { backupCodesCount: 2 },
    });
    ({ user: a, secret, backupCodes } = await test.withTotp(1));
    await test.withTotp(2);
    await test.service.setup.email('1');
    await test.db.createQueryBuilder().delete().from('TwoFactorQuota').execute();
  });
  afterAll(() => test.close());

  const numRuns = runs[database.name]!;
  const account = (userId: string) => test.db.getRepository('TwoFactorAccount').findOneByOrFail({ userId });

  async function tokenOfA(): Promise<string> {
    await test.service.unlock('1');
    // All of them begin within one minute of the test's clock: so many codes would have to wait.
    await test.db.createQueryBuilder().delete().from('TwoFactorChallenge').execute();
    const { body } = await test.agent().post('/token/login').send({ email: a.email, password: a.password }).expect(202);
    return body.challengeToken as string;
  }

  it('gets a typed refusal for every code and method, and charges nobody for what is no code', async () => {
    await fc.assert(
      fc.asyncProperty(anything, method, async (code, way) => {
        fc.pre(
          !(typeof code === 'string' && (code.includes(test.totp(secret)) || backupCodes.includes(code.toUpperCase()))),
        );
        const challengeToken = await tokenOfA();
        const [before, other] = await Promise.all([account('1'), account('2')]);
        const { status, body } = await test.agent().post('/token/2fa').send({ challengeToken, code, method: way });
        expect([400, 401, 404]).toContain(status);
        expect(body.error).toEqual({ code: expect.any(String), message: expect.any(String) });
        expect(await account('2')).toEqual(other);
        const after = await account('1');
        expect(after.failures - before.failures).toBe(status === 401 ? 1 : 0);
        if (!hasShape(code)) expect(status).not.toBe(401);
      }),
      { numRuns },
    );
  });

  it('gets nowhere with a token that is not the one that was given out, though the code is right', async () => {
    const token = await tokenOfA();
    const mutated = fc
      .tuple(fc.nat({ max: token.length - 1 }), fc.constantFrom(...Array.from('AZaz09-_. ')))
      .map(([at, char]) => token.slice(0, at) + char + token.slice(at + 1));
    const wrapped = fc.constantFrom(
      [token],
      { token },
      ` ${token}`,
      `${token} `,
      `${token}\0`,
      token.toLowerCase(),
      token.slice(1),
      `${token}A`,
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(anything, mutated, wrapped), async (challengeToken) => {
        fc.pre(challengeToken !== token);
        const before = await Promise.all([account('1'), account('2')]);
        const { status, body } = await test
          .agent()
          .post('/token/2fa')
          .send({ challengeToken, code: test.totp(secret) });
        expect([status, body.error.code]).toEqual([401, 'CHALLENGE_EXPIRED']);
        expect(await Promise.all([account('1'), account('2')])).toEqual(before);
      }),
      { numRuns },
    );
    // The token itself was no broken one.
    await test
      .agent()
      .post('/token/2fa')
      .send({ challengeToken: token, code: test.totp(secret) })
      .expect(200);
  });

  it('gets a typed refusal for every body at the first step, and no user', async () => {
    await fc.assert(
      fc.asyncProperty(anything, anything, anything, async (email, password, remember) => {
        const { status } = await test.agent().post('/login').send({ email, password, remember });
        expect([400, 401]).toContain(status);
      }),
      { numRuns },
    );
  });
});

describe.each(databases)('an app that passes on whatever it was given, on $name', (database) => {
  let test: TestApp;

  beforeAll(async () => {
    test = await TestApp.open(database, { service: { limits: { sendsPerHour: 20, sendsPerDay: 50 } } });
    await test.withEmail(1);
  });
  afterAll(() => test.close());

  const numRuns = runs[database.name]!;
  const rows = () => test.db.getRepository('TwoFactorAuthenticator').find();

  /** Everything but an id is refused with an error that says what is wrong, and nothing is stored. */
  async function refused(work: Promise<unknown>): Promise<void> {
    const error: unknown = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error instanceof TwoFactorError || error instanceof TypeError).toBe(true);
  }

  it('never enables a contact by it, and never has more than a typed error', async () => {
    const before = await rows();
    await fc.assert(
      fc.asyncProperty(anything, fc.constantFrom('email' as const, 'sms' as const), async (contact, mechanism) => {
        const set: (userId: string, contact: string) => Promise<{ verified: boolean }> = test.service.setup[mechanism];
        await test.db.createQueryBuilder().delete().from('TwoFactorQuota').execute();
        try {
          expect((await set('1', contact as string)).verified).toBe(false);
        } catch (error) {
          expect(error).toBeInstanceOf(TwoFactorError);
        }
        expect(await rows()).toEqual(before);
      }),
      { numRuns },
    );
  });

  it("never finds a user by what is not the user's id", async () => {
    const nobody = fc.oneof(
      anything,
      fc.constantFrom<unknown>(
        undefined,
        null,
        NaN,
        1,
        ' 1',
        '1 ',
        '01',
        '1.0',
        "1'",
        ['1'],
        { id: '1' },
        true,
        '%',
        '_',
      ),
    );
    await fc.assert(
      fc.asyncProperty(nobody, anything, async (id, value) => {
        fc.pre(id !== '1');
        const { service } = test;
        const given = id as string;
        await refused(service.verify.totp(given, '123456'));
        await refused(service.verify.backupCode(given, '0123456789ABC'));
        await refused(service.complete.totp(given, value as string));
        await refused(service.disable(given, value as never));
        await refused(service.remove(given, value as string));
        await refused(service.rename(given, value as string, value as string));
        await refused(service.generateNewBackupCodes(given));
        await refused(service.unlock(given));
      }),
      { numRuns },
    );
    expect(await rows()).toHaveLength(1);
  });
});
