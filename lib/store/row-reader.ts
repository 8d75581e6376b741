import type { DataSource } from 'typeorm';
import type { Row } from './statement.js';

interface Column {
  readonly name: string;
  readonly raw: string;
  readonly numeric: boolean;
}

/** The columns of an entity under an alias, for a select list, and the reader of what comes back for them. */
export class RowReader<T> {
  private known: readonly Column[] | undefined;

  constructor(
    private readonly db: DataSource,
    private readonly entity: string,
    private readonly alias: string,
  ) {}

  get select(): readonly (readonly [column: string, alias: string])[] {
    return this.columns.map(({ name, raw }) => [`${this.alias}.${name}`, raw]);
  }

  /**
   * Undefined for the gap of an outer join, where every column is null. No column of ours is ever null itself.
   * @throws Error for a row of another shape: options of a driver rename, cast or drop columns, and what cannot be
   *   read must not look like a user without a factor
   */
  read(row: Row): T | undefined {
    const { columns } = this;
    if (columns.every(({ raw }) => own(row, raw) === null)) return undefined;
    // A loop: each request reads some thirty columns, and a list of pairs would cost more than reading them.
    const read: Record<string, unknown> = {};
    for (const column of columns) read[column.name] = value(row, column);
    return read as T;
  }

  // Asked for when it is needed, since a DataSource that is not open yet does not know its columns.
  private get columns(): readonly Column[] {
    this.known ??= this.db.getMetadata(this.entity).columns.map(({ propertyName, type }) => ({
      name: propertyName,
      raw: `${this.alias}_${propertyName}`,
      numeric: type === 'int' || type === 'bigint',
    }));
    return this.known;
  }
}

/** What a SELECT counted. */
export function countOf(row: Row, raw: string): number {
  return value(row, { name: raw, raw, numeric: true }) as number;
}

const own = (row: Row, raw: string): unknown => (Object.hasOwn(Object(row) as Row, raw) ? row[raw] : undefined);

function value(row: Row, { raw, numeric }: Column): unknown {
  const found = own(row, raw);
  if (!numeric && typeof found === 'string') return found;
  // bigint comes as a string from MySQL and PostgreSQL; a comparison of such strings would be wrong.
  const isNumber =
    typeof found === 'number' || typeof found === 'bigint' || (typeof found === 'string' && /^-?\d+$/.test(found));
  if (numeric && isNumber && Number.isSafeInteger(Number(found))) return Number(found);
  const got = found === null ? 'null' : found === undefined ? 'nothing' : typeof found;
  throw new Error(
    `The database answered a row of an unexpected shape: ${raw} is ${got}. Look for options of the driver that ` +
      'change rows.',
  );
}
