import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  generateKey,
  twoFactorEntities,
  twoFactorMigrations,
  TwoFactorService,
  type TwoFactorOptions,
} from 'passport-two-factor';
import { close, databases } from '../support/databases.js';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

let db: DataSource;

beforeAll(async () => {
  db = await databases[0]!.open(twoFactorEntities());
});
afterAll(() => close(db));

/** The least that an app must say, with `value` at `path`. */
function options(path: string, value: unknown): unknown {
  const whole: Record<string, unknown> = {
    db,
    keys: generateKey('k1'),
    users: { id: String, find: () => null },
    twoFactor: { issuer: 'MyApp' },
    limits: {},
    deliver: {},
  };
  const [block, name] = path.split('.') as [string, string | undefined];
  if (name === undefined) whole[block] = value;
  else (whole[block] as Record<string, unknown>)[name] = value;
  return whole;
}

const make = (path: string, value: unknown) => new TwoFactorService(options(path, value) as TwoFactorOptions);

function accepted(path: string, ...values: unknown[]): void {
  for (const value of values) expect(() => make(path, value), `${path} = ${String(value)}`).not.toThrow();
}

/** What is shown of a value: text and numbers as they are, of everything else the type. */
const shown = (value: unknown): string => {
  if (value === null) return 'null';
  return ['string', 'number', 'boolean'].includes(typeof value)
    ? `${typeof value} ${JSON.stringify(value)}`
    : typeof value;
};

/** A TypeError that names the option, what it must be, and what it is. */
function refused(path: string, expected: string, ...values: unknown[]): void {
  for (const value of values) {
    let thrown: unknown;
    try {
      make(path, value);
    } catch (error) {
      thrown = error;
    }
    expect(thrown, `${path} = ${String(value)}`).toBeInstanceOf(TypeError);
    expect((thrown as Error).message).toBe(`${path} ${expected}; got ${shown(value)}`);
  }
}

const durations: [path: string, text: string, min: number, max: number, shownRange: string][] = [
  ['twoFactor.tokenExpiry', '5m', 10 * second, 10 * minute, 'from 10s to 10m'],
  ['rememberFor', '30d', minute, 366 * day, 'from 1m to 366d'],
  ['loginExpiry', '10m', minute, 15 * minute, 'from 1m to 15m'],
  ['deliverTimeout', '10s', 10, minute, 'from 10ms to 1m'],
  ['recentAuthentication', '5m', minute, hour, 'from 1m to 1h'],
  ['limits.backoff', '30s', 10 * second, hour, 'from 10s to 1h'],
  ['limits.maxBackoff', '1h', minute, day, 'from 1m to 1d'],
  ['limits.suspensionWindow', '30d', day, 90 * day, 'from 1d to 90d'],
];

describe('limits', () => {
  it('have no first backoff that is longer than the longest one', () => {
    refused('limits', 'must have a backoff that is no longer than maxBackoff', { backoff: '1h', maxBackoff: '1m' });
    accepted('limits', { backoff: '1m', maxBackoff: '1m' });
  });
});

describe.each(durations)('the option %s', (path, text, min, max, range) => {
  const expected =
    path === 'recentAuthentication'
      ? `must be false or a duration ${range}, such as "${text}"`
      : `must be a duration ${range}, such as "${text}"`;

  it(`is a duration ${range}, or left out`, () => {
    accepted(path, min, max, `${String(min)}ms`, `${String(max / second)}s`, text, undefined);
  });

  it('is refused one millisecond outside of it', () => {
    refused(path, expected, min - 1, max + 1);
  });

  it('is refused as anything that is no duration', () => {
    refused(
      path,
      expected,
      'soon',
      '5 parsecs',
      '-5m',
      '1e999',
      Number.NaN,
      Infinity,
      -Infinity,
      0,
      -1,
      true,
      null,
      {},
      [],
      ['5m'],
      () => 5,
      'x'.repeat(200),
    );
  });

  it('is refused as an empty text', () => {
    refused(path, expected, '');
  });
});

it('the option recentAuthentication may be false, not true', () => {
  accepted('recentAuthentication', false);
  refused('recentAuthentication', 'must be false or a duration from 1m to 1h, such as "5m"', true);
});

const integers: [path: string, min: number, max: number][] = [
  ['twoFactor.codeLength', 6, 10],
  ['twoFactor.totpWindow', 0, 2],
  ['twoFactor.backupCodesCount', 1, 32],
  ['limits.attempts', 3, 10],
  ['limits.suspendAfter', 10, 100],
  ['limits.sendsPerHour', 1, 20],
  ['limits.sendsPerDay', 1, 50],
  ['limits.pendingLogins', 1, 20],
];

