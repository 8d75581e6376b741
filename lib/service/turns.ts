/** One piece of work at a time for each key; the others wait for their turn. */
export class Turns {
  private readonly last = new Map<string, Promise<unknown>>();

  isTaken(key: string): boolean {
    return this.last.has(key);
  }

  /** Waits until the work that was begun or waits by now is done. */
  async ended(key: string): Promise<void> {
    await this.last.get(key);
  }

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.last.get(key) ?? Promise.resolve()).then(work);
    const ended = turn.catch(() => undefined);
    this.last.set(key, ended);
    try {
      return await turn;
    } finally {
      if (this.last.get(key) === ended) this.last.delete(key);
    }
  }
}
