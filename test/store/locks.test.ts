import { DataSource, type DataSourceOptions, type QueryRunner } from 'typeorm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { twoFactorEntities } from 'passport-two-factor';
import { AccountStore } from '../../lib/store/account-store.js';
import { ChallengeStore } from '../../lib/store/challenge-store.js';
import { databases, type CreatedDatabase, type TestDatabase } from '../support/databases.js';
import { StatementLog } from '../support/statements.js';
import { challenge, newUserKey } from './fixtures.js';

/**
 * Real locks: another program on the same database holds what a statement of ours needs. The library's own DataSource
 * has one connection here, so that its settings (how long it waits for a lock) are the test's.
 */
class Scene {
  readonly log = new StatementLog();
  readonly userKey = newUserKey();
  private readonly holder: QueryRunner;

  private constructor(
    readonly name: TestDatabase['name'],
    private readonly place: CreatedDatabase,
    readonly db: DataSource,
    readonly other: DataSource,
    logger: StatementLog,
  ) {
    this.holder = other.createQueryRunner();
    this.log = logger;
  }

  static async open(database: TestDatabase): Promise<Scene> {
    const place = await database.create();
    const log = new StatementLog();
    const entities = twoFactorEntities();
    const alone = database.name === 'sqlite' ? { timeout: 1 } : { poolSize: 1 };
    const db = await new DataSource({
      ...place.options,
      entities,
      synchronize: true,
      logger: log,
      ...alone,
    } as DataSourceOptions).initialize();
    const other = await new DataSource({ ...place.options, entities }).initialize();
    const scene = new Scene(database.name, place, db, other, log);
    await new AccountStore(db).ensure(scene.userKey, 'user');
    return scene;
  }

  async close(): Promise<void> {
    await this.release();
    await this.holder.release();
    await Promise.all([this.db, this.other].map((source) => source.destroy()));
    await this.place.drop();
  }

  /** A verdict that is on its way while the other program holds the account's row (on SQLite: the database). */
  async commitUnderLock(): Promise<{ committed: Promise<boolean> }> {
    const accounts = new AccountStore(this.db);
    const account = (await accounts.find(this.userKey))!;
    await this.hold('TwoFactorAccount', { lastUsed: '{}' }, 'user_key = :userKey', { userKey: this.userKey });
    this.log.reset();
    const committed = accounts.commit(account, { failures: 1 });
    committed.catch(() => undefined);
    return { committed };
  }

  /** The other program updates rows in a transaction that it leaves open. */
  async hold(entity: string, set: object, where: string, parameters: object): Promise<void> {
    if (!this.holder.isTransactionActive) await this.holder.startTransaction();
    await this.holder.manager.createQueryBuilder().update(entity).set(set).where(where, parameters).execute();
  }

  async release(): Promise<void> {
    if (this.holder.isTransactionActive) await this.holder.commitTransaction();
  }

  account = () => new AccountStore(this.other).find(this.userKey);

  ran = (verb: string): number => this.log.statements.filter((statement) => statement.startsWith(verb)).length;

  /** Until a statement of this database waits for a lock. */
  untilWaiting(): Promise<void> {
    const sql =
      this.name === 'mariadb'
        ? "SELECT COUNT(*) AS count FROM information_schema.innodb_trx t JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id WHERE t.trx_state = 'LOCK WAIT' AND p.db = DATABASE()"
        : "SELECT COUNT(*) AS count FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    // MariaDB looks anew only for a caller who has not asked for 100 ms.
    return vi.waitFor(
      async () => {
        const [found] = await this.other.query<{ count: unknown }[]>(sql);
        expect(Number(found!.count)).toBe(1);
      },
      { timeout: 20_000, interval: 150 },
    );
  }
}

let scene: Scene;
afterEach(() => scene.close());

const only = (...names: string[]): TestDatabase[] => databases.filter(({ name }) => names.includes(name));

