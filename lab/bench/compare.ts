import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { defaultTotpParameters, timeStep, totpAt } from '../../lib/core/totp.js';
import { client, measure, median, percentile, perSecond, row, ServerProcess, type Measured } from './client.js';

const concurrencies = [1, 16, 64] as const;
const rounds = Number(process.env.ROUNDS ?? 3);
/** Logins of one measurement, at each concurrency; a right code stays valid that long. */
const some = Number(process.env.LOGINS ?? 600);
const logins = { 1: Math.ceil(some / 3), 16: some, 64: some } as const;

/** Logins before anything is measured: until the code is compiled, a request costs twice as much. */
const warmUp = 600;

interface User {
  readonly id: number;
  readonly email: string;
  readonly password: string;
  readonly secret: string;
}

/** One way to log in on one side: what is posted at each of the two steps. */
interface Side {
  readonly name: string;
  readonly server: ServerProcess;
  readonly users: User[];
  readonly login: { path: string; status: number };
  readonly verify: { path: string };
  /** The key that the authenticator app of this user would have. */
  readonly key: (user: User) => Buffer;
  next: number;
}

interface Result {
  readonly login: Map<number, Measured[]>;
  readonly verify: Map<number, Measured[]>;
  /** Milliseconds of the server's processor for one request, at concurrency 16: what else the machine does adds nothing to it. */
  readonly cpu: { login: number[]; verify: number[] };
  statements: { login: number; verify: number };
}

const code = (side: Side, user: User): string =>
  totpAt(side.key(user), timeStep(Date.now(), 30), defaultTotpParameters);

function take(side: Side, count: number): User[] {
  const taken = side.users.slice(side.next, side.next + count);
  side.next += count;
  if (taken.length < count) throw new Error('Too few users for so many rounds.');
  return taken;
}

interface Round {
  readonly login: Measured;
  readonly verify: Measured;
  readonly cpu: { login: number; verify: number };
}

async function logInAll(side: Side, users: User[], concurrency: number): Promise<Round> {
  const post = client(side.server.port, concurrency);
  const cookies = new Map<User, string>();
  const used = () => side.server.tell<number>('cpu');
  const before = await used();
  const login = await measure(users, concurrency, async (user) => {
    const halted = await post(side.login.path, { email: user.email, password: user.password });
    if (halted.status !== side.login.status)
      throw new Error(`${side.name}: login answered ${halted.status} ${halted.body}`);
    cookies.set(user, halted.cookies);
  });
  const between = await used();
  const verify = await measure(users, concurrency, async (user) => {
    const done = await post(side.verify.path, { code: code(side, user) }, cookies.get(user));
    if (done.status !== 200) throw new Error(`${side.name}: verify answered ${done.status} ${done.body}`);
  });
  const after = await used();
  return { login, verify, cpu: { login: (between - before) / users.length, verify: (after - between) / users.length } };
}

/** Statements of one login and of one verification, sent by the server's database driver. */
async function countStatements(side: Side): Promise<Result['statements']> {
  const post = client(side.server.port, 1);
  const [user] = take(side, 1);
  const counted = async <T>(work: () => Promise<T>): Promise<[T, number]> => {
    const before = await side.server.tell<number>('statements');
    const result = await work();
    return [result, (await side.server.tell<number>('statements')) - before];
  };
  const [halted, login] = await counted(() => post(side.login.path, { email: user!.email, password: user!.password }));
  const [done, verify] = await counted(() => post(side.verify.path, { code: code(side, user!) }, halted.cookies));
  if (done.status !== 200) throw new Error(`${side.name}: verify answered ${done.status} ${done.body}`);
  return { login, verify };
}

export interface Place {
  readonly databaseUrl: () => Promise<string>;
  readonly redisUrl: string;
  readonly keys: string;
}

