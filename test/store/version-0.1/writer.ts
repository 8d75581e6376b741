// A process of version 0.1, as the database sees it: it runs that version's statements until it is told to stop. Started by
// process.ts, spoken to over IPC.
import { createHash } from 'node:crypto';
import { DataSource, type DataSourceOptions } from 'typeorm';

type Value = string | number;

const insert = (table: string, columns: string): string => {
  const names = columns.split(' ');
  const quoted = names.map((name) => `"${name}"`).join(', ');
  return `INSERT INTO "two_factor_${table}"(${quoted}) VALUES (${names.map(() => '?').join(', ')})`;
};

// As TypeORM's query builder made them from the code of version 0.1; MySQL has ` for " and PostgreSQL $1 for ?.
const sql = {
  addAccount: insert('accounts', 'user_key user_id version failures window_failures window_start next_attempt_at last_step ' +
    'challenge_epoch security_epoch backup_set_id backup_salt last_used preferred enroll_by'),
  addChallenge: insert('challenges', 'id user_key user_id purpose mechanism handle challenge_epoch security_epoch strategy kind ' +
    'remember info sealed codes code_version verified_by created_at expires_at'),
  addAuthenticator: insert('authenticators', 'id user_key user_id mechanism handle label sealed algorithm digits period ' +
    'verified_at confirmed_step security_epoch'),
  addBackupCode: insert('backup_codes', 'set_id tag user_key used_at'),
  addQuota: insert('quotas', 'id version hour_start hour_count day_start day_count'),
  // Its columns are left out: what matters is that tables of two shapes can be joined while the migration is on its way.
  read: 'SELECT COUNT(*) AS "found" FROM "two_factor_challenges" "challenge" ' +
    'LEFT JOIN "two_factor_accounts" "account" ON "account"."user_key" = "challenge"."user_key" ' +
    'LEFT JOIN "two_factor_authenticators" "authenticator" ON "authenticator"."user_key" = "challenge"."user_key" ' +
    'WHERE "challenge"."id" = ?',
  judge: 'UPDATE "two_factor_accounts" SET "failures" = ?, "last_step" = ?, "last_used" = ?, "next_attempt_at" = ?, "version" = ? ' +
    'WHERE "user_key" = ? AND "version" = ?',
  verify: 'UPDATE "two_factor_challenges" SET "verified_by" = ? WHERE "id" = ? AND "verified_by" = \'\' AND "expires_at" > ?',
  consume: 'DELETE FROM "two_factor_challenges" WHERE "id" = ? AND "verified_by" <> \'\' AND "expires_at" > ?',
  change: 'UPDATE "two_factor_accounts" SET "backup_salt" = ?, "backup_set_id" = ?, "challenge_epoch" = ?, "security_epoch" = ?, ' +
    '"version" = ? WHERE "user_key" = ? AND "version" = ?',
  useBackupCode: 'UPDATE "two_factor_backup_codes" SET "used_at" = ? WHERE "set_id" = ? AND "tag" = ? AND "used_at" = 0',
  settle: 'UPDATE "two_factor_accounts" SET "failures" = ?, "next_attempt_at" = ?, "version" = "version" + 1, ' +
    '"window_failures" = CASE WHEN "window_failures" > 0 THEN "window_failures" - 1 ELSE 0 END ' +
    'WHERE "user_key" = ? AND "backup_set_id" = ?',
  count: 'UPDATE "two_factor_quotas" SET "version" = ?, "hour_start" = ?, "hour_count" = ?, "day_start" = ?, "day_count" = ? ' +
    'WHERE "id" = ? AND "version" = ?',
};

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const now = 1_764_300_240_000;

/** What version 0.1 tried again: the database says that nothing happened. */
const transient = new Set<unknown>([1213, 1205, 1020, '40001', '40P01']);

class Writer {
  constructor(private readonly db: DataSource) {}

  /** Everything that a user's rows went through in version 0.1; each statement changes one row. */
  async round(n: number): Promise<void> {
    const userId = `writer ${n}`;
    const [key, challenge, set, tag] = [userId, `c${n}`, `s${n}`, `t${n}`].map(sha256) as [string, string, string, string];
    const setId = set.slice(0, 32);
    await this.one('addAccount', key, userId, 0, 0, 0, 0, 0, 0, 0, 0, '', '', '{}', 0, 0);
    await this.one(
      'addChallenge', challenge, key, userId, 'login', 0, '', 0, 0, 'local', 'local', 0, '', '', '{}', 0, '', now, now + 600_000,
    );
    await this.one('judge', 0, 58_810_000, '{}', 0, 1, key, 0);
    await this.one('verify', 'totp', challenge, now);
    const [{ found }] = (await this.run('read', [challenge])).records as [{ found: string | number }];
    if (Number(found) !== 1) throw new Error('The pending login cannot be read.');
    await this.one('consume', challenge, now);
    await this.one(
      'addAuthenticator', sha256(`a${n}`).slice(0, 32), key, userId, 1, sha256('default'), 'default', 'v1.k1.a.b.c', 'sha1', 6,
      30, now, 1, 1,
    );
    await this.one('addBackupCode', setId, tag, key, 0);
    await this.one('change', 'k1.salt', setId, 1, 1, 2, key, 1);
    await this.one('useBackupCode', now, setId, tag);
    await this.one('settle', 0, 0, key, setId);
    await this.one('addQuota', sha256(`q${n}`), 0, now, 1, now, 1);
    await this.one('count', 1, now, 2, now, 2, sha256(`q${n}`), 0);
  }

  private async one(name: keyof typeof sql, ...values: Value[]): Promise<void> {
    const { affected } = await this.run(name, values);
    if (!name.startsWith('add') && affected !== 1) throw new Error(`${name} has changed ${String(affected)} rows.`);
  }

  private async run(name: keyof typeof sql, values: Value[]) {
    let place = 0;
    const { type } = this.db.options;
    let text = sql[name];
    if (type === 'mysql') text = text.replaceAll('"', '`');
    if (type === 'postgres') text = text.replace(/\?/g, () => `$${(place += 1)}`);
    for (let attempt = 1; ; attempt += 1) {
      const runner = this.db.createQueryRunner();
      try {
        return await runner.query(text, values, true);
      } catch (error) {
        const { driverError } = error as { driverError?: { errno?: unknown; code?: unknown } };
        if (attempt > 4 || ![driverError?.errno, driverError?.code].some((code) => transient.has(code))) throw error;
      } finally {
        await runner.release();
      }
    }
  }
}

async function main(options: DataSourceOptions): Promise<void> {
  const db = await new DataSource({ ...options, entities: [] }).initialize();
  const writer = new Writer(db);
  const told = new AbortController();
  process.on('message', () => { told.abort(); });
  let rounds = 0;
  for (; !told.signal.aborted; rounds += 1) {
    await writer.round(rounds);
    process.send?.({ rounds: rounds + 1 });
    await new Promise(setImmediate);
  }
  await db.destroy();
  process.send?.({ ended: rounds }, () => { process.disconnect(); });
}

process.once('message', (options: DataSourceOptions) => {
  main(options).catch((error: unknown) => { process.send?.({ error: String(error) }, () => process.exit(1)); });
});
