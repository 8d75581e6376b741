import { EntitySchema, type EntitySchemaColumnOptions } from 'typeorm';
import { checkOptions } from '../core/options.js';

/**
 * @internal The registered names, by which a DataSource finds them even where two copies of this package are
 * installed.
 */
export const entityNames = {
  account: 'TwoFactorAccount',
  authenticator: 'TwoFactorAuthenticator',
  backupCode: 'TwoFactorBackupCode',
  challenge: 'TwoFactorChallenge',
  quota: 'TwoFactorQuota',
} as const;

/** Options of `twoFactorEntities` and `twoFactorMigrations`: the same for both. */
export interface TableOptions {
  /** Begins the name of every table, index and key; 1 to 31 letters, digits and "_". Default `'two_factor_'`. */
  readonly tablePrefix?: string;
}

/** @internal */
export function readTablePrefix(options: TableOptions = {}): string {
  checkOptions('twoFactorEntities, twoFactorMigrations', options, ['tablePrefix']);
  const { tablePrefix = 'two_factor_' } = options;
  if (typeof tablePrefix !== 'string' || !/^[A-Za-z_][A-Za-z0-9_]{0,30}$/.test(tablePrefix)) {
    throw new TypeError(
      'tablePrefix must be 1 to 31 letters, digits and "_", not beginning with a digit, such as "two_factor_"',
    );
  }
  return tablePrefix;
}

// No column is nullable: MariaDB reports nullable ones as a difference for ever. Every column has a default, so that
// during a deploy another version of this package, which knows a column less, can write rows.
const text = (length: number): EntitySchemaColumnOptions => ({ type: 'varchar', length: String(length), default: '' });
/**
 * TEXT alone has no default, and every INSERT of every version has to name it: MySQL takes a default of TEXT only as an
 * expression, which it reports in a spelling that TypeORM takes for a difference for ever.
 */
const long: EntitySchemaColumnOptions = { type: 'text' };
const int: EntitySchemaColumnOptions = { type: 'int', default: 0 };
/** Epoch milliseconds or a counter without bound. Drivers of MySQL and PostgreSQL answer a bigint as a string. */
const big: EntitySchemaColumnOptions = {
  type: 'bigint',
  default: 0,
  transformer: { from: (value: string | number) => Number(value), to: (value: unknown) => value },
};
/**
 * The epochs of an account and its factors. Where `synchronize` finds them as the `int` of version 0.1, it drops the
 * column and adds it anew. This default is beyond every epoch of that version: no session that was ended comes back
 * to life.
 */
const epoch: EntitySchemaColumnOptions = { ...big, default: 1_764_200_000_000 };
/** SHA-256 in hex: lookups go through it alone, since MySQL collations equate `abc`, `ABC` and `ábc`. */
const digest = text(64);

/**
 * The entities of the second factor, for the `entities` of a DataSource beside the app's own.
 *
 * `new DataSource({ entities: [User, ...twoFactorEntities()], migrations: [...twoFactorMigrations()] })`
 */
export function twoFactorEntities(options?: TableOptions): EntitySchema[] {
  const prefix = readTablePrefix(options);
  const primary = (column: EntitySchemaColumnOptions, table: string): EntitySchemaColumnOptions => ({
    ...column,
    primary: true,
    primaryKeyConstraintName: `${prefix}${table}_pk`,
  });
  const named = (columns: Record<string, EntitySchemaColumnOptions>): Record<string, EntitySchemaColumnOptions> =>
    Object.fromEntries(
      Object.entries(columns).map(([property, column]) => [property, { ...column, name: columnName(property) }]),
    );
  return [
    new EntitySchema({
      name: entityNames.account,
      tableName: `${prefix}accounts`,
      columns: named({
        userKey: primary(digest, 'accounts'),
        userId: text(191),
        version: int,
        failures: int,
        windowFailures: int,
        windowStart: big,
        nextAttemptAt: big,
        lastStep: big,
        challengeEpoch: epoch,
        securityEpoch: epoch,
        backupSetId: text(32),
        backupSalt: text(191),
        lastUsed: long,
        preferred: int,
        enrollBy: big,
        factors: text(2048),
        failureDays: text(1024),
        verdicts: text(4096),
        deadUntil: big,
      }),
    }),
    new EntitySchema({
      name: entityNames.authenticator,
      tableName: `${prefix}authenticators`,
      columns: named({
        id: primary(text(32), 'authenticators'),
        userKey: digest,
        userId: text(191),
        mechanism: int,
        handle: digest,
        label: text(191),
        sealed: long,
        algorithm: text(16),
        digits: int,
        period: int,
        verifiedAt: big,
        confirmedStep: big,
        securityEpoch: epoch,
        provisional: int,
      }),
      uniques: [{ name: `${prefix}authenticators_one`, columns: ['userKey', 'mechanism', 'handle'] }],
    }),
    new EntitySchema({
      name: entityNames.backupCode,
      tableName: `${prefix}backup_codes`,
      columns: named({
        setId: primary(text(32), 'backup_codes'),
        tag: primary(digest, 'backup_codes'),
        userKey: digest,
        usedAt: big,
      }),
    }),
    new EntitySchema({
      name: entityNames.challenge,
      tableName: `${prefix}challenges`,
      columns: named({
        id: primary(digest, 'challenges'),
        userKey: digest,
        userId: text(191),
        purpose: text(16),
        mechanism: int,
        handle: text(64),
        challengeEpoch: big,
        securityEpoch: big,
        strategy: text(191),
        kind: text(16),
        remember: int,
        info: long,
        sealed: long,
        codes: long,
        codeVersion: int,
        verifiedBy: text(16),
        createdAt: big,
        expiresAt: big,
      }),
      indices: [{ name: `${prefix}challenges_user`, columns: ['userKey'] }],
    }),
    new EntitySchema({
      name: entityNames.quota,
      tableName: `${prefix}quotas`,
      columns: named({
        id: primary(digest, 'quotas'),
        version: int,
        hourStart: big,
        hourCount: int,
        dayStart: big,
        dayCount: int,
        userKey: digest,
        lastSent: text(128),
      }),
      indices: [{ name: `${prefix}quotas_user`, columns: ['userKey'] }],
    }),
  ];
}

/** @internal */
export const columnName = (property: string): string =>
  property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
