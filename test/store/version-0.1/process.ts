import { fork, type ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';
import type { DataSourceOptions } from 'typeorm';

interface Told {
  readonly rounds?: number;
  readonly ended?: number;
  readonly error?: string;
}

/** A process of version 0.1 that writes until it is stopped. */
export class OldProcess {
  private rounds = 0;
  private heard: (told: Told) => void = () => undefined;

  private constructor(private readonly child: ChildProcess) {}

  static start(options: DataSourceOptions): OldProcess {
    const child = fork(resolve(__dirname, 'writer.ts'), { cwd: resolve(__dirname, '../../..'), execArgv: ['--import', 'tsx'] });
    const old = new OldProcess(child);
    child.on('message', (told: Told) => {
      old.rounds = told.rounds ?? old.rounds;
      old.heard(told);
    });
    child.send(options);
    return old;
  }

  /** Waits until it has gone this many more rounds. */
  async writes(more: number): Promise<void> {
    const wanted = this.rounds + more;
    await this.until(({ rounds = 0 }) => rounds >= wanted);
  }

  /** @returns how many users it has written */
  async stop(): Promise<number> {
    const ended = this.until(({ ended }) => ended !== undefined);
    this.child.send('stop');
    return (await ended).ended ?? 0;
  }

  /** Ends it, wherever it is. */
  kill(): void {
    this.child.kill('SIGKILL');
  }

  private until(met: (told: Told) => boolean): Promise<Told> {
    return new Promise((done, fail) => {
      this.child.once('exit', (code) => { fail(new Error(`The old process has ended with ${String(code)}.`)); });
      this.heard = (told) => {
        if (told.error !== undefined) fail(new Error(told.error));
        else if (met(told)) done(told);
      };
    });
  }
}
