import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { createConnection } from 'mysql2/promise';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKey, twoFactorMigrations } from 'passport-two-factor';
import { databases, type CreatedDatabase } from '../support/databases.js';
import { expectAsTold, totp, wrongTotp } from './codes.js';
import { readmeCalls, runToEnd, start, type Running } from './example.js';

const password = 'correct horse';
const REDIS_URL = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';

interface Answer {
  readonly status: number;
  readonly worker: number;
  readonly body: ReturnType<typeof JSON.parse>;
}

interface Call {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly json?: unknown;
  readonly cookie?: string | undefined;
  readonly agent: Agent;
}

/** With node:http, since `fetch` does not tell connections apart, and a connection belongs to one worker. */
async function send({ url, method, json, cookie, agent }: Call): Promise<Answer & { cookie: string | undefined }> {
  const headers = {
    ...(json !== undefined && { 'content-type': 'application/json' }),
    ...(cookie !== undefined && { cookie }),
  };
  const call = request(url, { method, headers, agent });
  call.end(json === undefined ? undefined : JSON.stringify(json));
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) text += chunk;
  return {
    status: response.statusCode!,
    worker: Number(response.headers['x-worker']),
    body: JSON.parse(text),
    cookie: response.headers['set-cookie']?.[0]?.split(';')[0],
  };
}

/** A new connection to this worker, or to any. The primary hands connections to its workers in turn. */
async function connect(url: string, worker?: number): Promise<Agent> {
  for (let tries = 0; tries < 50; tries++) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    if (worker === undefined) return agent;
    const { worker: reached } = await send({ url: `${url}/me`, method: 'GET', agent });
    if (reached === worker) return agent;
    agent.destroy();
  }
  throw new Error(`Worker ${worker} does not answer.`);
}

/** A user's client, whose every request goes by a connection of its own to the worker that it names. */
class Client {
  private cookie: string | undefined;

  constructor(private readonly url: string) {}

  post = (path: string, json: unknown = {}, worker?: number): Promise<Answer> => this.call('POST', path, worker, json);
  get = (path: string, worker?: number): Promise<Answer> => this.call('GET', path, worker);

