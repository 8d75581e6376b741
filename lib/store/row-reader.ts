import type { DataSource } from 'typeorm';
import type { Row } from './statement.js';

/** The columns of an entity under an alias, for a select list, and the reader of what comes back for them. */
export class RowReader<T> {
  readonly select: readonly (readonly [column: string, alias: string])[];
  private readonly columns: readonly { name: string; raw: string; numeric: boolean }[];

  constructor(db: DataSource, entity: string, alias: string) {
    this.columns = db.getMetadata(entity).columns.map(({ propertyName, type }) => ({
      name: propertyName,
      raw: `${alias}_${propertyName}`,
      numeric: type === 'int' || type === 'bigint',
    }));
    this.select = this.columns.map(({ name, raw }) => [`${alias}.${name}`, raw]);
  }

  /** Undefined for the gap of an outer join. */
  read(row: Row): T | undefined {
    const first = this.columns[0]?.raw;
    if (first === undefined || row[first] === null || row[first] === undefined) return undefined;
    // bigint comes as a string from MySQL and PostgreSQL; a comparison of such strings would be wrong.
    return Object.fromEntries(this.columns.map(({ name, raw, numeric }) => [name, numeric ? Number(row[raw]) : row[raw]])) as T;
  }
}
