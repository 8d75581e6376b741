import { Table, type TableColumnOptions, type TableOptions } from 'typeorm';

// Migrations are history: each shape names its tables and columns itself and is never derived from today's entities.
const text = (name: string, length: number): TableColumnOptions => ({ name, type: 'varchar', length: String(length) });
const digest = (name: string): TableColumnOptions => text(name, 64);
const long = (name: string): TableColumnOptions => ({ name, type: 'text' });
// SQLite's own spelling; MySQL and PostgreSQL read it as theirs.
const int = (name: string): TableColumnOptions => ({ name, type: 'integer' });
const big = (name: string): TableColumnOptions => ({ name, type: 'bigint' });

/**
 * How a table is named, and what begins the names of indexes and keys: TypeORM puts `entityPrefix` before tables
 * only.
 */
export interface Names {
  readonly table: (name: string) => string;
  readonly prefix: string;
}

interface Shape extends Pick<TableOptions, 'uniques' | 'indices'> {
  readonly name: string;
  readonly keys: readonly TableColumnOptions[];
  readonly columns: readonly TableColumnOptions[];
}

function tableOf({ name, keys, columns, ...rest }: Shape, { table, prefix }: Names): Table {
  const primary = { isPrimary: true, primaryKeyConstraintName: `${prefix}${name}_pk` };
  const primaries = keys.map((key) => ({ ...key, ...primary }));
  return new Table({ name: table(name), columns: [...primaries, ...columns], ...rest });
}

/** In the order in which the statements of the library lock them: a migration and a login never wait for each other. */
function initialShapes(prefix: string): Shape[] {
  return [
    {
      name: 'challenges',
      keys: [digest('id')],
      columns: [
        digest('user_key'),
        text('user_id', 191),
        text('purpose', 16),
        int('mechanism'),
        text('handle', 64),
        int('challenge_epoch'),
        int('security_epoch'),
        text('strategy', 191),
        text('kind', 16),
        int('remember'),
        long('info'),
        long('sealed'),
        long('codes'),
        int('code_version'),
        text('verified_by', 16),
        big('created_at'),
        big('expires_at'),
      ],
      indices: [{ name: `${prefix}challenges_user`, columnNames: ['user_key'] }],
    },
    {
      name: 'accounts',
      keys: [digest('user_key')],
      columns: [
        text('user_id', 191),
        int('version'),
        int('failures'),
        int('window_failures'),
        big('window_start'),
        big('next_attempt_at'),
        big('last_step'),
        int('challenge_epoch'),
        int('security_epoch'),
        text('backup_set_id', 32),
        text('backup_salt', 191),
        long('last_used'),
        int('preferred'),
        big('enroll_by'),
      ],
    },
    {
      name: 'authenticators',
      keys: [text('id', 32)],
      columns: [
        digest('user_key'),
        text('user_id', 191),
        int('mechanism'),
        digest('handle'),
        text('label', 191),
        long('sealed'),
        text('algorithm', 16),
        int('digits'),
        int('period'),
        big('verified_at'),
        big('confirmed_step'),
        int('security_epoch'),
      ],
      uniques: [{ name: `${prefix}authenticators_one`, columnNames: ['user_key', 'mechanism', 'handle'] }],
    },
    { name: 'backup_codes', keys: [text('set_id', 32), digest('tag')], columns: [digest('user_key'), big('used_at')] },
    {
      name: 'quotas',
      keys: [digest('id')],
      columns: [int('version'), big('hour_start'), int('hour_count'), big('day_start'), int('day_count')],
    },
  ];
}

/** The tables of version 0.1. */
export const initialTables = (names: Names): Table[] =>
  initialShapes(names.prefix).map((shape) => tableOf(shape, names));

/** What the second version adds. */
export const grownColumns: Readonly<Partial<Record<string, readonly TableColumnOptions[]>>> = {
  accounts: [text('factors', 2048), text('failure_days', 1024), text('verdicts', 4096), big('dead_until')],
  authenticators: [int('provisional')],
  quotas: [digest('user_key'), text('last_sent', 128)],
};

/** `epoch` is the default of epochs: what `synchronize` makes of columns that it has to make anew. */
function grown(column: TableColumnOptions, epoch: string): TableColumnOptions {
  // MySQL has a default for TEXT as an expression only, which TypeORM takes for a difference for ever.
  if (column.type === 'text') return column;
  if (column.type === 'varchar') return { ...column, default: "''" };
  return column.name.endsWith('_epoch') ? { ...column, type: 'bigint', default: epoch } : { ...column, default: '0' };
}

/** The tables of the second version: columns that were added, a default for all but TEXT, epochs beyond 32 bits. */
export function grownTables(names: Names): Table[] {
  return initialShapes(names.prefix).map((shape) => {
    const grow = (column: TableColumnOptions) => grown(column, shape.name === 'challenges' ? '0' : '1764200000000');
    return tableOf(
      {
        ...shape,
        keys: shape.keys.map(grow),
        columns: [...shape.columns, ...(grownColumns[shape.name] ?? [])].map(grow),
        ...(shape.name === 'quotas' && {
          indices: [{ name: `${names.prefix}quotas_user`, columnNames: ['user_key'] }],
        }),
      },
      names,
    );
  });
}
