import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { defaultTotpParameters, timeStep, totpAt } from '../../lib/core/totp.js';
import { client, measure, median, percentile, row, ServerProcess } from './client.js';
import type { Place } from './compare.js';
import type { Enrolled } from './enrolled.js';

const sample = 1000;
/** Of them log in, in each of the rounds. */
const measured = 300;
const rounds = 3;

/**
 * The same users log in while a thousand are all there are, and again among a million. The others' rows are written
 * by SQL, in the order of their keys, which is what makes it a matter of minutes; the sample's keys lie all over them.
 */
export async function million({ databaseUrl, redisUrl, keys }: Place): Promise<string[]> {
  const url = await databaseUrl();
  const server = await ServerProcess.start(join(__dirname, 'app-server.ts'), {
    DATABASE_URL: url,
    KEYS: keys,
    SESSIONS: 'redis',
    REDIS_URL: redisUrl,
    SYNC: '1',
  });
  try {
    const users = Array.from({ length: sample }, (_, index): Enrolled => ({
      id: 5_000_000 + index,
      email: `sample${index}@example.com`,
      password: 'correct horse',
      secret: randomBytes(20).toString('base64'),
    }));
    await server.tell('enroll', users);
    const few = await verifyTimes(server, users.slice(0, measured));
    const began = Date.now();
    await fill(url);
    const filled = Math.round((Date.now() - began) / 1000);
    const many = await verifyTimes(server, users.slice(0, measured));
    return [
      `Among a million enrolled users (${filled} s to write them):`,
      '',
      row('enrolled', 'halted login, median ms', 'verify + complete, median ms', 'ratio of login', 'ratio of verify'),
      row(...Array<string>(5).fill('---')),
      row('1 000', few.login, few.verify, 1, 1),
      row('1 000 000', many.login, many.verify, many.login / few.login, many.verify / few.verify),
      '',
    ];
  } finally {
    server.stop();
  }
}

/** Medians over several rounds; every round waits for the time step that its codes have not spent. */
async function verifyTimes(
  server: ServerProcess,
  users: readonly Enrolled[],
): Promise<{ login: number; verify: number }> {
  const login: number[] = [];
  const verify: number[] = [];
  const post = client(server.port, 1);
  let spent = 0;
  for (let round = 0; round < rounds; round += 1) {
    const cookies = new Map<Enrolled, string>();
    const halted = await measure(users, 1, async (user) => {
      const answer = await post('/login', { email: user.email, password: user.password });
      if (answer.status !== 202) throw new Error(`login answered ${answer.status}`);
      cookies.set(user, answer.cookies);
    });
    while (timeStep(Date.now(), 30) <= spent) await new Promise((resolve) => setTimeout(resolve, 200));
    const verified = await measure(users, 1, async (user) => {
      const code = totpAt(Buffer.from(user.secret!, 'base64'), timeStep(Date.now(), 30), defaultTotpParameters);
      const answer = await post('/2fa', { code }, cookies.get(user));
      if (answer.status !== 200) throw new Error(`verify answered ${answer.status} ${answer.body}`);
    });
    spent = timeStep(Date.now(), 30);
    // The first round warms up: connections, compiled code, pages that are not in the buffer pool.
    if (round > 0) {
      login.push(percentile(halted.latencies, 0.5));
      verify.push(percentile(verified.latencies, 0.5));
    }
  }
  return { login: median(login), verify: median(verify) };
}

async function fill(url: string): Promise<void> {
  const db = await createConnection({ uri: url });
  /** Rows like one that is there, but for the columns given as SQL. */
  const copies = async (table: string, columns: Record<string, string>, from: string) => {
    const [[like]] = (await db.query(`SELECT * FROM ${table} LIMIT 1`)) as unknown as [
      Record<string, unknown>[],
      unknown,
    ];
    const names = Object.keys(like!);
    const values = names.map((name) => columns[name] ?? db.escape(like![name]));
    await db.query(`INSERT INTO ${table} (${names.join(', ')}) SELECT ${values.join(', ')} FROM ${from} ORDER BY k`);
  };
  const numbers = `seq_1_to_${1_000_000 - sample}`;
  // In the order of the keys: at random, most inserts would wait for a page to be read.
  const keyed = `(SELECT seq AS id, SHA2(seq, 256) AS k FROM ${numbers}) AS filler`;
  const own = { user_key: 'k', user_id: 'id' };
  await db.query(
    `INSERT INTO app_users SELECT seq, CONCAT('user', seq, '@example.com'), SHA2(seq, 256) FROM ${numbers}`,
  );
  await copies('two_factor_accounts', { ...own, backup_set_id: 'LEFT(k, 32)' }, keyed);
  await copies('two_factor_authenticators', { ...own, id: 'LEFT(k, 32)' }, keyed);
  await copies(
    'two_factor_backup_codes',
    { user_key: 'k', set_id: 'LEFT(k, 32)', tag: 'SHA2(CONCAT(k, n.seq), 256)' },
    `${keyed} JOIN seq_1_to_10 AS n`,
  );
  await db.query('ANALYZE TABLE app_users, two_factor_accounts, two_factor_authenticators, two_factor_backup_codes');
  await db.end();
}
