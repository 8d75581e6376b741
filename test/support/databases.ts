import { join } from 'node:path';
import { DataSource, type DataSourceOptions, type Logger } from 'typeorm';
import { inject } from 'vitest';
import { databaseUrl, mariadbUrl, postgresUrl, servers, type DatabaseName, type Server } from './servers.js';

export interface OpenOptions {
  /** Whether TypeORM makes the tables; true unless told otherwise. */
  readonly synchronize?: boolean;
  readonly migrations?: DataSourceOptions['migrations'];
  readonly logger?: Logger;
  /** Connections at most. SQLite has one in any case. */
  readonly poolSize?: number;
}

export interface CreatedDatabase {
  /** All that a DataSource needs but its entities; plain data, so that it can be sent to another process. */
  readonly options: DataSourceOptions;
  drop(): Promise<void>;
}

export interface TestDatabase {
  readonly name: DatabaseName;
  /** A DataSource on a fresh database of its own. Give it back with `close`. */
  open(entities: DataSourceOptions['entities'], options?: OpenOptions): Promise<DataSource>;
  /** A fresh database for tests with several DataSources or processes. */
  create(): Promise<CreatedDatabase>;
}

const connectionOptions: Record<DatabaseName, (name: string) => DataSourceOptions> = {
  sqlite: (folder) => ({
    type: 'better-sqlite3',
    database: join(folder, 'test.sqlite'),
    enableWAL: true,
    timeout: 5000, // busy_timeout
  }),
  mariadb: (name) => ({ type: 'mysql', url: databaseUrl(mariadbUrl, name) }),
  postgres: (name) => ({ type: 'postgres', url: databaseUrl(postgresUrl, name) }),
};

const opened = new WeakMap<DataSource, CreatedDatabase>();

class ServerDatabase implements TestDatabase {
  readonly name: DatabaseName;

  constructor(private readonly server: Server) {
    this.name = server.name;
  }

  async create(): Promise<CreatedDatabase> {
    const name = await this.server.create();
    return { options: connectionOptions[this.name](name), drop: () => this.server.drop(name) };
  }

  async open(entities: DataSourceOptions['entities'], options: OpenOptions = {}): Promise<DataSource> {
    const { synchronize = true, migrations, logger, poolSize } = options;
    const created = await this.create();
    const dataSource = new DataSource({
      ...created.options,
      entities,
      synchronize,
      ...(migrations && { migrations }),
      ...(logger && { logger }),
      ...(poolSize !== undefined && this.name !== 'sqlite' && { poolSize }),
    } as DataSourceOptions);
    opened.set(dataSource, created);
    try {
      return await dataSource.initialize();
    } catch (error) {
      await close(dataSource);
      throw error;
    }
  }
}

/** Ends the DataSource's connections and drops its database. */
export async function close(dataSource: DataSource): Promise<void> {
  if (dataSource.isInitialized) await dataSource.destroy();
  await opened.get(dataSource)?.drop();
  opened.delete(dataSource);
}

/** Those of the three that answer here, for `describe.each(databases)('$name', (database) => …)`. */
export const databases: readonly TestDatabase[] = servers
  .filter((server) => inject('databases').includes(server.name))
  .map((server) => new ServerDatabase(server));
