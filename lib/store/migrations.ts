import type { MigrationInterface, QueryRunner } from 'typeorm';
import { adopt, dataSourceOf, inTurn, isMysql, pathOf } from './adopt.js';
import { readTablePrefix, type TableOptions } from './entities.js';
import { grownColumns, grownTables, initialTables, type Names } from './table-shapes.js';

type MigrationClass = new () => MigrationInterface;

/**
 * The names that TypeORM gives our entities on this DataSource: its `entityPrefix` comes before the tables' own
 * prefix.
 */
function namesOn(runner: QueryRunner, prefix: string): Names {
  const { options, namingStrategy } = dataSourceOf(runner);
  const { entityPrefix = '' } = options;
  const table = (name: string): string =>
    entityPrefix === '' ? prefix + name : namingStrategy.prefixTableName(entityPrefix, prefix + name);
  return { table, prefix };
}

/** Version 0.1 counts every row: without this, one that was removed or never confirmed would be a factor again. */
async function removeUncounted(runner: QueryRunner, authenticators: string, accounts: string): Promise<void> {
  const db = dataSourceOf(runner);
  const [factor, account] = await Promise.all(
    [authenticators, accounts].map(async (name) => pathOf(db, (await runner.getTable(name)) ?? { name })),
  );
  const says = (answer: boolean): string => {
    const pieces = ["'%\"'", `${factor}.id`, `'":${answer}%'`];
    const text = isMysql(db) ? `CONCAT(${pieces.join(', ')})` : pieces.join(' || ');
    const where = `account.user_key = ${factor}.user_key AND account.factors LIKE ${text}`;
    return `EXISTS (SELECT 1 FROM ${account} account WHERE ${where})`;
  };
  await runner.query(`DELETE FROM ${factor} WHERE ${says(false)} OR (provisional = 1 AND NOT ${says(true)})`);
}

/**
 * The migrations that make the tables of `twoFactorEntities()` with the same `tablePrefix`, for MySQL, MariaDB,
 * PostgreSQL and SQLite. Spread them into the `migrations` of the DataSource. Tables that are there already, made by
 * `synchronize`, are taken over with their rows.
 */
export function twoFactorMigrations(options?: TableOptions): MigrationClass[] {
  const prefix = readTablePrefix(options);
  class TwoFactorInitial implements MigrationInterface {
    // The prefix is part of the name, so that two sets of tables can live in one database.
    readonly name = `TwoFactorInitial_${prefix}1764000000000`;

    async up(runner: QueryRunner): Promise<void> {
      await inTurn(runner, initialTables(namesOn(runner, prefix)), (table) => runner.createTable(table, true));
    }

    async down(runner: QueryRunner): Promise<void> {
      for (const table of initialTables(namesOn(runner, prefix))) await runner.dropTable(table, true);
    }
  }
  class TwoFactorGrowth implements MigrationInterface {
    readonly name = `TwoFactorGrowth_${prefix}1764200000000`;

    async up(runner: QueryRunner): Promise<void> {
      await adopt(runner, grownTables(namesOn(runner, prefix)));
    }

    /**
     * Charset, defaults and wide epochs stay: version 0.1 works with them, and its `int` would no longer hold the
     * epochs.
     */
    async down(runner: QueryRunner): Promise<void> {
      const { table } = namesOn(runner, prefix);
      await removeUncounted(runner, table('authenticators'), table('accounts'));
      await runner.dropIndex(table('quotas'), `${prefix}quotas_user`);
      for (const [name, columns = []] of Object.entries(grownColumns)) {
        for (const column of columns) await runner.dropColumn(table(name), column.name);
      }
    }
  }
  return [TwoFactorInitial, TwoFactorGrowth];
}
