import type { DataSource, QueryRunner } from 'typeorm';

/** What each driver throws where the database gave up a statement for another one, as TypeORM hands it on. */
export const transient: Record<string, () => Error> = {
  'a deadlock on MySQL (1213)': () => driverError({ code: 'ER_LOCK_DEADLOCK', errno: 1213 }),
  'a lock wait timeout on MySQL (1205)': () => driverError({ code: 'ER_LOCK_WAIT_TIMEOUT', errno: 1205 }),
  'a changed row on MariaDB (1020)': () => driverError({ code: 'ER_CHECKREAD', errno: 1020 }),
  'a serialization failure on PostgreSQL (40001)': () => driverError({ code: '40001' }),
  'a deadlock on PostgreSQL (40P01)': () => driverError({ code: '40P01' }),
  'a busy SQLite database': () => driverError({ code: 'SQLITE_BUSY' }),
  'a busy SQLite snapshot': () => driverError({ code: 'SQLITE_BUSY_SNAPSHOT' }),
};

/** Errors after which nobody knows whether the statement took effect, or that repeating it would not mend. */
export const lasting: Record<string, () => Error> = {
  'a lost connection to MySQL': () => driverError({ code: 'PROTOCOL_CONNECTION_LOST', errno: 2013 }),
  'a reset connection': () => driverError({ code: 'ECONNRESET', errno: -104 }),
  'a commit on MySQL whose outcome nobody knows (1180)': () =>
    driverError({ code: 'ER_ERROR_DURING_COMMIT', errno: 1180 }),
  'a refused connection': () => driverError({ code: 'ECONNREFUSED', errno: -111 }),
  'a server of PostgreSQL that shuts down (57P01)': () => driverError({ code: '57P01' }),
  'a failed connection to PostgreSQL (08006)': () => driverError({ code: '08006' }),
  'a missing table': () => driverError({ code: 'ER_NO_SUCH_TABLE', errno: 1146 }),
  'a full disk': () => driverError({ code: 'SQLITE_FULL' }),
  'a plain error': () => new Error('broken'),
};

/** TypeORM wraps what the driver threw, and also copies its members on the wrapping error. */
export function driverError(members: { code?: string; errno?: number }): Error {
  const driver = Object.assign(new Error('the database said no'), members);
  return Object.assign(new Error('the database said no'), { driverError: driver }, members);
}

export interface Fault {
  /** Statements that it was thrown for. */
  thrown: number;
  /** Heals the DataSource. */
  end(): void;
}

/** Makes every statement that `matches` throw, `times` times. Statements are caught where drivers run them. */
export function failing(db: DataSource, matches: RegExp, error: () => Error, times = Infinity): Fault {
  const createQueryRunner = db.createQueryRunner.bind(db);
  // SQLite's driver hands out one runner again and again.
  const patched = new Map<QueryRunner, QueryRunner['query']>();
  const fault: Fault = {
    thrown: 0,
    end: () => {
      db.createQueryRunner = createQueryRunner;
      for (const [runner, query] of patched) runner.query = query;
    },
  };
  db.createQueryRunner = (mode) => {
    const runner = createQueryRunner(mode);
    if (patched.has(runner)) return runner;
    const query = runner.query.bind(runner) as (...given: unknown[]) => Promise<unknown>;
    patched.set(runner, query as QueryRunner['query']);
    runner.query = ((statement: string, ...rest: unknown[]) => {
      if (!matches.test(statement) || fault.thrown >= times) return query(statement, ...rest);
      fault.thrown += 1;
      return Promise.reject(error());
    }) as QueryRunner['query'];
    return runner;
  };
  return fault;
}
