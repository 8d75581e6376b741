import { DataSource } from 'typeorm';
import { afterEach, describe, expect, it } from 'vitest';
import { TwoFactorService, twoFactorEntities, twoFactorMigrations } from 'passport-two-factor';
import { currentTotp } from 'passport-two-factor/testing';
import type { PendingToken } from '../../lib/service/pending-token.js';
import { databases, type CreatedDatabase } from '../support/databases.js';
import { digest } from './fixtures.js';
import { makeVersion01 } from './version-0.1/tables.js';

const now = 1_764_300_300_000;
const ids = ['ユーザー1', 'Мария', 'user😀', 'jörg'];

/** Old installations, and which of the ids above each cannot write. */
const charsets = { latin1: ['ユーザー1', 'Мария', 'user😀'], utf8mb3: ['user😀'] };
const modes = [
  ['strict', true],
  ['not strict', false],
] as const;

interface Connection {
  query(sql: string): void;
  destroy(): void;
}

interface Pool {
  on(event: 'connection', heard: (connection: Connection) => void): void;
  getConnection(done: (error: unknown, connection: Connection) => void): void;
}

describe.each(
  databases
    .filter(({ name }) => name === 'mariadb')
    .flatMap((database) =>
      Object.entries(charsets).flatMap(([charset, lacking]) =>
        modes.map(([mode, strict]) => ({ database, charset, lacking, mode, strict })),
      ),
    ),
)('a database of $charset, $mode', ({ database, charset, lacking, strict }) => {
  const opened: DataSource[] = [];
  const created: CreatedDatabase[] = [];

  async function open(more: object): Promise<DataSource> {
    const db = await new DataSource({
      ...created[0]?.options,
      entities: twoFactorEntities(),
      migrations: twoFactorMigrations(),
      ...more,
      extra: { connectionLimit: 3 },
    } as never).initialize();
    opened.push(db);
    if (!strict) await loosen(db);
    return db;
  }

  /** Every connection of the pool from now on, and the one that has been opened to look at the server. */
  async function loosen(db: DataSource): Promise<void> {
    const { pool } = db.driver as unknown as { pool: Pool };
    await new Promise<void>((done) => {
      pool.getConnection((_error, connection) => {
        connection.destroy();
        done();
      });
    });
    pool.on('connection', (connection) => {
      connection.query("SET SESSION sql_mode = ''");
    });
  }

  async function place(): Promise<void> {
    const made = await database.create();
    created.push(made);
    const admin = await new DataSource({ ...made.options, entities: [] }).initialize();
    const [{ name }]: [{ name: string }] = await admin.query('SELECT DATABASE() AS name');
    await admin.query(`ALTER DATABASE ${name} CHARACTER SET ${charset}`);
    await admin.destroy();
  }

  afterEach(async () => {
    for (const db of opened.splice(0)) await db.destroy();
    await Promise.all(created.splice(0).map((made) => made.drop()));
  });

  const serviceOf = (db: DataSource): TwoFactorService =>
    new TwoFactorService({
      db,
      keys: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
      clock: () => now,
      twoFactor: { issuer: 'A', backupCodesCount: 1 },
      users: { id: (user: { id: string }) => user.id, find: (id) => ({ id }) },
    });

  /** A login that is halted. @returns its token */
  async function begin(service: TwoFactorService, id: string): Promise<PendingToken> {
    const identity = { id, key: digest(id) };
    const { account, ...rest } = await service.snapshot(identity);
    if (!account) throw new Error('The user has no account.');
    const login = { strategy: 'local', kind: 'local', remember: false, info: undefined, carrier: 'token' } as const;
    const { token } = await service.logins.begin(identity, { ...rest, account }, login);
    return { token, carrier: 'token', passport: '' };
  }

  const charsetsOf = async (db: DataSource, table: string): Promise<string[]> => {
    const rows: { c: string }[] = await db.query(
      'SELECT DISTINCT character_set_name AS c FROM information_schema.columns WHERE table_schema = DATABASE() ' +
        'AND table_name LIKE ? AND character_set_name IS NOT NULL',
      [table],
    );
    return rows.map(({ c }) => c).sort();
  };

  /** A user whose id and label are in no charset but Unicode enrolls, logs in, looks at the factor, renames and removes it. */
  async function expectLife(db: DataSource): Promise<void> {
    const service = serviceOf(db);
    for (const id of ids.slice(1)) {
      const { secret } = await service.setup.totp(id, true, { label: `phone 😀 ${id}` });
      const [backupCode] = await service.complete.totp(id, currentTotp(secret, now));
      await service.verify.totp(id, currentTotp(secret, now + 30_000));
      await service.verify.backupCode(id, backupCode!);
      expect(await service.getTotpUri(id)).toContain(secret);
      const [factor] = await service.list(id);
      expect(factor?.label).toBe(`phone 😀 ${id}`);
      await service.rename(id, factor!.id, 'телефон');
      expect((await service.list(id)).map(({ label }) => label)).toEqual(['телефон']);
      expect((await service.verification.ofLogin(await begin(service, id))).identity).toEqual({
        id,
        key: digest(id),
      });
      await service.remove(id, factor!.id);
    }
  }

  it('keeps every letter in tables that the migrations made', async () => {
    await place();
    const db = await open({});
    await db.runMigrations();
    expect(await charsetsOf(db, 'two\\_factor\\_%')).toEqual(['utf8mb4']);
    await expectLife(db);
  });

  it('keeps every letter in tables that synchronize made', async () => {
    await place();
    const db = await open({ synchronize: true });
    await expectLife(db);
    expect(await charsetsOf(db, 'two\\_factor\\_%')).toEqual(['utf8mb4']);
  });

  it('keeps every letter in tables of version 0.1, once they are migrated', async () => {
    await place();
    const db = await open({});
    await makeVersion01(db, 'mariadb', true);
    await db.runMigrations();
    expect(await charsetsOf(db, 'two\\_factor\\_%')).toEqual(['utf8mb4']);
    expect(await serviceOf(db).isEnabled('anna')).toBe(true);
    await expectLife(db);
  });

  it('refuses, before anything is written, what tables that nobody migrated cannot keep', async () => {
    await place();
    await open({ synchronize: true });
    const db = await open({});
    const service = serviceOf(db);
    const { secret } = await service.setup.totp('plain');
    for (const text of lacking) {
      await expect(service.setup.totp(text, false)).rejects.toMatchObject({ code: 'INVALID_INPUT', field: 'id' });
      await expect(service.importTotp(text, secret)).rejects.toMatchObject({ code: 'INVALID_INPUT', field: 'id' });
      await expect(service.setup.totp('plain', true, { label: text })).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        field: 'label',
      });
      await expect(service.setup.totp('plain', true, { label: text })).rejects.toThrow(/twoFactorMigrations/);
    }
    for (const text of ids.filter((id) => !lacking.includes(id)))
      await service.setup.totp(text, false, { label: text });
    const [{ n }] = await db.query("SELECT COUNT(*) AS n FROM two_factor_accounts WHERE user_id LIKE '%?%'");
    expect(Number(n)).toBe(0);
    // What was begun by one whose name is kept goes on.
    expect(await service.complete.totp('plain', currentTotp(secret, now))).toHaveLength(1);
  });

  it('locks nobody out whose id an earlier version wrote as question marks', async () => {
    await place();
    const db = await open({});
    await db.runMigrations();
    const service = serviceOf(db);
    const id = 'ユーザー1';
    const { secret } = await service.setup.totp(id, false);
    for (const table of ['accounts', 'authenticators'])
      await db.query(`UPDATE two_factor_${table} SET user_id = '?????'`);
    await service.verify.totp(id, currentTotp(secret, now));
    expect(await service.getTotpUri(id)).toContain(secret);
    const identity = { id, key: digest(id) };
    const pending = await begin(service, id);
    const code = currentTotp(secret, now + 30_000);
    const verified = await service.verification.verifyLogin(pending, { methods: ['totp'], code });
    expect(verified.subject.identity).toEqual(identity);
  });
});