  private async call(
    method: Call['method'],
    path: string,
    worker: number | undefined,
    json?: unknown,
  ): Promise<Answer> {
    const agent = await connect(this.url, worker);
    const { cookie, ...answer } = await send({ url: this.url + path, method, json, cookie: this.cookie, agent });
    agent.destroy();
    if (worker !== undefined) expect(answer.worker).toBe(worker);
    this.cookie = cookie ?? this.cookie;
    return answer;
  }
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe.each(databases.filter(({ name }) => name === 'mariadb'))(
  'two processes on one $name and one Redis',
  { timeout: 120_000 },
  (database) => {
    let created: CreatedDatabase;
    let redis: ReturnType<typeof createClient>;
    let app: Running;
    let env: Record<string, string>;
    const REDIS_PREFIX = `test:${randomBytes(6).toString('hex')}:`;

    beforeAll(async () => {
      created = await database.create();
      redis = createClient({ url: REDIS_URL, socket: { reconnectStrategy: false } });
      await redis.connect();
      const { url: DATABASE_URL } = created.options as { url: string };
      env = { DATABASE_URL, REDIS_URL, REDIS_PREFIX, TWO_FACTOR_KEYS: generateKey('k1') };
      app = await start('cluster', env);
    }, 90_000);
    afterAll(async () => {
      await app.stop();
      const left = await redis.keys(`${REDIS_PREFIX}*`);
      if (left.length > 0) await redis.del(left);
      await redis.close();
      await created.drop();
    });

    const notLoggedIn = { status: 401, body: { error: { code: 'NOT_LOGGED_IN' } } };

    /** The pids that answer, told by a row of connections. */
    async function workers(url = app.url): Promise<number[]> {
      const seen = new Set<number>();
      for (let tries = 0; tries < 10; tries++) seen.add((await new Client(url).get('/me')).worker);
      return [...seen].sort((a, b) => a - b);
    }

    async function both(): Promise<[number, number]> {
      const found = await workers();
      expect(found).toHaveLength(2);
      return found as [number, number];
    }

    /** An account with an authenticator app whose present code is spent, logged out. */
    async function enrolled(email: string): Promise<{ secret: string; backupCodes: string[] }> {
      const client = new Client(app.url);
      expect((await client.post('/signup', { email, password })).status).toBe(201);
      const { secret } = (await client.post('/2fa/totp')).body;
      const { backupCodes } = (await client.post('/2fa/totp/confirm', { code: totp(secret) })).body;
      await client.post('/logout');
      return { secret, backupCodes };
    }

    async function halted(email: string, worker?: number): Promise<Client> {
      const client = new Client(app.url);
      expect(await client.post('/login', { email, password }, worker)).toMatchObject({
        status: 202,
        body: { requiresTwoFactor: true },
      });
      return client;
    }

    it('answers as its README tells, line by line', async () => {
      const client = new Client(app.url);
      const calls = readmeCalls('cluster');
      expect(calls.length).toBeGreaterThan(7);
      let secret = '';
      let steps = 0;
      for (const { method, path, json, told } of calls) {
        const filled = json?.code === undefined ? json : { code: totp(secret, steps++) };
        const { body } = method === 'GET' ? await client.get(path) : await client.post(path, filled);
        expectAsTold(body, told);
        if (path === '/2fa/totp') ({ secret } = body);
      }
    });

    it('migrates once for all of them', async () => {
      const connection = await createConnection({ uri: env.DATABASE_URL! });
      const [tables] = await connection.query({ sql: 'SHOW TABLES', rowsAsArray: true });
      const [migrations] = await connection.query({ sql: 'SELECT name FROM cluster_migrations', rowsAsArray: true });
      await connection.end();
      expect((tables as string[][]).flat().sort()).toEqual([
        'cluster_migrations',
        'cluster_two_factor_accounts',
        'cluster_two_factor_authenticators',
        'cluster_two_factor_backup_codes',
        'cluster_two_factor_challenges',
        'cluster_two_factor_quotas',
        'cluster_users',
      ]);
      expect(migrations).toHaveLength(1 + twoFactorMigrations().length);
    });

    it('finishes by one process a login that another one has begun', async () => {
      const email = 'across@example.com';
      const { secret, backupCodes } = await enrolled(email);
      const [first, second] = await both();
      for (const [begins, finishes, code] of [
        [first, second, totp(secret, 1)],
        [second, first, backupCodes[0]],
      ] as const) {
        const client = await halted(email, begins);
        expect(await client.get('/me', finishes)).toMatchObject(notLoggedIn);
        expect(await client.get('/vault', finishes)).toMatchObject(notLoggedIn);
        expect(await client.post('/2fa', { code }, finishes)).toMatchObject({
          status: 200,
          body: { email, worker: finishes },
        });
        for (const worker of [first, second]) {
          expect(await client.get('/me', worker)).toMatchObject({ status: 200, body: { email, worker } });
          expect((await client.get('/vault', worker)).status).toBe(200);
        }
      }
      expect(await redis.keys(`${REDIS_PREFIX}session:*`)).not.toEqual([]);
    });

    it('takes a code once over both, at the same time and afterwards', async () => {
      const email = 'once@example.com';
      const { secret } = await enrolled(email);
      const [first, second] = await both();
      const clients = [await halted(email, first), await halted(email, second)] as const;
      const code = totp(secret, 1);
      const answers = await Promise.all([
        clients[0].post('/2fa', { code }, second),
        clients[1].post('/2fa', { code }, first),
      ]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
      expect(answers.find(({ status }) => status === 401)!.body.error.code).toBe('INVALID_CODE');
      for (const worker of [first, second]) {
        const late = await halted(email, worker);
        expect(await late.post('/2fa', { code }, worker)).toMatchObject({
          status: 401,
          body: { error: { code: 'INVALID_CODE' } },
        });
        expect(await late.get('/me', worker)).toMatchObject(notLoggedIn);
      }
    });

    it('counts wrong codes over both', async () => {
      const email = 'guesses@example.com';
      const { secret } = await enrolled(email);
      const pair = await both();
      for (let guess = 0; guess < 5; guess++) {
        const worker = pair[guess % 2]!;
        const client = await halted(email, worker);
        expect(await client.post('/2fa', { code: wrongTotp(secret) }, worker)).toMatchObject({
          status: 401,
          body: { error: { code: 'INVALID_CODE' } },
        });
      }
      for (const worker of pair) {
        const client = await halted(email, worker);
        expect(await client.post('/2fa', { code: totp(secret, 1) }, worker)).toMatchObject({
          status: 429,
          body: { error: { code: 'TOO_MANY_ATTEMPTS' } },
        });
      }
    });

    it('takes by one process a code that another one has sent', async () => {
      const email = 'mail@example.com';
      const [first, second] = await both();
      const client = new Client(app.url);
      await client.post('/signup', { email, password });
      expect((await client.post('/2fa/email')).body).toEqual({ maskedContact: 'm***@example.com', verified: true });
      const other = await halted(email, first);
      const { body } = await new Client(app.url).get('/outbox', second);
      const { text } = (body as { to: string; text: string }[]).find(({ to }) => to === email)!;
      expect(await other.post('/2fa', { code: /\d{6}/.exec(text)![0] }, second)).toMatchObject({
        status: 200,
        body: { email },
      });
    });

    it('loses no login to a process that is killed in between, and puts another one in its place', async () => {
      const { secret, backupCodes } = await enrolled('killed@example.com');
      const [victim, survivor] = await both();
      const begun = await halted('killed@example.com', victim);
      const alsoBegun = await halted('killed@example.com', victim);
      process.kill(victim, 'SIGKILL');
      expect(await begun.post('/2fa', { code: totp(secret, 1) }, survivor)).toMatchObject({
        status: 200,
        body: { worker: survivor },
      });

      const told = new RegExp(`^Worker ${victim} ended \\(SIGKILL\\); worker (\\d+) has taken its place\\.$`, 'm');
      await expect.poll(() => app.output(), { timeout: 60_000 }).toMatch(told);
      const successor = Number(told.exec(app.output())![1]);
      expect(await workers()).toEqual([survivor, successor].sort((a, b) => a - b));
      expect(await begun.get('/vault', successor)).toMatchObject({ status: 200 });
      expect(await alsoBegun.post('/2fa', { code: backupCodes[0] }, successor)).toMatchObject({
        status: 200,
        body: { worker: successor },
      });
    });

    it('refuses what is wrong in JSON', async () => {
      const client = new Client(app.url);
      await client.post('/signup', { email: 'wrong@example.com', password });
      expect(await client.post('/signup', { email: 'wrong@example.com', password })).toMatchObject({ status: 400 });
      expect(await client.post('/2fa/totp/confirm', { code: 123456 })).toMatchObject({
        status: 400,
        body: { error: { code: 'INVALID_INPUT' } },
      });
      expect(await client.post('/login', { email: 'wrong@example.com', password: 'x' })).toMatchObject({
        status: 401,
        body: { error: { code: 'INVALID_CREDENTIALS' } },
      });
      expect(await client.get('/nowhere')).toMatchObject({ status: 404, body: { error: { code: 'NOT_FOUND' } } });
    });

    it('starts as many as PROCESSES says, on tables that are there already, and takes all of them along when it is stopped', async () => {
      const other = await start('cluster', { ...env, PROCESSES: '3' });
      const pids = await workers(other.url);
      expect(pids).toHaveLength(3);
      expect(pids.map(isAlive)).toEqual([true, true, true]);
      await other.stop();
      expect(pids.map(isAlive)).toEqual([false, false, false]);
      expect(other.output()).toBe(`Open ${other.url}\n`);
    });

    it('says which variable to set when Redis does not answer, without the password', async () => {
      const { exitCode, output } = await runToEnd('cluster', { ...env, REDIS_URL: 'redis://:topsecret@127.0.0.1:1' });
      expect({ exitCode, output }).toEqual({
        exitCode: 1,
        output: 'Redis cannot be used (ECONNREFUSED): set REDIS_URL=redis://:password@host:6379.\n',
      });
    });
  },
);

describe('the cluster without what it needs', () => {
  it('says which variable to set when MySQL does not answer, without the password', async () => {
    const { exitCode, output } = await runToEnd('cluster', { DATABASE_URL: 'mysql://root:topsecret@127.0.0.1:1/test' });
    expect({ exitCode, output }).toEqual({
      exitCode: 1,
      output: 'MySQL cannot be used (ECONNREFUSED): set DATABASE_URL=mysql://user:password@host:3306/database.\n',
    });
  }, 120_000);

  it('says so when PROCESSES is no number of processes', async () => {
    expect(await runToEnd('cluster', { PROCESSES: '0' })).toEqual({
      exitCode: 1,
      output: 'PROCESSES must be a number from 1 to 64; got "0".\n',
    });
  }, 120_000);
});
