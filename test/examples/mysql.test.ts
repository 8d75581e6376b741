import { createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKey, twoFactorMigrations } from 'passport-two-factor';
import { databases, type CreatedDatabase } from '../support/databases.js';
import { Browser } from './browser.js';
import { lastCode, totp } from './codes.js';
import { runToEnd, start, type Running } from './example.js';

const account = { email: 'jane@example.com', password: 'correct horse' };

describe.each(databases.filter(({ name }) => name === 'mariadb'))(
  'the quickstart on MySQL ($name)',
  { timeout: 120_000 },
  (database) => {
    let created: CreatedDatabase;
    let url: string;
    let app: Running;
    const TWO_FACTOR_KEYS = generateKey('k1');

    beforeAll(async () => {
      created = await database.create();
      ({ url } = created.options as { url: string });
      app = await start('mysql', { DATABASE_URL: url, TWO_FACTOR_KEYS });
    }, 90_000);
    afterAll(async () => {
      await app.stop();
      await created.drop();
    });

    it('makes its tables under a prefix of their own, by migrations that a restart does not repeat', async () => {
      const again = await start('mysql', { DATABASE_URL: url, TWO_FACTOR_KEYS });
      await again.stop();
      const connection = await createConnection({ uri: url });
      const [tables] = await connection.query({ sql: 'SHOW TABLES', rowsAsArray: true });
      const [migrations] = await connection.query({ sql: 'SELECT name FROM demo_migrations', rowsAsArray: true });
      await connection.end();
      expect((tables as string[][]).flat().sort()).toEqual([
        'demo_migrations',
        'demo_two_factor_accounts',
        'demo_two_factor_authenticators',
        'demo_two_factor_backup_codes',
        'demo_two_factor_challenges',
        'demo_two_factor_quotas',
        'demo_users',
      ]);
      expect(migrations).toHaveLength(1 + twoFactorMigrations().length);
    });

    it('takes a user from sign-up to a login by authenticator app, e-mail and backup code', async () => {
      const client = new Browser(app.url);
      const success = { status: 200, body: { success: true } };
      expect((await client.post('/signup', account)).status).toBe(201);
      const { body: setup } = await client.post('/2fa/setup-totp');
      const { body: confirmed } = await client.post('/2fa/verify-totp-setup', { code: totp(setup.secret) });
      expect(confirmed.backupCodes).toHaveLength(10);
      await client.post('/2fa/setup-email');

      const halt = async (): Promise<void> => {
        await client.post('/logout');
        expect(await client.post('/login', account)).toEqual({
          status: 202,
          body: { requiresTwoFactor: true, methods: { totp: true, email: 'j***@example.com' } },
        });
      };
      await halt();
      expect(await client.post('/verify-2fa', { code: totp(setup.secret, 1) })).toEqual(success);
      await halt();
      expect(await client.post('/verify-2fa', { method: 'otp', code: await lastCode(app.url, account.email) })).toEqual(
        success,
      );
      await halt();
      expect(await client.post('/verify-2fa', { method: 'backupCode', code: confirmed.backupCodes[0] })).toEqual(
        success,
      );
      expect((await client.get('/2fa')).body).toEqual({ enabled: true, methods: [1, 2] });
    });
  },
);

describe('the quickstart without a MySQL that answers', () => {
  it('says which variable to set when MySQL does not answer, without the password', async () => {
    const { exitCode, output } = await runToEnd('mysql', { DATABASE_URL: 'mysql://root:topsecret@127.0.0.1:1/test' });
    expect(exitCode).toBe(1);
    expect(output).toContain('MySQL cannot be used (ECONNREFUSED): set DATABASE_URL=');
    expect(output).not.toContain('topsecret');
  }, 120_000);
});
