import { fork, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from '../load/cluster.js';
import type { Start } from './app-process.js';
import { count, type Tally } from './figures.js';

/** Several app processes on one cluster; each request goes to any one of them. */
export class Fleet {
  /** What clients were answered instead of a verdict. */
  readonly failed: Tally = {};
  private readonly seen: Tally[] = [];
  private readonly ports: number[] = [];
  private readonly children: ChildProcess[] = [];

  static async open(size: number, start: Start): Promise<Fleet> {
    const fleet = new Fleet();
    for (let index = 0; index < size; index += 1) {
      const child = fork(join(__dirname, 'app-process.ts'), { execArgv: ['--import', 'tsx'] });
      fleet.children.push(child);
      child.send(start);
      const [{ port }] = (await once(child, 'message')) as [{ port: number }];
      fleet.ports.push(port);
    }
    return fleet;
  }

  async setClock(now: number): Promise<void> {
    await Promise.all(
      this.children.map(async (child, index) => {
        child.send(now);
        const [{ seen }] = (await once(child, 'message')) as [{ seen: Tally }];
        this.seen[index] = seen;
      }),
    );
  }

  /** The errors of the database that the library met until the clock was set the last time. */
  get errors(): Tally {
    const sum: Tally = {};
    for (const seen of this.seen)
      for (const [error, times] of Object.entries(seen)) sum[error] = (sum[error] ?? 0) + times;
    return sum;
  }

  post(path: string, body: object, cookie = ''): Promise<Answer | undefined> {
    return this.send(path, cookie, { method: 'POST', body: JSON.stringify(body) });
  }

  me(cookie: string): Promise<Answer | undefined> {
    return this.send('/me', cookie, {});
  }

  stop(): void {
    for (const child of this.children) child.disconnect();
  }

  /** @returns undefined for a 500: nobody can tell how far the request came */
  private async send(path: string, cookie: string, init: RequestInit): Promise<Answer | undefined> {
    const port = this.ports[randomInt(this.ports.length)]!;
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      ...init,
      headers: { 'content-type': 'application/json', cookie },
    });
    const { error, id } = (await response.json()) as { error?: { code?: string }; id?: string };
    if (response.status >= 500) {
      count(this.failed, error?.code ?? response.status);
      await delay(100);
      return undefined;
    }
    return {
      status: response.status,
      code: error?.code,
      id,
      cookie: response.headers.getSetCookie()[0]?.split(';', 1)[0] ?? cookie,
    };
  }
}
