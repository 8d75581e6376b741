import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DataSource, type QueryResult } from 'typeorm';
import { generateKey, twoFactorEntities, TwoFactorService } from 'passport-two-factor';
import { close, databases } from '../support/databases.js';

type Rows = Record<string, unknown>[];

const renamed = (rows: Rows, name: (column: string) => string): Rows =>
  rows.map((row) => Object.fromEntries(Object.entries(row).map(([column, value]) => [name(column), value])));
const mapped = (rows: Rows, value: (column: string, value: unknown) => unknown): Rows =>
  rows.map((row) => Object.fromEntries(Object.entries(row).map(([column, given]) => [column, value(column, given)])));
const only = (part: string, other: unknown) => (column: string, value: unknown) =>
  column.includes(part) ? other : value;

/** What options of drivers, hooks and naming strategies make of rows. */
const shapes: Record<string, (rows: Rows) => unknown> = {
  'that are lists of values': (rows) => rows.map((row) => Object.values(row)),
  'inside of one another, by table': (rows) => rows.map((row) => ({ account: row })),
  'whose columns are in lower case': (rows) => renamed(rows, (column) => column.toLowerCase()),
  'whose columns are in upper case': (rows) => renamed(rows, (column) => column.toUpperCase()),
  'whose columns are in camel case': (rows) =>
    renamed(rows, (column) => column.replace(/_(\w)/g, (_all, letter: string) => letter.toUpperCase())),
  'without the keys of the account': (rows) => rows.map(({ account_userKey: _dropped, ...row }) => row),
  'without the ids of the factors': (rows) => rows.map(({ authenticator_id: _dropped, ...row }) => row),
  'without the count of codes': (rows) => rows.map(({ unused_codes: _dropped, ...row }) => row),
  'whose values are all undefined': (rows) => mapped(rows, () => undefined),
  'whose account has no key': (rows) => mapped(rows, only('account_userKey', null)),
  'whose factor has no id': (rows) => mapped(rows, only('authenticator_id', null)),
  'whose epoch is no number': (rows) => mapped(rows, only('securityEpoch', 'one')),
  'whose epoch is NaN': (rows) => mapped(rows, only('securityEpoch', Number.NaN)),
  'whose epoch is empty': (rows) => mapped(rows, only('securityEpoch', '')),
  'whose times are dates': (rows) => mapped(rows, only('verifiedAt', new Date(0))),
  'whose times are beyond exact numbers': (rows) => mapped(rows, only('verifiedAt', '9007199254740993')),
  'whose texts are bytes': (rows) =>
    mapped(rows, (_column, value) => (typeof value === 'string' ? Buffer.from(value) : value)),
  'that are null': () => [null],
  'of none': () => [],
  'in no list': (rows) => Object.fromEntries(rows.entries()),
  'that are not there': () => undefined,
};

describe.each(databases)('an account with a factor on $name', (database) => {
  let db: DataSource;
  let service: TwoFactorService;
  const made: DataSource[] = [];
  const make = (dataSource: DataSource) =>
    new TwoFactorService({
      db: dataSource,
      keys: generateKey('k1'),
      users: { id: String, find: (id: string) => id },
      twoFactor: { issuer: 'MyApp' },
    });

  beforeAll(async () => {
    db = await database.open(twoFactorEntities());
    service = make(db);
    await service.setup.totp('1', false);
  });
  afterEach(async () => {
    for (const one of made.splice(0)) await one.destroy();
  });
  afterAll(() => close(db));

  /** Answers with rows as `shape` makes them. */
  async function reading<T>(shape: (rows: Rows) => unknown, read: () => Promise<T>): Promise<T> {
    const createQueryRunner = db.createQueryRunner.bind(db);
    db.createQueryRunner = (mode) =>
      new Proxy(createQueryRunner(mode), {
        get: (runner, name) => {
          const member: unknown = Reflect.get(runner, name);
          if (typeof member !== 'function') return member;
          if (name !== 'query') return member.bind(runner) as unknown;
          return async (...given: unknown[]) => {
            const result = await (Reflect.apply(member, runner, given) as Promise<QueryResult>);
            return { raw: result.raw as unknown, affected: result.affected, records: shape(result.records as Rows) };
          };
        },
      });
    try {
      return await read();
    } finally {
      db.createQueryRunner = createQueryRunner;
    }
  }

  it.each(Object.entries(shapes))(
    'is never one without a factor where the driver answers rows %s',
    async (_name, shape) => {
      await expect(reading(shape, () => service.isEnabled('1'))).rejects.toThrow(
        /^The database (driver )?(answered|does not answer)/,
      );
      await expect(reading(shape, () => service.verify.totp('1', '000000'))).rejects.toThrow(
        /^The database (driver )?(answered|does not answer)/,
      );
    },
  );

  it('is read where numbers come as texts or as BigInts', async () => {
    const numbers = (make: (value: unknown) => unknown) => (rows: Rows) =>
      mapped(rows, (_column, value) => (typeof value === 'number' ? make(value) : value));
    expect(await reading(numbers(String), () => service.isEnabled('1'))).toBe(true);
    expect(
      await reading(
        numbers((value) => BigInt(value as number)),
        () => service.isEnabled('1'),
      ),
    ).toBe(true);
  });

  const options: [string, object][] = [
    [
      'drops a type',
      { typeCast: (field: { type: string }, next: () => unknown) => (field.type === 'LONGLONG' ? undefined : next()) },
    ],
    [
      'makes keys null',
      { typeCast: (field: { name: string }, next: () => unknown) => (field.name.endsWith('userKey') ? null : next()) },
    ],
    [
      'makes bytes of long texts',
      {
        typeCast: (field: { name: string; buffer(): Buffer }, next: () => unknown) =>
          field.name.endsWith('sealed') ? field.buffer() : next(),
      },
    ],
  ];

  it.runIf(database.name === 'mariadb').each(options)(
    'is an error where a typeCast of mysql2 %s',
    async (_name, extra) => {
      const other = await new DataSource({ ...db.options, synchronize: false, extra }).initialize();
      made.push(other);
      await expect(make(other).isEnabled('1')).rejects.toThrow('The database answered a row of an unexpected shape');
    },
  );

  it.runIf(database.name === 'mariadb')('is read with the options of mysql2 for big numbers and dates', async () => {
    for (const more of [
      { supportBigNumbers: true, bigNumberStrings: true },
      { dateStrings: true },
      { extra: { namedPlaceholders: true } },
    ]) {
      const other = await new DataSource({ ...db.options, synchronize: false, ...more }).initialize();
      made.push(other);
      expect(await make(other).isEnabled('1')).toBe(true);
    }
  });
});
