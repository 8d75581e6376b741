import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DataSource } from 'typeorm';
import { DataSource as OldDataSource } from 'typeorm-0.3';
import { generateKey, twoFactorEntities, TwoFactorService } from 'passport-two-factor';
import { AccountStore } from '../../lib/store/account-store.js';
import { databases, type CreatedDatabase } from '../support/databases.js';
import { newUserKey } from './fixtures.js';

const make = (db: DataSource) =>
  new TwoFactorService({
    db,
    keys: generateKey('k1'),
    users: { id: String, find: (id: string) => id },
    twoFactor: { issuer: 'MyApp' },
  });

// CommonJS apps cannot await at the top level: the service is made before the database answers.
describe.each(databases)('a DataSource on $name that is not open when the service is made', (database) => {
  let place: CreatedDatabase;
  let db: DataSource;
  let connect: ReturnType<typeof vi.spyOn>;

  function dataSource(options: object = {}, Source = DataSource): DataSource {
    db = new Source({ ...place.options, entities: twoFactorEntities(), synchronize: true, ...options });
    connect = vi.spyOn(db.driver, 'connect');
    return db;
  }

  beforeEach(async () => {
    place = await database.create();
  });
  afterEach(async () => {
    if (db.isInitialized) await db.destroy();
    await place.drop();
  });

  it.each([
    ['TypeORM', DataSource],
    ['TypeORM 0.3', OldDataSource as unknown as typeof DataSource],
  ])('is opened by the first statements with %s, once for all', async (_name, Source) => {
    const service = make(dataSource({}, Source));
    const { secret } = await service.setup.totp('1', false);
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(await Promise.all(['1', '2', '3'].map((id) => service.isEnabled(id)))).toEqual([true, false, false]);
    expect(connect).toHaveBeenCalledTimes(1);
  });

  it('is opened once where the app opens it at the same time', async () => {
    const service = make(dataSource());
    const [own, enabled] = await Promise.all([db.initialize(), service.isEnabled('1')]);
    expect([own, enabled]).toEqual([db, false]);
    expect(connect).toHaveBeenCalledTimes(1);
  });

  it('is opened once where the app opens it later, and the app is not told off', async () => {
    const service = make(dataSource());
    const enabled = service.isEnabled('1');
    await vi.waitFor(
      () => {
        expect(connect).toHaveBeenCalled();
      },
      { timeout: 10_000, interval: 1 },
    );
    expect(await db.initialize()).toBe(db);
    expect(await db.initialize()).toBe(db);
    expect(await enabled).toBe(false);
    expect(connect).toHaveBeenCalledTimes(1);
  });

  it('is opened once where the app began to before the service was made', async () => {
    await dataSource().initialize();
    await db.destroy();
    const own = dataSource({ synchronize: false }).initialize();
    const service = make(db);
    expect(await service.isEnabled('1')).toBe(false);
    await own;
    expect(connect).toHaveBeenCalledTimes(1);
  });

  it('is opened once for several services', async () => {
    dataSource();
    expect(await Promise.all([make(db).isEnabled('1'), make(db).isEnabled('1')])).toEqual([false, false]);
    expect(connect).toHaveBeenCalledTimes(1);
  });

  it('that does not open denies, and is tried again by the next statement', async () => {
    const service = make(dataSource());
    connect.mockRejectedValueOnce(new Error('ECONNREFUSED'));
    await expect(service.isEnabled('1')).rejects.toThrow('ECONNREFUSED');
    await expect(service.setup.totp('1', false)).resolves.toBeDefined();
    expect(await service.isEnabled('1')).toBe(true);
  });

  it('whose opening by the app fails denies at once, with what the app was told', async () => {
    const service = make(dataSource());
    connect.mockRejectedValueOnce(new Error('ECONNREFUSED'));
    const answers = await Promise.allSettled([db.initialize(), service.isEnabled('1')]);
    expect(answers.map((answer) => answer.status === 'rejected' && String(answer.reason))).toEqual(
      Array(2).fill('Error: ECONNREFUSED'),
    );
    expect(await service.isEnabled('1')).toBe(false);
  });

  it('that was closed is not opened again by the library, which would keep the process alive', async () => {
    const service = make(dataSource());
    await service.isEnabled('1');
    await db.destroy();
    await expect(service.isEnabled('1')).rejects.toThrow('The DataSource was closed');
    expect(connect).toHaveBeenCalledTimes(1);
    await db.initialize();
    expect(await service.isEnabled('1')).toBe(false);
  });

  it('that was open and was closed denies, too', async () => {
    await dataSource().initialize();
    const service = make(db);
    await db.destroy();
    await expect(service.isEnabled('1')).rejects.toThrow('The DataSource was closed');
  });

  it('that turns out to lack the entities denies with what to write', async () => {
    const service = make(dataSource({ entities: ['no-such-folder/*.js'] }));
    const first = await service.isEnabled('1').catch((error: unknown) => error);
    expect(first).toBeInstanceOf(TypeError);
    await expect(service.isEnabled('1')).rejects.toThrow('db must know the entities of the second factor');
  });

  it.each(['tables', 'columns'])('whose %s are missing says to run the migrations', async (what) => {
    await dataSource({ synchronize: what === 'columns' }).initialize();
    if (what === 'columns') await db.query('ALTER TABLE two_factor_accounts DROP COLUMN enroll_by');
    await expect(make(db).isEnabled('1')).rejects.toThrow(
      /^The tables of the second factor are missing or older .*: run the migrations\..*The database says: .*(two_factor_|enroll_by)/,
    );
    const failed = await new AccountStore(db).ensure(newUserKey(), 'user').catch((error: unknown) => error as Error);
    expect(failed).toMatchObject({
      message: expect.stringContaining('run the migrations'),
      cause: { message: expect.stringMatching(/two_factor_accounts|enroll_by/) },
    });
  });
});
