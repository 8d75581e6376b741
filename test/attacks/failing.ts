import { MemoryStore, type SessionData } from 'express-session';
import type { DataSource, QueryRunner } from 'typeorm';

/** Whether the failing statement has had its effect: a connection may be lost before the statement or before its answer. */
export type Moment = 'before' | 'after';

/** Counts the statements of a DataSource, the library's and the app's, and does something at the nth one: by default, it fails. */
export class FailingDatabase {
  count = 0;
  private nth = 0;
  private moment: Moment = 'before';
  private act: (() => Promise<void>) | undefined;
  private readonly wrapped = new WeakSet<QueryRunner>();

  constructor(db: DataSource) {
    const create = db.createQueryRunner.bind(db);
    db.createQueryRunner = (mode) => this.wrap(create(mode));
  }

  /** The `nth` statement from now on fails; 0: none. */
  arm(nth: number, moment: Moment = 'before', act?: () => Promise<void>): void {
    this.count = 0;
    this.nth = nth;
    this.moment = moment;
    this.act = act;
  }

  get hasFailed(): boolean {
    return this.nth > 0 && this.count >= this.nth;
  }

  // SQLite's driver has one query runner for all.
  private wrap(runner: QueryRunner): QueryRunner {
    if (this.wrapped.has(runner)) return runner;
    this.wrapped.add(runner);
    const query: QueryRunner['query'] = runner.query.bind(runner);
    runner.query = (async (...args: Parameters<QueryRunner['query']>) => {
      this.count += 1;
      if (this.count !== this.nth) return query(...args);
      const answer = this.moment === 'after' ? await query(...args) : undefined;
      if (this.act) {
        // Its own statements count on, past the nth one.
        await this.act();
        return this.moment === 'after' ? answer : query(...args);
      }
      throw new Error('The connection to the database was lost.');
    }) as QueryRunner['query'];
    return runner;
  }
}

export type StoreMethod = 'get' | 'set' | 'destroy';

/** A session store whose nth call of a method from now on fails, once or from then on. */
export class FailingStore extends MemoryStore {
  private readonly calls: Record<StoreMethod, number> = { get: 0, set: 0, destroy: 0 };
  private failing: { method: StoreMethod; nth: number; lasting: boolean } | undefined;
  hasFailed = false;

  arm(method: StoreMethod, nth: number, lasting: boolean): void {
    Object.assign(this.calls, { get: 0, set: 0, destroy: 0 });
    this.failing = { method, nth, lasting };
    this.hasFailed = false;
  }

  disarm(): void {
    this.failing = undefined;
  }

  override get(id: string, done: (error: unknown, session?: SessionData | null) => void): void {
    if (this.fails('get')) done(new Error('The session store is down.'));
    else super.get(id, done);
  }

  override set(id: string, session: SessionData, done?: (error?: unknown) => void): void {
    if (this.fails('set')) done?.(new Error('The session store is down.'));
    else super.set(id, session, done);
  }

  override destroy(id: string, done?: (error?: unknown) => void): void {
    if (this.fails('destroy')) done?.(new Error('The session store is down.'));
    else super.destroy(id, done);
  }

  private fails(method: StoreMethod): boolean {
    const { failing } = this;
    this.calls[method] += 1;
    const call = this.calls[method];
    const fails = failing?.method === method && (failing.lasting ? call >= failing.nth : call === failing.nth);
    this.hasFailed ||= fails;
    return fails;
  }
}