describe.each(integers)('the option %s', (path, min, max) => {
  const expected = `must be a whole number from ${String(min)} to ${String(max)}`;

  it(`is a whole number from ${String(min)} to ${String(max)}, or left out`, () => {
    accepted(path, min, max, undefined);
  });

  it('is refused as anything else', () => {
    refused(
      path,
      expected,
      min - 1,
      max + 1,
      min + 0.5,
      String(min),
      Number.NaN,
      Infinity,
      -Infinity,
      null,
      true,
      {},
      [min],
      2 ** 53,
      -min - 1,
    );
  });
});

const functions: [path: string, expected: string, needed: boolean][] = [
  ['users.id', 'must be a function (user) => string', true],
  ['users.find', 'must be a function (id) => user | null, such as (id) => users.findOneBy({ id })', false],
  ['users.email', 'must be a function (user) => string | undefined', false],
  ['users.label', 'must be a function (user) => string | undefined', false],
  ['deliver.email', 'must be a function (message) => Promise', false],
  ['deliver.sms', 'must be a function (message) => Promise', false],
  ['clock', 'must be a function () => epoch milliseconds', false],
  ['allowDestination', 'must be a function (contact, mechanism) => boolean', false],
];

describe.each(functions)('the option %s', (path, expected, needed) => {
  it('is a function', () => {
    accepted(
      path,
      () => 'x',
      async () => Promise.resolve('x'),
    );
    if (needed) refused(path, expected, undefined);
    else accepted(path, undefined);
    refused(path, expected, null, 'name', 7, true, {}, []);
  });
});

const choices: [path: string, expected: string, good: unknown[], bad: unknown[]][] = [
  ['twoFactor.enabled', 'must be true or false', [true, false, undefined], ['true', 0, 1, null, {}]],
  [
    'challengeOn',
    'must be "login" or "request"',
    ['login', 'request', undefined],
    ['Login', 'never', '', true, null, 0],
  ],
  [
    'twoFactor.requireForOAuth',
    'must be true, false, a list of strategy names, or a function of the login',
    [true, false, [], ['github', 'google'], () => true, undefined],
    ['github', [''], [7], [null], null, 0, {}],
  ],
  [
    'twoFactor.enforce',
    'must be true, false, a function of the user, or { after: new Date("2027-01-01") }',
    [true, false, () => true, { after: new Date(0) }, undefined],
    ['true', 1, null, {}, [], { after: '2027-01-01' }, { after: new Date('never') }],
  ],
];

describe.each(choices)('the option %s', (path, expected, good, bad) => {
  it('takes what it says', () => {
    accepted(path, ...good);
    refused(path, expected, ...bad);
  });
});

describe('the option twoFactor.issuer', () => {
  it('is the name of the app', () => {
    accepted('twoFactor.issuer', 'MyApp', 'M', 'Müller & Söhne / 日本', 'x'.repeat(64));
    refused('twoFactor.issuer', 'must be the name of your app', undefined, null, 7, {});
    refused(
      'twoFactor.issuer',
      'must be the name of your app: 1 to 64 characters without ":"',
      '',
      'My:App',
      'x'.repeat(65),
      'My\nApp',
      'My\0App',
    );
  });
});

describe('the option keepInSession', () => {
  it('is a list of session keys', () => {
    accepted('keepInSession', [], ['returnTo', 'cart'], undefined);
    refused('keepInSession', 'must be a list of session keys', 'returnTo', null, {}, 7);
    expect(() => make('keepInSession', [7])).toThrow(/^keepInSession\.0 .*; got number 7$/);
    expect(() => make('keepInSession', [''])).toThrow(/^keepInSession\.0 /);
  });

  it.each(['cookie', 'passport', 'twoFactor', '__proto__'])('never keeps "%s"', (key) => {
    refused('keepInSession', 'must not name "cookie", "passport" or "twoFactor": they are the login itself', [
      'cart',
      key,
    ]);
  });
});