describe.each(databases)('a row that another program holds for a moment on $name', (database) => {
  it('delays the verdict and no more', async () => {
    scene = await Scene.open(database);
    const { committed } = await scene.commitUnderLock();
    if (database.name === 'sqlite')
      await vi.waitFor(
        () => {
          expect(scene.ran('UPDATE')).toBeGreaterThanOrEqual(2);
        },
        { interval: 1 },
      );
    else await scene.untilWaiting();
    await scene.release();
    expect(await committed).toBe(true);
    expect(await scene.account()).toMatchObject({ failures: 1, version: 1 });
  });
});

// PostgreSQL waits for ever unless the app says otherwise.
describe.each(only('sqlite', 'mariadb'))('a row that another program holds for long on $name', (database) => {
  async function open(): Promise<void> {
    scene = await Scene.open(database);
    if (database.name === 'mariadb') await scene.db.query('SET SESSION innodb_lock_wait_timeout = 1');
  }

  it('is asked for again when the wait was too long', async () => {
    await open();
    const { committed } = await scene.commitUnderLock();
    await vi.waitFor(
      () => {
        expect(scene.ran('UPDATE')).toBeGreaterThanOrEqual(2);
      },
      { timeout: 20_000, interval: 1 },
    );
    await scene.release();
    expect(await committed).toBe(true);
    expect(await scene.account()).toMatchObject({ failures: 1, version: 1 });
  });

  it('ends the verdict with an error after five tries, and nothing is written', async () => {
    await open();
    const { committed } = await scene.commitUnderLock();
    await expect(committed).rejects.toThrow(/lock/i);
    expect(scene.ran('UPDATE')).toBe(5);
    await scene.release();
    expect(await scene.account()).toMatchObject({ failures: 0, version: 0 });
  });
});

describe.each(only('mariadb', 'postgres'))('another program on $name', (database) => {
  it('that waits for us while we wait for it is a deadlock: ours is given up and runs again', async () => {
    scene = await Scene.open(database);
    const [first, second] = ['1', '2'].map((digit) => digit.repeat(64)) as [string, string];
    for (const id of [first, second]) await new ChallengeStore(scene.db).add(challenge(scene.userKey, { id }));
    const hold = (id: string) => scene.hold('TwoFactorChallenge', { kind: 'held' }, 'id = :id', { id });
    // MariaDB gives up the one that has written less: this must not be the other program.
    for (let made = 0; made < 20; made += 1) {
      const row = challenge(newUserKey());
      await new ChallengeStore(scene.db).add(row);
      await hold(row.id);
    }
    await hold(second);
    scene.log.reset();
    // Ours takes the first row and waits for the second, whose holder then asks for the first.
    const removed = new ChallengeStore(scene.db).remove([first, second]);
    await scene.untilWaiting();
    await hold(first);
    await scene.release();
    await removed;
    expect(scene.ran('DELETE')).toBeGreaterThanOrEqual(2);
    const left = await scene.other
      .createQueryBuilder()
      .select('c.id', 'id')
      .from('TwoFactorChallenge', 'c')
      .where('c.id IN (:...ids)', { ids: [first, second] })
      .getRawMany();
    expect(left).toEqual([]);
  });

  it('that cuts our connection under a statement is an error at once: the statement is not repeated', async () => {
    scene = await Scene.open(database);
    const [own] = await scene.db.query<{ id: unknown }[]>(
      database.name === 'mariadb' ? 'SELECT CONNECTION_ID() AS id' : 'SELECT pg_backend_pid() AS id',
    );
    const { committed } = await scene.commitUnderLock();
    await scene.untilWaiting();
    await scene.other.query(
      database.name === 'mariadb' ? `KILL ${String(own!.id)}` : `SELECT pg_terminate_backend(${String(own!.id)})`,
    );
    await expect(committed).rejects.toThrow();
    expect(scene.ran('UPDATE')).toBe(1);
    await scene.release();
    expect(await scene.account()).toMatchObject({ failures: 0, version: 0 });
  });
});
