import type { MigrationInterface, QueryRunner } from 'typeorm';
import { adopt, dataSourceOf } from './adopt.js';
import { readTablePrefix, type TableOptions } from './entities.js';
import { grownColumns, grownTables, initialTables, type Names } from './table-shapes.js';

type MigrationClass = new () => MigrationInterface;

/** The names that TypeORM gives our entities on this DataSource, whose `entityPrefix` comes before that of the tables. */
function namesOn(runner: QueryRunner, prefix: string): Names {
  const { options, namingStrategy } = dataSourceOf(runner);
  const { entityPrefix = '' } = options;
  const table = (name: string): string =>
    entityPrefix === '' ? prefix + name : namingStrategy.prefixTableName(entityPrefix, prefix + name);
  return { table, prefix };
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
      for (const table of initialTables(namesOn(runner, prefix))) await runner.createTable(table, true);
    }

    async down(runner: QueryRunner): Promise<void> {
      for (const table of initialTables(namesOn(runner, prefix))) await runner.dropTable(table, true);
    }
  }
  class TwoFactorGrowth implements MigrationInterface {
    readonly name = `TwoFactorGrowth_${prefix}1764200000000`;

    async up(runner: QueryRunner): Promise<void> {
      for (const table of grownTables(namesOn(runner, prefix))) await adopt(runner, table);
    }

    async down(runner: QueryRunner): Promise<void> {
      const { table } = namesOn(runner, prefix);
      await runner.dropIndex(table('quotas'), `${prefix}quotas_user`);
      for (const [name, columns = []] of Object.entries(grownColumns)) {
        for (const column of columns) await runner.dropColumn(table(name), column.name);
      }
    }
  }
  return [TwoFactorInitial, TwoFactorGrowth];
}