/** Starts both sides with their sessions in one kind of place. */
async function sides(sessions: 'database' | 'redis', { databaseUrl, redisUrl, keys }: Place): Promise<Side[]> {
  const env = { SESSIONS: sessions, REDIS_URL: redisUrl, PENDING: 'database' };
  const [ours, theirs] = await Promise.all([
    databaseUrl().then((url) =>
      ServerProcess.start(join(__dirname, 'app-server.ts'), { ...env, DATABASE_URL: url, KEYS: keys, SYNC: '1' }),
    ),
    databaseUrl().then((url) =>
      ServerProcess.start(join(__dirname, 'better-auth/server.mjs'), { ...env, DATABASE_URL: url }),
    ),
  ]);
  const needed = rounds * concurrencies.reduce((sum, concurrency) => sum + logins[concurrency], 0) + warmUp + 1;
  const people = (from: number) =>
    Array.from({ length: needed }, (_, index): User => ({
      id: from + index,
      email: `user${from + index}@example.com`,
      password: 'correct horse',
      secret: randomBytes(20).toString('base64'),
    }));
  const strategyUsers = people(1);
  const callUsers = people(1_000_001);
  const bareUsers = people(2_000_001);
  await ours.tell('enroll', [...strategyUsers, ...callUsers, ...bareUsers]);
  const theirUsers = people(1);
  // Their secret is a text whose bytes are the key.
  await theirs.tell(
    'enroll',
    theirUsers.map((user) => ({ ...user, id: String(user.id) })),
  );
  const bytes = ({ secret }: User) => Buffer.from(secret, 'base64');
  return [
    {
      name: 'by the strategy',
      server: ours,
      users: strategyUsers,
      login: { path: '/login', status: 202 },
      verify: { path: '/2fa' },
      key: bytes,
      next: 0,
    },
    {
      name: 'by hand, unchecked',
      server: ours,
      users: bareUsers,
      login: { path: '/bare-login', status: 202 },
      verify: { path: '/bare-verify' },
      key: bytes,
      next: 0,
    },
    {
      name: 'by two calls',
      server: ours,
      users: callUsers,
      login: { path: '/auth-login', status: 202 },
      verify: { path: '/verify-2fa' },
      key: bytes,
      next: 0,
    },
    {
      name: 'better-auth',
      server: theirs,
      users: theirUsers,
      login: { path: '/api/auth/sign-in/email', status: 200 },
      verify: { path: '/api/auth/two-factor/verify-totp' },
      key: ({ secret }) => Buffer.from(secret),
      next: 0,
    },
  ];
}

export async function compare(sessions: 'database' | 'redis', place: Place): Promise<string[]> {
  const all = await sides(sessions, place);
  try {
    const results = new Map<Side, Result>(
      all.map((side) => [
        side,
        { login: new Map(), verify: new Map(), cpu: { login: [], verify: [] }, statements: { login: 0, verify: 0 } },
      ]),
    );
    for (const side of all) {
      await logInAll(side, take(side, warmUp), 16);
      results.get(side)!.statements = await countStatements(side);
    }
    // The sides take turns within a round, so that what else the machine does falls on all of them.
    for (let round = 0; round < rounds; round += 1) {
      for (const concurrency of concurrencies) {
        for (const side of all) {
          const { login, verify, cpu } = await logInAll(side, take(side, logins[concurrency]), concurrency);
          const result = results.get(side)!;
          result.login.set(concurrency, [...(result.login.get(concurrency) ?? []), login]);
          result.verify.set(concurrency, [...(result.verify.get(concurrency) ?? []), verify]);
          if (concurrency !== 16) continue;
          result.cpu.login.push(cpu.login);
          result.cpu.verify.push(cpu.verify);
        }
      }
    }
    return print(sessions, all, results);
  } finally {
    for (const server of new Set(all.map((side) => side.server))) server.stop();
  }
}

function print(sessions: string, all: readonly Side[], results: ReadonlyMap<Side, Result>): string[] {
  const theirs = results.get(all.at(-1)!)!;
  const lines = [
    `Sessions in ${sessions === 'redis' ? 'Redis, pending logins in the database' : 'the database'}, on both sides:`,
    '',
    row(
      'step',
      'side',
      'statements',
      'server CPU ms',
      'concurrency',
      'median ms',
      'p99 ms',
      'a second',
      'median: times faster',
      'throughput: times',
    ),
    row(...Array<string>(10).fill('---')),
  ];
  for (const step of ['login', 'verify'] as const) {
    for (const concurrency of concurrencies) {
      const base = best(theirs[step].get(concurrency)!);
      for (const side of all) {
        const result = results.get(side)!;
        const { half, late, rate } = best(result[step].get(concurrency)!);
        const name = step === 'login' ? 'halted login' : 'verify + complete';
        lines.push(
          row(
            name,
            side.name,
            String(result.statements[step]),
            concurrency === 16 ? median(result.cpu[step]) : '',
            String(concurrency),
            half,
            late,
            rate,
            base.half / half,
            rate / base.rate,
          ),
        );
      }
    }
  }
  return [...lines, ''];
}

/** Figure by figure the best round: whatever else the machine does makes a round slower, never faster. */
const best = (measured: readonly Measured[]) => ({
  half: Math.min(...measured.map(({ latencies }) => percentile(latencies, 0.5))),
  late: Math.min(...measured.map(({ latencies }) => percentile(latencies, 0.99))),
  rate: Math.max(...measured.map(perSecond)),
});
