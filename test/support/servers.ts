import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { Client } from 'pg';

export type DatabaseName = 'sqlite' | 'mariadb' | 'postgres';

/** What tests need of a database server: places of their own that nobody else sees. */
export interface Server {
  readonly name: DatabaseName;
  /** Where it was looked for, without credentials. */
  readonly at: string;
  /** Throws where the server does not answer. */
  ping(): Promise<void>;
  /** Makes an empty database and returns its name (SQLite: its folder). */
  create(): Promise<string>;
  drop(name: string): Promise<void>;
  /** The names of every test database, those of other and earlier runs included. */
  list(): Promise<string[]>;
}

const prefix = 'tf_';
const newName = (): string => `${prefix}${Date.now().toString(36)}_${randomBytes(6).toString('hex')}`;

/** Databases that a killed run left behind, told by the time in their names. */
export function isStale(name: string, now: number): boolean {
  const madeAt = /(?:^|\/)tf_([0-9a-z]{8})_(?:[0-9a-f]{12}|[0-9a-zA-Z]{6})$/.exec(name)?.[1];
  return madeAt !== undefined && Number.parseInt(madeAt, 36) < now - 3_600_000;
}

const hostOf = (url: string): string => new URL(url).host;

/** The same server, another database. */
export function databaseUrl(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.href;
}

const sqlite: Server = {
  name: 'sqlite',
  at: tmpdir(),
  ping: () => Promise.resolve(),
  create: () => mkdtemp(join(tmpdir(), `${prefix}${Date.now().toString(36)}_`)),
  drop: (folder) => rm(folder, { recursive: true, force: true }),
  list: async () =>
    (await readdir(tmpdir())).filter((name) => name.startsWith(prefix)).map((name) => join(tmpdir(), name)),
};

export const mariadbUrl = process.env.MYSQL_URL ?? 'mysql://root@127.0.0.1:3306/test';

async function mariadbQuery(sql: string): Promise<unknown[]> {
  const connection = await createConnection({ uri: mariadbUrl, connectTimeout: 5000 });
  try {
    const [rows] = await connection.query({ sql, rowsAsArray: true });
    return Array.isArray(rows) ? rows : [];
  } finally {
    await connection.end();
  }
}

const mariadb: Server = {
  name: 'mariadb',
  at: hostOf(mariadbUrl),
  ping: async () => {
    await mariadbQuery('SELECT 1');
  },
  create: async () => {
    const name = newName();
    await mariadbQuery(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
    return name;
  },
  drop: async (name) => {
    await mariadbQuery(`DROP DATABASE IF EXISTS ${name}`);
  },
  list: async () => (await mariadbQuery(`SHOW DATABASES LIKE 'tf\\_%'`)).flat().map(String),
};

export const postgresUrl = process.env.POSTGRES_URL ?? 'postgres://root@127.0.0.1:5432/test';

async function postgresQuery(sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: postgresUrl, connectionTimeoutMillis: 5000 });
  await client.connect();
  try {
    return (await client.query<unknown[]>({ text: sql, rowMode: 'array' })).rows;
  } finally {
    await client.end();
  }
}

const postgres: Server = {
  name: 'postgres',
  at: hostOf(postgresUrl),
  ping: async () => {
    await postgresQuery('SELECT 1');
  },
  create: async () => {
    const name = newName();
    // template0 has no sessions of its own, so two runs may copy it at once.
    await postgresQuery(`CREATE DATABASE ${name} TEMPLATE template0`);
    return name;
  },
  drop: async (name) => {
    await postgresQuery(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  },
  list: async () =>
    (await postgresQuery(`SELECT datname FROM pg_database WHERE datname LIKE 'tf\\_%'`)).flat().map(String),
};

export const servers: readonly Server[] = [sqlite, mariadb, postgres];
