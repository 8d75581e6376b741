import { randomBytes, scrypt } from 'node:crypto';
import { join } from 'node:path';
import { createClient } from 'redis';
import { client, measure, median, percentile, row, ServerProcess } from './client.js';
import type { Place } from './compare.js';
import type { Enrolled } from './enrolled.js';

const serverFile = join(__dirname, 'app-server.ts');

const people = (from: number, count: number, second: boolean): Enrolled[] =>
  Array.from({ length: count }, (_, index) => ({
    id: from + index,
    email: `user${from + index}@example.com`,
    password: 'correct horse',
    ...(second && { secret: randomBytes(20).toString('base64') }),
  }));

const stretch = () =>
  new Promise<void>((resolve, reject) => {
    scrypt('correct horse', 'salt', 64, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });

/** What the library costs by itself: for users without a second factor, at enrollment, and while a login is pending. */
export async function ownCost({ databaseUrl, redisUrl, keys }: Place): Promise<string[]> {
  const url = await databaseUrl();
  const server = await ServerProcess.start(serverFile, {
    DATABASE_URL: url,
    KEYS: keys,
    SESSIONS: 'redis',
    REDIS_URL: redisUrl,
    SYNC: '1',
  });
  try {
    return [
      'What it costs by itself:',
      '',
      row('figure', 'measured'),
      row('---', '---'),
      ...(await overhead(server)),
      ...(await enrollments(server)),
      ...(await pendingMemory(server, redisUrl)),
      '',
    ];
  } finally {
    server.stop();
  }
}

async function overhead(server: ServerProcess): Promise<string[]> {
  const users = people(1, 400, false);
  await server.tell('enroll', users);
  const post = client(server.port, 1);
  const times = { plain: [] as number[], wrapped: [] as number[], scrypt: [] as number[] };
  const timed = async (path: string) =>
    (
      await measure(users, 1, async ({ email, password }) => {
        const { status } = await post(path, { email, password });
        if (status !== 200) throw new Error(`${path} answered ${status}`);
      })
    ).latencies;
  await timed('/plain');
  await timed('/login');
  for (let round = 0; round < 5; round += 1) {
    times.plain.push(percentile(await timed('/plain'), 0.5));
    times.wrapped.push(percentile(await timed('/login'), 0.5));
    times.scrypt.push(percentile((await measure(Array(20).fill(0), 1, stretch)).latencies, 0.5));
  }
  const added = median(times.wrapped.map((time, round) => time - times.plain[round]!));
  const hash = median(times.scrypt);
  return [
    row('login without a second factor, the bare strategy', `${median(times.plain).toFixed(2)} ms`),
    row('the same, wrapped', `${median(times.wrapped).toFixed(2)} ms, ${added.toFixed(2)} ms more`),
    row(
      "one scrypt of a password (Node's defaults)",
      `${hash.toFixed(1)} ms: the wrapping adds ${((added / hash) * 100).toFixed(1)} %`,
    ),
  ];
}

async function enrollments(server: ServerProcess): Promise<string[]> {
  const ids = Array.from({ length: 50 }, (_, index) => index + 1);
  interface Delays {
    elapsed: number;
    median: number;
    p99: number;
    max: number;
  }
  await server.tell('enrollments', ids.slice(0, 5));
  const runs: Delays[] = [];
  for (let run = 0; run < 3; run += 1) runs.push(await server.tell<Delays>('enrollments', ids));
  const of = (figure: keyof Delays) => median(runs.map((run) => run[figure])).toFixed(1);
  return [
    row(
      '50 enrollments at once with a PNG',
      `${of('elapsed')} ms in all; event-loop delay median ${of('median')}, p99 ${of('p99')}, longest ${of('max')} ms`,
    ),
  ];
}

async function pendingMemory(server: ServerProcess, redisUrl: string): Promise<string[]> {
  const count = 5000;
  const warm = people(1_000_000, 500, true);
  const users = people(2_000_000, count, true);
  await server.tell('enroll', [...warm, ...users]);
  const post = client(server.port, 8);
  const halt = async ({ email, password }: Enrolled) => {
    if ((await post('/login', { email, password })).status !== 202) throw new Error('The login was not halted.');
  };
  const redis = await createClient({ url: redisUrl }).connect();
  await measure(warm, 8, halt);
  const keysBefore = new Set(await redis.keys('ptf:*'));
  const before = await server.tell<number>('heap');
  await measure(users, 8, halt);
  const after = await server.tell<number>('heap');
  const session = (await redis.keys('ptf:*')).find((key) => !keysBefore.has(key))!;
  const bytes = (await redis.memoryUsage(session)) ?? 0;
  redis.destroy();
  return [
    row(`heap of the process for each of ${count} pending logins`, `${((after - before) / count).toFixed(0)} bytes`),
    row('session in Redis of one pending login', `${bytes} bytes`),
  ];
}
