import type { DataSource, ObjectLiteral, QueryResult } from 'typeorm';
import { execute, isDuplicate } from './database.js';

export type Row = Record<string, unknown>;
export type Values = Record<string, string | number>;

/** What is known at once, or only when the DataSource is open, such as the names of tables and columns. */
export type Lazy<T> = T | (() => T);

const known = <T extends string | readonly string[]>(value: Lazy<T>): T =>
  typeof value === 'function' ? value() : value;

interface Builder {
  getQueryAndParameters(): [string, unknown[]];
}

/**
 * One autocommit statement, built once by TypeORM's query builder for the dialect at hand and run many times:
 * building it costs several times more than running it. It runs on the primary server, since a replica may not know
 * of a factor yet.
 */
export class Statement {
  private built: { readonly sql: string; readonly order: readonly string[] } | undefined;

  /** @param build gets, under each name, what stands for the value until the statement is run */
  constructor(
    private readonly db: DataSource,
    private readonly names: Lazy<readonly string[]>,
    private readonly build: (values: Record<string, string>) => Builder,
  ) {
    // A DataSource that is not open yet does not know its tables: its statements are built when they are first run.
    if (db.isInitialized) this.prepared();
  }

  async rows(values: Values): Promise<Row[]> {
    const { records } = (await this.run(values)) as { records: unknown };
    if (!Array.isArray(records)) throw new Error('The database driver does not answer a SELECT by a list of rows.');
    return records as Row[];
  }

  /** How many rows met the condition of an UPDATE or DELETE. */
  async affected(values: Values): Promise<number> {
    const { affected } = await this.run(values);
    // A driver that does not tell would make every compare-and-set a guess.
    if (typeof affected !== 'number')
      throw new Error('The database driver does not tell how many rows a statement changed.');
    return affected;
  }

  async affectsOne(values: Values): Promise<boolean> {
    return (await this.affected(values)) === 1;
  }

  /** Runs an INSERT; false where a row with the same key is there already. */
  async inserts(values: Values): Promise<boolean> {
    try {
      await this.run(values);
      return true;
    } catch (error) {
      if (isDuplicate(error)) return false;
      throw error;
    }
  }

  private run(values: Values): Promise<QueryResult> {
    return execute(this.db, () => {
      const { sql, order } = this.prepared();
      const parameters = order.map((name) => {
        const value = values[name];
        if (value === undefined) throw new Error(`The statement has no value for ${name}.`);
        return value;
      });
      return [sql, parameters];
    });
  }

  private prepared(): { readonly sql: string; readonly order: readonly string[] } {
    if (this.built) return this.built;
    const names = known(this.names);
    const placeholders = Object.fromEntries(names.map((name) => [name, `\u0000${name}`]));
    const [sql, parameters] = this.build(placeholders).getQueryAndParameters();
    const order = parameters.map((parameter) => {
      const name = names.find((candidate) => parameter === placeholders[candidate]);
      if (name === undefined) throw new Error('A statement has a parameter that is none of its names.');
      return name;
    });
    this.built = { sql, order };
    return this.built;
  }
}

/** The INSERT of one row of an entity. */
export function insertOf(db: DataSource, entity: string): Statement {
  const names = () => db.getMetadata(entity).columns.map(({ propertyName }) => propertyName);
  return new Statement(db, names, (values) =>
    db.createQueryBuilder().insert().into<ObjectLiteral>(entity).values(values).updateEntity(false),
  );
}

/**
 * An UPDATE: the columns that it sets to values or to expressions, and the condition, which names its own values
 * (`:id`).
 */
export interface Change {
  readonly set?: readonly string[];
  readonly expressions?: Record<string, string>;
  readonly where: Lazy<string>;
}

/** The values that a condition names. */
const namesIn = (condition: string): string[] => [
  ...new Set([...condition.matchAll(/:(\w+)/g)].flatMap(([, name]) => (name === undefined ? [] : [name]))),
];

export function updateOf(
  db: DataSource,
  entity: string,
  { set: columns = [], expressions = {}, where }: Change,
): Statement {
  const set = (values: Record<string, string>) => ({
    ...Object.fromEntries(columns.map((column) => [column, values[`set_${column}`]])),
    ...Object.fromEntries(Object.entries(expressions).map(([column, expression]) => [column, () => expression])),
  });
  const names = () => [...columns.map((column) => `set_${column}`), ...namesIn(known(where))];
  return new Statement(db, names, (values) =>
    db.createQueryBuilder().update<ObjectLiteral>(entity).set(set(values)).where(known(where), values),
  );
}

/** The DELETE of the rows that meet the condition, which names its values. */
export function deleteOf(db: DataSource, entity: string, where: string): Statement {
  return new Statement(db, namesIn(where), (values) =>
    db.createQueryBuilder().delete().from<ObjectLiteral>(entity).where(where, values),
  );
}

/** The columns to be set, named as `updateOf` wants their values. */
export const setting = (columns: object): Values =>
  Object.fromEntries(Object.entries(columns).map(([column, value]) => [`set_${column}`, value as string | number]));

/** Statements that differ by the columns they set; each is built when it is first needed. */
export class Updates {
  private readonly built = new Map<string, Statement>();

  constructor(private readonly build: (columns: readonly string[]) => Statement) {}

  forColumns(columns: object): Statement {
    const names = Object.keys(columns).sort();
    const key = names.join();
    const statement = this.built.get(key) ?? this.build(names);
    this.built.set(key, statement);
    return statement;
  }
}
