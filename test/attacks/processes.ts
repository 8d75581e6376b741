import { fork, type ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';
import request from 'supertest';
import type { Agent } from '../support/app.js';
import type { Start } from './worker.js';

/** The app in a process of its own. */
export class Worker {
  private constructor(
    private readonly child: ChildProcess,
    private readonly url: string,
  ) {}

  static async open(start: Start): Promise<Worker> {
    const child = fork(resolve(__dirname, 'worker.ts'), {
      cwd: resolve(__dirname, '../..'),
      execArgv: ['--import', 'tsx'],
    });
    const port = await new Promise<number>((done, fail) => {
      child.once('message', done);
      child.once('exit', (code) => {
        fail(new Error(`The worker ended with ${String(code)} before it listened.`));
      });
      child.send(start);
    });
    return new Worker(child, `http://127.0.0.1:${String(port)}`);
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  agent(): Agent {
    return request.agent(this.url);
  }

  /** Tells the worker the time, which it has when this is done. */
  async setTime(now: number): Promise<void> {
    const told = new Promise((done) => {
      this.child.once('message', done);
    });
    this.child.send(now);
    await told;
  }

  async close(): Promise<void> {
    const ended = new Promise((done) => {
      this.child.once('exit', done);
    });
    this.child.disconnect();
    await ended;
  }
}
