import type { DataSource } from 'typeorm';
import { entityNames } from './entities.js';
import { checkNames } from './names.js';
import { now, pause, within } from './waiting.js';

const patience = 10_000;
/** How long an `initialize()` of the app that began before it was watched may take to show. */
const grace = 1000;

/** @throws TypeError where the entities are missing, or have other names than the migrations and statements write */
export function checkEntities(db: DataSource): void {
  if (!knowsEntities(db)) throw missingEntities();
  checkNames(db);
}

const knowsEntities = (db: DataSource): boolean => Object.values(entityNames).every((name) => db.hasMetadata(name));

const missingEntities = (): TypeError =>
  new TypeError(
    'db must know the entities of the second factor: add ...twoFactorEntities() to the "entities" of the ' +
      'DataSource and ...twoFactorMigrations() to its "migrations"',
  );

/** A DataSource that was not open yet when the service was made. */
class Opening {
  private running: Promise<DataSource> | undefined;
  private wasOpen = false;
  private checked = false;
  private readonly graceUntil = now() + grace;
  private readonly original: () => Promise<DataSource>;

  constructor(private readonly db: DataSource) {
    this.original = db.initialize.bind(db);
    // Two calls at once would make two pools (two databases in memory), and one after ours would fail.
    db.initialize = () => this.initialize();
  }

  /** Waits for the app, which may be opening it, and opens it where nobody does. */
  async ready(): Promise<void> {
    const { db } = this;
    if (this.checked && db.isInitialized && this.running === undefined) return;
    while (this.running === undefined && now() < this.graceUntil && !(db.isInitialized && knowsEntities(db)))
      await pause(10);
    if (this.running !== undefined || !db.isInitialized) {
      // Opening again what the app has closed would keep its process alive.
      if (this.running === undefined && this.wasOpen) throw closed();
      await within(db.initialize(), patience, () => new Error('The DataSource was not open after 10 s.'));
    }
    this.wasOpen = true;
    checkEntities(db);
    this.checked = true;
  }

  private initialize(): Promise<DataSource> {
    if (this.running === undefined && this.db.isInitialized) return Promise.resolve(this.db);
    this.running ??= this.original()
      .then((db) => {
        this.wasOpen = true;
        return db;
      })
      .finally(() => {
        this.running = undefined;
      });
    return this.running;
  }
}

const closed = (): Error =>
  new Error('The DataSource was closed: call "await dataSource.initialize()" before the second factor is used again.');

const openings = new WeakMap<DataSource, Opening>();

/** Whether the options tell already that ours are missing; the name of a file tells nothing before it is opened. */
function lacksEntities({ options }: DataSource): boolean {
  const given: unknown[] = Object.values(options.entities ?? {});
  const names = given.map((entity) => (entity as { options?: { name?: unknown } } | null | undefined)?.options?.name);
  return (
    !given.some((entity) => typeof entity === 'string') &&
    !Object.values(entityNames).every((name) => names.includes(name))
  );
}

/**
 * Has the DataSource opened by the first statement, once, whoever else opens it.
 * @throws TypeError where it is known already that it cannot be used
 */
export function openLater(db: DataSource): void {
  if (typeof (db as Partial<DataSource>).initialize !== 'function') {
    throw new TypeError(
      'db must be a TypeORM DataSource: new DataSource({ …, entities: [User, ...twoFactorEntities()] }); it has ' +
        'no initialize()',
    );
  }
  if (lacksEntities(db)) throw missingEntities();
  if (!openings.has(db)) openings.set(db, new Opening(db));
}

/** Resolves once statements can be run. @throws what opening failed with; the next one tries again */
export async function opened(db: DataSource): Promise<void> {
  const opening = openings.get(db);
  if (opening) await opening.ready();
  else if (!db.isInitialized) throw closed();
}
