import type { DataSource, QueryResult } from 'typeorm';
import { now, pause } from './waiting.js';

/** What is used of the one connection that better-sqlite3 and TypeORM give to a whole app. */
interface Connection {
  readonly inTransaction: boolean;
  prepare(sql: string): object;
}

const patience = 2000;
const interval = 2;
/** Ends our statements, so that the same text written by the app is not taken for one. */
const mark = ' /* two-factor */';

class TransactionOpenError extends Error {}

/** Whether all requests of the app share one connection. */
export const isShared = (db: DataSource): boolean => db.options.type === 'better-sqlite3';

/**
 * Runs one statement while no transaction is open on the shared connection. Inside of one it would be rolled back
 * with it: counts of wrong codes and spent codes would come back. A transaction that takes longer than 2 s is an
 * error.
 */
export async function onSharedConnection(db: DataSource, sql: string, parameters: unknown[]): Promise<QueryResult> {
  const until = now() + patience;
  for (;;) {
    const connection = guarded(db);
    if (!connection.inTransaction) {
      try {
        return await db.createQueryRunner('master').query(sql + mark, parameters, true);
      } catch (error) {
        // One began after the look above: TypeORM awaits a few things before it runs the statement.
        if (!isRefusal(error)) throw error;
      }
    }
    if (now() >= until) throw tooLong();
    await pause(interval);
  }
}

const guards = new WeakSet<Connection>();

/** The app's connection, which from now on refuses our statements while a transaction is open. */
function guarded(db: DataSource): Connection {
  const { databaseConnection: connection } = db.driver as { databaseConnection?: Connection };
  if (typeof connection?.inTransaction !== 'boolean' || typeof connection.prepare !== 'function') {
    throw new Error('The driver of the DataSource does not tell whether a transaction is open: use better-sqlite3.');
  }
  if (!guards.has(connection)) {
    const prepare = connection.prepare.bind(connection);
    connection.prepare = (sql) => (sql.endsWith(mark) ? alone(connection, prepare(sql)) : prepare(sql));
    guards.add(connection);
  }
  return connection;
}

/**
 * The prepared statement, which looks for a transaction in the very step that runs it. better-sqlite3 runs statements
 * at once, so that nothing can begin between the look and the statement.
 */
function alone(connection: Connection, statement: object): object {
  return new Proxy(statement, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...given: unknown[]): unknown => {
        if (connection.inTransaction) throw new TransactionOpenError('A transaction of the app is open.');
        return Reflect.apply(member, target, given);
      };
    },
  });
}

function isRefusal(error: unknown): boolean {
  const { driverError } = (error ?? {}) as { driverError?: unknown };
  return error instanceof TransactionOpenError || driverError instanceof TransactionOpenError;
}

const tooLong = (): Error =>
  new Error(
    'A transaction of the app has been open for 2 s on the connection that TypeORM shares on SQLite. What the ' +
      'second factor' +
      ' writes inside of it would be rolled back with it, so nothing was written. Keep transactions short, and ' +
      'do not await the' +
      ' second factor inside of one.',
  );
