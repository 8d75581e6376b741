import { DataSource, EntitySchema } from 'typeorm';
import { afterEach, describe, expect, it } from 'vitest';
import { close, databases, type CreatedDatabase, type OpenOptions, type TestDatabase } from './databases.js';
import { isStale, servers } from './servers.js';
import { StatementLog } from './statements.js';

const Note = new EntitySchema<{ id: string; count: number }>({
  name: 'note',
  columns: { id: { type: 'varchar', length: 64, primary: true }, count: { type: 'int' } },
});

describe.each(databases)('$name', (database) => {
  const used: DataSource[] = [];
  const created: CreatedDatabase[] = [];

  async function open(options?: OpenOptions): Promise<DataSource> {
    const dataSource = await database.open([Note], options);
    used.push(dataSource);
    return dataSource;
  }

  async function create(): Promise<CreatedDatabase> {
    const made = await database.create();
    created.push(made);
    return made;
  }

  afterEach(async () => {
    await Promise.all(used.splice(0).map(close));
    await Promise.all(created.splice(0).map((made) => made.drop()));
  });

  it('gives each test a database of its own', async () => {
    const [one, other] = await Promise.all([open(), open()]);
    await one.getRepository(Note).insert({ id: 'a', count: 1 });
    expect(await one.getRepository(Note).count()).toBe(1);
    expect(await other.getRepository(Note).count()).toBe(0);
  });

  it('makes no tables where a test makes them itself', async () => {
    const dataSource = await open({ synchronize: false });
    await expect(dataSource.getRepository(Note).count()).rejects.toThrow();
  });

  it('has nothing left for TypeORM to change once the tables are made', async () => {
    const dataSource = await open();
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    expect(upQueries).toEqual([]);
  });

  it('lets two DataSources work on one database', async () => {
    const { options } = await create();
    const sent = JSON.parse(JSON.stringify(options)) as typeof options;
    const one = await new DataSource({ ...options, entities: [Note], synchronize: true }).initialize();
    const other = await new DataSource({ ...sent, entities: [Note] }).initialize();
    used.push(one, other);
    await one.getRepository(Note).insert({ id: 'a', count: 1 });
    expect(await other.getRepository(Note).findOneBy({ id: 'a' })).toEqual({ id: 'a', count: 1 });
  });

  it('drops what it made', async () => {
    const server = servers.find(({ name }) => name === database.name)!;
    const dataSource = await database.open([Note]);
    const place = placeOf(dataSource, database);
    expect(await server.list()).toContain(place);
    await close(dataSource);
    expect(await server.list()).not.toContain(place);
  });

  it('counts the statements of a piece of work', async () => {
    const log = new StatementLog();
    const dataSource = await open({ logger: log });
    log.reset();
    await dataSource.createQueryBuilder(Note, 'note').where('note.id = :id', { id: 'seen' }).getOne();
    expect(log.count).toBe(1);
    expect(log.statements[0]).toMatch(/^SELECT/);
    expect(log.lines.join('\n')).toContain('seen');
  });
});

function placeOf(dataSource: DataSource, database: TestDatabase): string {
  const { options } = dataSource;
  if (database.name === 'sqlite') return String(options.database).replace(/\/[^/]*$/, '');
  return new URL((options as { url: string }).url).pathname.slice(1);
}

describe('databases that a killed run left behind', () => {
  const now = Date.UTC(2026, 0, 1);
  const madeAt = (time: number) => `tf_${time.toString(36)}_0a1b2c3d4e5f`;

  it('are swept an hour later, those of a run under way are not', () => {
    expect(isStale(madeAt(now - 3_600_001), now)).toBe(true);
    expect(isStale(`/tmp/tf_${(now - 3_600_001).toString(36)}_aB3xYz`, now)).toBe(true);
    expect(isStale(madeAt(now - 3_599_999), now)).toBe(false);
  });

  it.each(['test', 'tf_orders', 'tf_', 'tf_old_data', 'postgres'])(
    'are never "%s", which somebody else made',
    (name) => {
      expect(isStale(name, now)).toBe(false);
    },
  );
});
