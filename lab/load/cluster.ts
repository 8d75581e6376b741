import { fork, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { Agent, request } from 'node:http';
import { join } from 'node:path';

export interface Answer {
  readonly status: number;
  readonly code: string | undefined;
  readonly id: string | undefined;
  /** The cookie to go on with. */
  readonly cookie: string;
}

interface Member {
  child: ChildProcess;
  port: number;
  starting: boolean;
}

const pick = <T>(values: readonly T[]): T => values[randomInt(values.length)]!;

/** Several app processes; each request goes to any one of them, and any one of them may be killed at any time. */
export class Cluster {
  kills = 0;
  /** Requests whose answer was lost with the process. */
  lost = 0;
  private readonly members: Member[] = [];
  private readonly agent = new Agent({ keepAlive: true });
  private readonly restarts = new Set<Promise<void>>();

  private constructor(
    private readonly env: Record<string, string>,
    private now: number,
  ) {}

  static async start(count: number, env: Record<string, string>, now: number): Promise<Cluster> {
    const cluster = new Cluster(env, now);
    for (let i = 0; i < count; i += 1) cluster.members.push({ child: cluster.fork(), port: 0, starting: true });
    await Promise.all(cluster.members.map((member) => cluster.ready(member)));
    return cluster;
  }

  /** Sets the clock of all processes, between requests. */
  async setClock(now: number): Promise<void> {
    this.now = now;
    await Promise.all(this.restarts);
    await Promise.all(
      this.members.map(async ({ child }) => {
        const told = message<{ now: number }>(child);
        child.send({ now });
        await told;
      }),
    );
  }

  /** SIGKILL in the middle of whatever it does; another takes its place. Never the last one. */
  kill(): void {
    const live = this.members.filter(({ starting }) => !starting);
    if (live.length < 2) return;
    const member = pick(live);
    this.kills += 1;
    member.child.kill('SIGKILL');
    member.starting = true;
    member.child = this.fork();
    const restart = this.ready(member).finally(() => this.restarts.delete(restart));
    this.restarts.add(restart);
  }

  /** @returns undefined where the process died before it answered: nobody can tell how far it came */
  async post(path: string, body: object, cookie = ''): Promise<Answer | undefined> {
    return this.send('POST', path, cookie, JSON.stringify(body));
  }

  async me(cookie: string): Promise<Answer | undefined> {
    return this.send('GET', '/me', cookie, '');
  }

  async stop(): Promise<void> {
    await Promise.all(this.restarts);
    for (const { child } of this.members) child.kill('SIGKILL');
    this.agent.destroy();
  }

  private fork(): ChildProcess {
    return fork(join(__dirname, 'app-process.ts'), {
      execArgv: ['--import', 'tsx'],
      env: { ...process.env, ...this.env, NOW: String(this.now) },
    });
  }

  private async ready(member: Member): Promise<void> {
    ({ port: member.port } = await message<{ port: number }>(member.child));
    member.starting = false;
  }

  private send(method: string, path: string, cookie: string, text: string): Promise<Answer | undefined> {
    const { port } = pick(this.members.filter(({ starting }) => !starting));
    return new Promise((resolve) => {
      const lost = () => {
        this.lost += 1;
        resolve(undefined);
      };
      const req = request(
        {
          agent: this.agent,
          host: '127.0.0.1',
          port,
          path,
          method,
          headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), cookie },
        },
        (res) => {
          let received = '';
          res.setEncoding('utf8');
          res.on('data', (chunk: string) => {
            received += chunk;
          });
          res.on('error', lost);
          res.on('end', () => {
            const body = JSON.parse(received || '{}') as { error?: { code?: string }; id?: string };
            resolve({
              status: res.statusCode!,
              code: body.error?.code,
              id: body.id,
              cookie: res.headers['set-cookie']?.[0]?.split(';', 1)[0] ?? cookie,
            });
          });
        },
      );
      req.on('error', lost);
      req.end(text);
    });
  }
}

function message<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => {
      reject(new Error(`A process ended with ${String(code)}.`));
    };
    child.once('exit', ended);
    child.once('message', (value) => {
      child.off('exit', ended);
      resolve(value as T);
    });
  });
}
