import type { DataSource, QueryRunner, Table, TableColumn } from 'typeorm';

/** TypeORM 1 has renamed what 0.3 calls `connection`. */
export const dataSourceOf = (runner: QueryRunner): DataSource => {
  const { dataSource, connection } = runner as { dataSource?: DataSource; connection?: DataSource };
  const found = dataSource ?? connection;
  if (!found) throw new Error('The query runner names no DataSource.');
  return found;
};

export const isMysql = (db: DataSource): boolean => db.options.type === 'mysql' || db.options.type === 'mariadb';

/**
 * Comparisons are exact; and where a table has another collation, this one wins, so that to compare the two is no
 * error.
 */
export const exact = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';

/**
 * Makes the tables, or brings those that are there to this shape: made by an earlier version or by `synchronize`, or
 * left half done by a migration that was cut off. Columns and rows that it does not know stay.
 */
export const adopt = (runner: QueryRunner, wanted: readonly Table[]): Promise<void> =>
  inTurn(runner, wanted, (table) => adoptOne(runner, table));

/**
 * Changes one table after the other, while other processes read and write. SQLite copies a table to change it:
 * without a transaction, what is written between the copy and its end would be lost.
 */
export async function inTurn(
  runner: QueryRunner,
  tables: readonly Table[],
  change: (table: Table) => Promise<void>,
): Promise<void> {
  const db = dataSourceOf(runner);
  const isSqlite = !isMysql(db) && db.options.type !== 'postgres';
  const own = isSqlite && !runner.isTransactionActive;
  if (own) await runner.startTransaction();
  try {
    if (isSqlite) await lockSqlite(runner, tables);
    for (const table of tables) await change(table);
    if (own) await runner.commitTransaction();
  } catch (error) {
    if (own) await runner.rollbackTransaction();
    throw error;
  }
}

/**
 * SQLite refuses to write in a transaction that has read before another process wrote. One that begins by writing
 * waits.
 */
async function lockSqlite(runner: QueryRunner, [first]: readonly Table[]): Promise<void> {
  const name = dataSourceOf(runner).driver.escape(`${first?.name ?? ''}_lock`);
  await runner.query(`CREATE TABLE ${name} (id integer)`);
  await runner.query(`DROP TABLE ${name}`);
}

async function adoptOne(runner: QueryRunner, wanted: Table): Promise<void> {
  await runner.createTable(wanted, true);
  const found = await runner.getTable(wanted.name);
  if (!found) throw new Error(`The table ${wanted.name} could not be made.`);
  const db = dataSourceOf(runner);
  if (isMysql(db)) await alterMysql(runner, found, wanted);
  else if (db.options.type === 'postgres') await alterPostgres(runner, found, wanted);
  else await rebuild(runner, found, wanted);
  for (const index of wanted.indices) {
    if (!found.indices.some(({ name }) => name === index.name)) await runner.createIndex(found.name, index);
  }
}

export const pathOf = (db: DataSource, { name }: { readonly name: string }): string =>
  name
    .split('.')
    .map((part) => db.driver.escape(part))
    .join('.');

const has = (table: Table, { name }: TableColumn): boolean => table.columns.some((column) => column.name === name);

const defaultOf = (column: TableColumn): string =>
  column.default === undefined ? '' : ` DEFAULT ${String(column.default)}`;

/**
 * One statement a table: no moment with half of it. The types are given, since a change of the charset alone widens
 * TEXT.
 */
async function alterMysql(runner: QueryRunner, found: Table, wanted: Table): Promise<void> {
  const db = dataSourceOf(runner);
  const columns = wanted.columns.map((column) => {
    const type = db.driver.createFullType(column);
    const charset = column.type === 'varchar' || column.type === 'text' ? ` ${exact}` : '';
    const verb = has(found, column) ? 'MODIFY' : 'ADD';
    return `${verb} ${db.driver.escape(column.name)} ${type}${charset} NOT NULL${defaultOf(column)}`;
  });
  await runner.query(`ALTER TABLE ${pathOf(db, found)} DEFAULT ${exact}, ${columns.join(', ')}`);
}

async function alterPostgres(runner: QueryRunner, found: Table, wanted: Table): Promise<void> {
  const db = dataSourceOf(runner);
  const changes = wanted.columns.flatMap((column) => {
    const name = db.driver.escape(column.name);
    const type = db.driver.createFullType(column);
    if (!has(found, column)) return [`ADD ${name} ${type} NOT NULL${defaultOf(column)}`];
    return [
      ...(column.type === 'bigint' ? [`ALTER ${name} TYPE bigint`] : []),
      ...(column.default === undefined ? [] : [`ALTER ${name} SET${defaultOf(column)}`]),
    ];
  });
  await runner.query(`ALTER TABLE ${pathOf(db, found)} ${changes.join(', ')}`);
}

/**
 * SQLite changes no column in place: TypeORM makes the table anew and copies the rows, in the migration's
 * transaction.
 */
async function rebuild(runner: QueryRunner, found: Table, wanted: Table): Promise<void> {
  const missing = wanted.columns.filter((column) => !has(found, column));
  if (missing.length > 0)
    await runner.addColumns(
      found,
      missing.map((column) => column.clone()),
    );
  const changed = wanted.columns.flatMap((newColumn) => {
    const oldColumn = found.columns.find(({ name }) => name === newColumn.name);
    const same = oldColumn?.type === newColumn.type && oldColumn.default === newColumn.default;
    if (!oldColumn || same) return [];
    const changed = oldColumn.clone();
    changed.type = newColumn.type;
    changed.default = newColumn.default as unknown;
    return [{ oldColumn, newColumn: changed }];
  });
  if (changed.length > 0) await runner.changeColumns(found, changed);
}
