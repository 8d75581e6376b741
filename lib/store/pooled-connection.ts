import type { DataSource, QueryResult, QueryRunner } from 'typeorm';
import { within } from './waiting.js';

const patience = 2500;

/** Runs one autocommit statement on a connection of the pool. */
export async function onPooledConnection(db: DataSource, sql: string, parameters: unknown[]): Promise<QueryResult> {
  const runner = db.createQueryRunner('master');
  const connection = await connect(runner);
  try {
    if (db.options.type !== 'postgres') await checkSession(connection);
    refuseTransaction(connection);
    const result = await runner.query(sql, parameters, true);
    refuseTransaction(result.raw);
    return result;
  } finally {
    await runner.release();
  }
}

async function connect(runner: QueryRunner): Promise<unknown> {
  const connecting: Promise<unknown> = runner.connect();
  try {
    return await within(connecting, patience, tooLong);
  } catch (error) {
    // One that is handed over later goes straight back, or the pool would be one short for ever.
    connecting.then(() => runner.release()).catch(() => undefined);
    throw error;
  }
}

const tooLong = (): Error =>
  new Error(
    'The pool of the DataSource had no free connection for 2.5 s. Do not await the second factor inside of a ' +
      'transaction: it' +
      ' needs a connection of its own, and as many such transactions as the pool has connections wait for each ' +
      'other. Else' +
      ' give the pool more connections (poolSize).',
  );

interface MySqlConnection {
  query(sql: string, done: (error: Error | null, rows: unknown) => void): unknown;
}

const checked = new WeakSet<object>();
const settings = "SELECT CONCAT('sql_mode=', @@sql_mode, ',autocommit=', @@autocommit) AS settings";

/** Modes of MySQL and MariaDB in which our statements would mean something else. */
const unsafe: readonly (readonly [setting: RegExp, reason: string])[] = [
  [
    /\bNO_BACKSLASH_ESCAPES\b/,
    'sql_mode NO_BACKSLASH_ESCAPES: the driver escapes quotes by a backslash, so a text could end its value',
  ],
  [/\bEMPTY_STRING_IS_NULL\b/, "sql_mode EMPTY_STRING_IS_NULL: '' means none in the tables of the second factor"],
  [/\bautocommit=(0|OFF)/, 'autocommit = 0: what the second factor writes could be rolled back by others'],
];

/** Asks each connection of MySQL once how it is set up: a hook of the pool may have changed what the server says. */
async function checkSession(connection: unknown): Promise<void> {
  const mysql = connection as MySqlConnection & object;
  if (checked.has(mysql)) return;
  const rows = await new Promise((resolve, reject) => {
    mysql.query(settings, (error, found) => {
      if (error) reject(error);
      else resolve(found);
    });
  });
  const told = JSON.stringify(rows) as string | undefined;
  if (told?.includes('sql_mode=') !== true)
    throw new Error('The database driver does not tell the settings of its connection.');
  const [, reason] = unsafe.find(([setting]) => setting.test(told)) ?? [];
  if (reason !== undefined) throw new TypeError(`db must be a DataSource whose connections do not have ${reason}`);
  checked.add(mysql);
}

const inTransaction = 1; // SERVER_STATUS_IN_TRANS of the protocol of MySQL

/**
 * Somebody has left a transaction open on a connection of the pool: what we write there can be rolled back by a
 * stranger. PostgreSQL's driver tells before the statement, MySQL's after it; either way nothing is answered that is
 * not committed.
 */
function refuseTransaction(told: unknown): void {
  const { getTransactionStatus, serverStatus } = (told ?? {}) as {
    getTransactionStatus?: () => unknown;
    serverStatus?: number;
  };
  const status = typeof getTransactionStatus === 'function' ? getTransactionStatus.call(told) : undefined;
  if (status === 'T' || status === 'E' || (typeof serverStatus === 'number' && (serverStatus & inTransaction) !== 0)) {
    throw new Error(
      'A connection of the pool was given back with a transaction left open: begin transactions by ' +
        '"dataSource.transaction".',
    );
  }
}
