import { Table, TableColumn, TableIndex, type MigrationInterface, type QueryRunner, type TableColumnOptions, type TableOptions } from 'typeorm';
import { readTablePrefix, type TableOptions as PrefixOptions } from './entities.js';

type MigrationClass = new () => MigrationInterface;

// A migration is history: it names its tables itself and is never derived from today's entities.
const text = (name: string, length: number): TableColumnOptions => ({ name, type: 'varchar', length: String(length) });
const digest = (name: string): TableColumnOptions => text(name, 64);
const long = (name: string): TableColumnOptions => ({ name, type: 'text' });
// SQLite's own spelling; MySQL and PostgreSQL read it as theirs.
const int = (name: string): TableColumnOptions => ({ name, type: 'integer' });
const big = (name: string): TableColumnOptions => ({ name, type: 'bigint' });

function initialTables(prefix: string): Table[] {
  const table = (
    name: string, keys: TableColumnOptions[], columns: TableColumnOptions[], rest: Pick<TableOptions, 'uniques' | 'indices'> = {},
  ): Table =>
    new Table({
      name: prefix + name,
      columns: [
        ...keys.map((key) => ({ ...key, isPrimary: true, primaryKeyConstraintName: `${prefix}${name}_pk` })),
        ...columns,
      ],
      ...rest,
    });
  const authenticators = table(
    'authenticators',
    [text('id', 32)],
    [
      digest('user_key'), text('user_id', 191), int('mechanism'), digest('handle'), text('label', 191), long('sealed'),
      text('algorithm', 16), int('digits'), int('period'), big('verified_at'), big('confirmed_step'),
      int('security_epoch'),
    ],
    { uniques: [{ name: `${prefix}authenticators_one`, columnNames: ['user_key', 'mechanism', 'handle'] }] },
  );
  const challenges = table(
    'challenges',
    [digest('id')],
    [
      digest('user_key'), text('user_id', 191), text('purpose', 16), int('mechanism'), text('handle', 64),
      int('challenge_epoch'), int('security_epoch'), text('strategy', 191), text('kind', 16), int('remember'), long('info'), long('sealed'),
      long('codes'), int('code_version'), text('verified_by', 16), big('created_at'), big('expires_at'),
    ],
    { indices: [{ name: `${prefix}challenges_user`, columnNames: ['user_key'] }] },
  );
  return [
    table(
      'accounts',
      [digest('user_key')],
      [
        text('user_id', 191), int('version'), int('failures'), int('window_failures'), big('window_start'),
        big('next_attempt_at'), big('last_step'), int('challenge_epoch'), int('security_epoch'),
        text('backup_set_id', 32), text('backup_salt', 191), long('last_used'), int('preferred'),
        big('enroll_by'),
      ],
    ),
    authenticators,
    table('backup_codes', [text('set_id', 32), digest('tag')], [digest('user_key'), big('used_at')]),
    challenges,
    table('quotas', [digest('id')], [int('version'), big('hour_start'), int('hour_count'), big('day_start'), int('day_count')]),
  ];
}

const addedColumns: readonly (readonly [table: string, column: TableColumnOptions])[] = [
  ['accounts', { ...text('factors', 2048), default: "''" }],
  ['accounts', { ...text('failure_days', 1024), default: "''" }],
  ['authenticators', { ...int('provisional'), default: 0 }],
  ['challenges', { ...text('passport', 64), default: "''" }],
  ['quotas', { ...digest('user_key'), default: "''" }],
];

/**
 * The migrations that make the tables of `twoFactorEntities()` with the same `tablePrefix`, for MySQL, MariaDB,
 * PostgreSQL and SQLite. Spread them into the `migrations` of the DataSource.
 */
export function twoFactorMigrations(options?: PrefixOptions): MigrationClass[] {
  const prefix = readTablePrefix(options);
  class TwoFactorInitial implements MigrationInterface {
    // The prefix is part of the name, so that two sets of tables can live in one database.
    readonly name = `TwoFactorInitial_${prefix}1764000000000`;

    async up(queryRunner: QueryRunner): Promise<void> {
      for (const table of initialTables(prefix)) await queryRunner.createTable(table);
    }

    async down(queryRunner: QueryRunner): Promise<void> {
      for (const table of initialTables(prefix).reverse()) await queryRunner.dropTable(table);
    }
  }
  class TwoFactorGrowth implements MigrationInterface {
    readonly name = `TwoFactorGrowth_${prefix}1764200000000`;

    async up(queryRunner: QueryRunner): Promise<void> {
      for (const [table, column] of addedColumns) await queryRunner.addColumn(prefix + table, new TableColumn(column));
      await queryRunner.createIndex(`${prefix}quotas`, new TableIndex({ name: `${prefix}quotas_user`, columnNames: ['user_key'] }));
    }

    async down(queryRunner: QueryRunner): Promise<void> {
      await queryRunner.dropIndex(`${prefix}quotas`, `${prefix}quotas_user`);
      for (const [table, column] of addedColumns) await queryRunner.dropColumn(prefix + table, column.name);
    }
  }
  return [TwoFactorInitial, TwoFactorGrowth];
}