describe('a block of options', () => {
  it.each([
    ['users', 'must be an object with the functions id and find', [undefined, null, 'User', 7, []]],
    ['twoFactor', 'must be an object such as { issuer: "MyApp" }', [undefined, null, true, 'MyApp', []]],
    ['deliver', 'must be an object: { email?, sms? }', [null, () => 1, true, 'smtp', []]],
    ['limits', 'must be an object', [null, 5, 'none', false, []]],
  ] as const)('%s is an object', (path, expected, bad) => {
    refused(path, expected, ...bad);
  });

  it.each([
    ['TwoFactorService options', 'issuer'],
    ['users', 'ids'],
    ['twoFactor', 'window'],
    ['deliver', 'push'],
    ['limits', 'tries'],
  ])('%s takes no option that is misspelt: "%s"', (block, name) => {
    const given = options(block === 'TwoFactorService options' ? name : `${block}.${name}`, 1) as TwoFactorOptions;
    const making = () => new TwoFactorService(given);
    expect(making).toThrow(TypeError);
    expect(making).toThrow(`${block}: there is no option "${name}"`);
  });

  it.each([
    ['TwoFactorService options', 'user', 'users'],
    ['TwoFactorService options', 'RememberFor', 'rememberFor'],
    ['users', 'mail', 'email'],
    ['twoFactor', 'backupCodeCount', 'backupCodesCount'],
    ['twoFactor', 'tokenExpire', 'tokenExpiry'],
    ['deliver', 'e-mail', 'email'],
    ['limits', 'attemps', 'attempts'],
    ['limits', 'sendPerHour', 'sendsPerHour'],
  ])('%s: to whoever writes "%s" the name "%s" is told', (block, name, meant) => {
    const given = options(block === 'TwoFactorService options' ? name : `${block}.${name}`, 1) as TwoFactorOptions;
    expect(() => new TwoFactorService(given)).toThrow(
      new RegExp(`^${block}: there is no option "${name}"; there are .*; did you mean "${meant}"\\?$`),
    );
  });

  it('twoFactor.enforce: a misspelt member beside the date is refused, and one in its place', () => {
    expect(() => make('twoFactor.enforce', { after: new Date(0), when: () => true })).toThrow(TypeError);
    expect(() => make('twoFactor.enforce', { after: new Date(0), when: () => true })).toThrow(
      /^twoFactor\.enforce: there is no option "when"; there are after$/,
    );
    expect(() => make('twoFactor.enforce', { afters: new Date(0) })).toThrow(/^twoFactor\.enforce must be /);
  });

  it.each(['db', 'keys'])('%s that is left out is asked for by name, and how to make one is said', (name) => {
    const given = Object.fromEntries(
      Object.entries(options('limits', {}) as object).filter(([other]) => other !== name),
    );
    for (const without of [given, { ...given, [name]: undefined }, { ...given, [name]: null }]) {
      const making = () => new TwoFactorService(without as unknown as TwoFactorOptions);
      expect(making).toThrow(TypeError);
      expect(making).toThrow(
        name === 'db'
          ? /^db must be a TypeORM DataSource: new DataSource/
          : /^keys must be a comma-separated list .*generateKey/,
      );
    }
  });

  it.each([undefined, null, 'mysql://', 7, []])('the options as a whole are an object, not %j', (given) => {
    const making = () => new TwoFactorService(given as unknown as TwoFactorOptions);
    expect(making).toThrow(TypeError);
    expect(making).toThrow(
      /TwoFactorService options must be an object: \{ db, keys, users, twoFactor: \{ issuer \} \}/,
    );
  });

  it('cannot be changed once the service is made', () => {
    expect(Object.isFrozen(make('limits', { attempts: 4 }).settings)).toBe(true);
  });
});

describe.each([
  ['twoFactorEntities', twoFactorEntities],
  ['twoFactorMigrations', twoFactorMigrations],
])('%s', (_name, make) => {
  it.each([
    ['prefix', undefined],
    ['tableprefix', 'tablePrefix'],
    ['tablePrefixes', 'tablePrefix'],
  ])('takes no option "%s"', (name, meant) => {
    const making = () => make({ [name]: 'mfa_' });
    expect(making).toThrow(TypeError);
    expect(making).toThrow(
      `there is no option "${name}"; there are tablePrefix${meant === undefined ? '' : `; did you mean "${meant}"?`}`,
    );
  });
});

describe('the option keys', () => {
  it.each([undefined, null, '', '  ', 7, {}, 'short', 'k1:AAAA', `k1:${'A'.repeat(43)}=,k1:${'B'.repeat(43)}=`])(
    'as %j is refused with how to make one',
    (keys) => {
      expect(() => make('keys', keys)).toThrow(TypeError);
      expect(() => make('keys', keys)).toThrow(
        /^keys must be a comma-separated list of "name:BASE64" with 32 random bytes each, newest first/,
      );
    },
  );
});
