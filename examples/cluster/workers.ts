import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';

/** A worker that ended before it served would do so again at once. */
const pause = 1000;
/** How long a worker may take to answer what it has begun. */
const patience = 10_000;

interface Place {
  readonly pid: number | undefined;
  /** Resolves to how it ended. */
  readonly ended: Promise<string>;
}

const running = (): Worker[] => Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);

/** So many processes of this program behind one port. */
export class Workers {
  private stopping = false;

  /** @param shared environment variables that are the same for all of them */
  constructor(private readonly shared: NodeJS.ProcessEnv) {}

  /** Resolves once all of them serve. From then on one that dies is replaced. */
  async start(count: number): Promise<void> {
    const started = await Promise.all(Array.from({ length: count }, () => this.fork()));
    for (const place of started) void this.keep(place);
  }

  /** Resolves once they have answered what they had begun, and are gone. */
  async stop(): Promise<void> {
    this.stopping = true;
    const ended = running().map((worker) => once(worker, 'exit'));
    for (const worker of running()) worker.process.kill('SIGTERM');
    const timer = setTimeout(() => {
      for (const worker of running()) worker.process.kill('SIGKILL');
    }, patience);
    await Promise.all(ended);
    clearTimeout(timer);
  }

  private async keep(first: Place): Promise<void> {
    let place = first;
    for (;;) {
      const how = await place.ended;
      const next = await this.replace();
      if (!next) return;
      console.log(`Worker ${place.pid} ended (${how}); worker ${next.pid} has taken its place.`);
      place = next;
    }
  }

  private async replace(): Promise<Place | undefined> {
    while (!this.stopping) {
      try {
        return await this.fork();
      } catch (error) {
        console.error((error as Error).message);
        await wait(pause);
      }
    }
    return undefined;
  }

  /** Rejects where the worker ends before it serves. */
  private async fork(): Promise<Place> {
    const worker = cluster.fork(this.shared);
    const ended = once(worker, 'exit').then(
      ([code, signal]) => (signal as string | null) ?? `exit code ${String(code)}`,
    );
    const failed = ended.then((how) => {
      // Nobody waits for it any more.
      if (this.stopping) return new Promise<never>(() => undefined);
      throw new Error(`Worker ${worker.process.pid} ended before it served (${how}).`);
    });
    await Promise.race([once(worker, 'listening'), failed]);
    // From here on its end is no failure.
    failed.catch(() => undefined);
    return { pid: worker.process.pid, ended };
  }
}
