import { fork, type ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as Undici from 'undici-types';

const { Pool } = createRequire(join(__dirname, 'better-auth/package.json'))('undici') as typeof Undici;

/** A server in a process of its own, told what to do by messages. */
export class ServerProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
  ) {}

  static async start(file: string, env: Record<string, string>): Promise<ServerProcess> {
    const execArgv = file.endsWith('.ts') ? ['--expose-gc', '--import', 'tsx'] : [];
    // The package as it is built: what a user's process runs.
    const built = { NODE_ENV: 'production', TSX_TSCONFIG_PATH: join(__dirname, 'tsconfig.built.json') };
    const child = fork(file, { execArgv, env: { ...process.env, ...built, ...env } });
    const { port } = await answer<{ port: number }>(child);
    return new ServerProcess(child, port);
  }

  async tell<T>(command: string, argument?: unknown): Promise<T> {
    this.child.send({ command, argument });
    const { result, error } = await answer<{ result: T; error?: string }>(this.child);
    if (error !== undefined) throw new Error(error);
    return result;
  }

  stop(): void {
    this.child.removeAllListeners('exit');
    this.child.kill('SIGKILL');
  }
}

function answer<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => {
      reject(new Error(`The server ended with ${String(code)}.`));
    };
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message as T);
    });
  });
}

export interface Answer {
  readonly status: number;
  readonly cookies: string;
  readonly body: string;
}

export type Post = (path: string, body: object, cookies?: string) => Promise<Answer>;

/**
 * A client that keeps its connections, and leaves the machine to the servers as far as it can; `Origin` is what better-auth
 * asks of a browser, so both sides get it.
 */
export function client(port: number, sockets: number): Post {
  const pool = new Pool(`http://127.0.0.1:${String(port)}`, { connections: sockets });
  return async (path, body, cookies = '') => {
    const {
      statusCode: status,
      headers,
      body: answer,
    } = await pool.request({
      path,
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', origin: 'http://127.0.0.1', ...(cookies && { cookie: cookies }) },
    });
    const set = [headers['set-cookie'] ?? []]
      .flat()
      .map((line) => line.split(';', 1)[0]!)
      .filter((pair) => !pair.endsWith('='));
    return { status, cookies: set.join('; '), body: await answer.text() };
  };
}

export interface Measured {
  /** Milliseconds, ascending. */
  readonly latencies: readonly number[];
  readonly elapsed: number;
}

/** Runs `work` on every item, `concurrency` at once, and times each. */
export async function measure<T>(
  items: readonly T[],
  concurrency: number,
  work: (item: T) => Promise<void>,
): Promise<Measured> {
  const latencies: number[] = [];
  const queue = items.values();
  const began = performance.now();
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      for (const item of queue) {
        const start = performance.now();
        await work(item);
        latencies.push(performance.now() - start);
      }
    }),
  );
  return { latencies: latencies.sort((a, b) => a - b), elapsed: performance.now() - began };
}

export const percentile = (sorted: readonly number[], p: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))]!;
export const median = (values: readonly number[]): number =>
  percentile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
export const perSecond = ({ latencies, elapsed }: Measured): number => (latencies.length / elapsed) * 1000;

/** One row of the printed table. */
export const row = (...cells: (string | number)[]): string =>
  `| ${cells.map((cell) => (typeof cell === 'number' ? cell.toFixed(cell < 10 ? 2 : cell < 100 ? 1 : 0) : cell)).join(' | ')} |`;
