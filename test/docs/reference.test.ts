import ms, { type StringValue } from 'ms';
import { describe, expect, it } from 'vitest';
import * as library from 'passport-two-factor';
import * as nodemailerPart from 'passport-two-factor/nodemailer';
import * as nestjsPart from 'passport-two-factor/nestjs';
import * as routerPart from 'passport-two-factor/router';
import * as testingPart from 'passport-two-factor/testing';
import * as twilioPart from 'passport-two-factor/twilio';
import * as webauthnPart from 'passport-two-factor/webauthn';
import { catalog } from '../../lib/router/messages/index.js';
import { readRouterOptions, type RouterSettings } from '../../lib/router/options.js';
import { readOptions, type Settings } from '../../lib/settings.js';
import { subpaths } from '../package/packed.js';
import { codeIn, sectionOf, tableOf } from './markdown.js';
import { exportsOf, membersOf, membersOfType, namesOf, type Member } from './source.js';

const required = { db: {}, keys: 'k1:', users: { id: String }, twoFactor: { issuer: 'MyApp' } };

/** The least options, with one more at this path. */
function optionsWith(path: string, value: unknown): Record<string, unknown> {
  const [outer, inner] = path.split('.') as [string, string | undefined];
  if (inner === undefined) return { ...required, [outer]: value };
  return { ...required, [outer]: { ...((required as Record<string, unknown>)[outer] as object), [inner]: value } };
}

/** Where the checked settings keep the option of this path. */
function settingOf(settings: Settings, path: string): unknown {
  const { attemptLimits, sendLimits, ...rest } = settings;
  const flat: Record<string, unknown> = {
    ...rest,
    ...attemptLimits,
    sendsPerHour: sendLimits.perHour,
    sendsPerDay: sendLimits.perDay,
  };
  const [outer, inner] = path.split('.') as [string, string | undefined];
  return outer === 'deliver' || outer === 'users'
    ? (flat[outer] as Record<string, unknown>)[inner!]
    : flat[inner ?? outer];
}

const service = (): library.TwoFactorService =>
  Object.create(library.TwoFactorService.prototype, { setup: { value: {} } }) as library.TwoFactorService;
const names = (members: readonly Member[]): string[] => members.map(({ name }) => name);
const prefixed = (prefix: string, members: readonly Member[]): Member[] =>
  members.map(({ name, optional }) => ({ name: `${prefix}.${name}`, optional }));

/** `a(b, c?)` → `a` */
const bare = (code: string): string => code.replace(/\(.*$/, '');

describe('the options of the service in the README', () => {
  const rows = tableOf(sectionOf('README.md', '## Options')).map(([option, fallback, range, meaning]) => ({
    path: codeIn(option!)[0]!,
    fallback: fallback!,
    range: range!,
    meaning: meaning!,
  }));
  const groups: Record<string, Member[]> = {
    users: membersOf('lib/options.ts', 'UserAdapter'),
    twoFactor: membersOf('lib/options.ts', 'TwoFactorSettings'),
    deliver: [
      { name: 'email', optional: true },
      { name: 'sms', optional: true },
    ],
    limits: membersOf('lib/options.ts', 'LimitSettings'),
  };
  const members = membersOf('lib/options.ts', 'TwoFactorOptions').flatMap((member) =>
    groups[member.name] ? prefixed(member.name, groups[member.name]!) : [member],
  );

  it('are all there, and no others', () => {
    expect(rows.map(({ path }) => path).sort()).toEqual(names(members).sort());
  });

  it('are required where the types say so', () => {
    const documented = rows.filter(({ fallback }) => fallback === 'required').map(({ path }) => path);
    expect(documented.sort()).toEqual(names(members.filter(({ optional }) => !optional)).sort());
  });

  it.each(rows.filter(({ fallback }) => fallback !== 'required'))(
    '$path has the default $fallback',
    ({ path, fallback }) => {
      const actual = settingOf(readOptions(required), path);
      const code = codeIn(fallback)[0];
      if (path === 'clock') expect(Math.abs((actual as () => number)() - Date.now())).toBeLessThan(60_000);
      else if (path === 'allowDestination') expect((actual as () => boolean)()).toBe(true);
      else if (code === undefined) expect([fallback, actual]).toEqual(['none', undefined]);
      else {
        const literal = JSON.parse(code.replaceAll("'", '"')) as unknown;
        expect(actual).toEqual(
          typeof actual === 'number' && typeof literal === 'string' ? ms(literal as StringValue) : literal,
        );
      }
    },
  );

  it.each(rows.filter(({ range }) => range !== ''))('$path takes $range and nothing beyond', ({ path, range }) => {
    const [low, high] = range
      .split(' – ')
      .map((bound) => (/^\d+$/.test(bound) ? Number(bound) : ms(bound as StringValue)));
    for (const value of [low, high]) expect(settingOf(readOptions(optionsWith(path, value)), path)).toBe(value);
    for (const value of [low! - 1, high! + 1]) expect(() => readOptions(optionsWith(path, value))).toThrow(path);
  });

  it('have bounds wherever they are numbers', () => {
    const numeric = members.filter(({ name }) => typeof settingOf(readOptions(required), name) === 'number');
    expect(
      rows
        .filter(({ range }) => range !== '')
        .map(({ path }) => path)
        .sort(),
    ).toEqual(names(numeric).sort());
  });
});

describe('the options of the other parts in the README', () => {
  let of = '';
  const rows = tableOf(sectionOf('README.md', '## Options'), 1).flatMap(([part, options, fallback]) => {
    if (part !== '') of = bare(codeIn(part!)[0]!.replace('new ', ''));
    return codeIn(options!).map((option) => ({ of, option, fallback: fallback! }));
  });
  const parts: Record<string, Member[]> = {
    TwoFactorStrategy: membersOf('lib/passport/two-factor-strategy.ts', 'TwoFactorStrategyOptions'),
    'passport.authenticate': membersOf('lib/passport/two-factor-strategy.ts', 'TwoFactorAuthenticateOptions'),
    SecondFactorStrategy: membersOf('lib/passport/second-factor-strategy.ts', 'SecondFactorStrategyOptions'),
    twoFactorAuth: membersOf('lib/express/two-factor-auth.ts', 'TwoFactorAuthOptions'),
    protect: [
      ...membersOf('lib/passport/protect.ts', 'ProtectOptions'),
      ...membersOf('lib/passport/two-factor-strategy.ts', 'TwoFactorStrategyOptions').filter(
        ({ name }) => name === 'secondFactorRedirect',
      ),
    ],
    requireEnrollment: membersOf('lib/express/require-enrollment.ts', 'RequireEnrollmentOptions'),
    requireSecondFactor: membersOf('lib/express/require-second-factor.ts', 'RequireSecondFactorOptions'),
    secondFactorErrorHandler: membersOf('lib/express/error-handler.ts', 'SecondFactorErrorHandlerOptions'),
    twoFactorEntities: membersOf('lib/store/entities.ts', 'TableOptions'),
    twoFactorRouter: membersOf('lib/router/options.ts', 'TwoFactorRouterOptions'),
    emailSender: membersOf('lib/nodemailer/index.ts', 'EmailSenderOptions'),
    smsSender: membersOfType('lib/twilio/index.ts', 'SmsSenderOptions'),
  };

  it.each(Object.entries(parts))('are those of %s', (part, members) => {
    const documented = rows.filter((row) => row.of === part);
    expect(documented.map(({ option }) => option).sort()).toEqual(names(members).sort());
    const needed = documented.filter(({ fallback }) => fallback === 'required').map(({ option }) => option);
    expect(needed.sort()).toEqual(names(members.filter(({ optional }) => !optional)).sort());
  });

  it('have no part that is not there', () => {
    expect([...new Set(rows.map((row) => row.of))].sort()).toEqual(Object.keys(parts).sort());
  });

  it('have the defaults that the code has', () => {
    const fallback = (part: string, option: string): string =>
      codeIn(rows.find((row) => row.of === part && row.option === option)!.fallback)[0]!;
    expect(`'${new library.SecondFactorStrategy({ service: service() }).name}'`).toBe(
      fallback('SecondFactorStrategy', 'name'),
    );
    expect(library.twoFactorEntities()[0]!.options.tableName).toBe(
      `${fallback('twoFactorEntities', 'tablePrefix').replaceAll("'", '')}accounts`,
    );
  });

  it('have the defaults that the router has', () => {
    const canSend = (mechanism: library.TwoFactorMechanism): boolean => mechanism === library.TwoFactorMechanism.EMAIL;
    const settings = readRouterOptions({
      service: { canSend } as library.TwoFactorService,
      passport: {} as RouterSettings['passport'],
    });
    const documented = Object.fromEntries(
      rows.filter((row) => row.of === 'twoFactorRouter').map(({ option, fallback }) => [option, fallback]),
    );
    for (const name of ['login', 'loginPath', 'returnTo'] as const)
      expect(documented[name]).toBe(`\`'${settings[name]!}'\``);
    expect([documented.pages, settings.pages]).toEqual(['`false`', undefined]);
    expect([documented.stylesheet, settings.stylesheet, documented.locale, settings.locale]).toEqual([
      'none',
      undefined,
      "the browser's",
      undefined,
    ]);
    expect(codeIn(documented.messages!)).toEqual([...catalog(undefined).keys()]);
    expect([documented.csrf, settings.csrf.field]).toEqual(['its own tokens', '_csrf']);
    expect([documented.methods, settings.methods]).toEqual(['what can be sent', ['totp', 'email']]);
  });
});

describe('req.auth in the README', () => {
  const rows = tableOf(sectionOf('README.md', '## `req.auth`'));

  it('has every public member, and no others', () => {
    const documented = rows.flatMap(([member]) => codeIn(member!)).map(bare);
    const twoFactor = prefixed('twoFactor', membersOf('lib/express/request-two-factor.ts', 'RequestTwoFactor'));
    const members = [...membersOf('lib/express/request-auth.ts', 'RequestAuth'), ...twoFactor];
    expect(documented.sort()).toEqual(names(members).sort());
  });

  it.each([
    ['lib/service/enrollment-input.ts', 'TotpSetup'],
    ['lib/service/enrollment-input.ts', 'ContactSetup'],
    ['lib/service/management.ts', 'Authenticator'],
    ['lib/standing/pending-login.ts', 'PendingView'],
  ])('names every field of what comes back: %s %s', (file, name) => {
    const words = codeIn(sectionOf('README.md', '## `req.auth`')).flatMap((code) => code.split(/\W+/));
    expect(words).toEqual(expect.arrayContaining(names(membersOf(file, name))));
  });

  it('is matched by the service, which has a few members more', () => {
    const common = names(membersOf('lib/express/request-two-factor.ts', 'RequestTwoFactor'));
    const all = names([
      ...membersOf('lib/service/two-factor-service.ts', 'TwoFactorService'),
      ...membersOf('lib/service/login-service.ts', 'LoginService'),
      ...membersOf('lib/service/use-cases.ts', 'UseCases'),
    ]);
    expect(all).toEqual(expect.arrayContaining(common));
    const more = tableOf(sectionOf('README.md', '## The service')).map(([member]) => bare(codeIn(member!)[0]!));
    expect(more.sort()).toEqual(all.filter((name) => !common.includes(name)).sort());
  });
});

describe('the errors in the README', () => {
  const rows = tableOf(sectionOf('README.md', '## Errors')).map(([name, code, status]) => ({
    name: codeIn(name!)[0]!,
    code: codeIn(code!)[0]!,
    status: Number(status),
  }));

  it('are all there, and no others', () => {
    const classes = Object.keys(library).filter((name) => name.endsWith('Error') && name !== 'TwoFactorError');
    expect(rows.map(({ name }) => name).sort()).toEqual(classes.sort());
  });

  it.each(rows)('$name has the code $code and the status $status', ({ name, code, status }) => {
    const Class = (
      library as unknown as Record<string, new (details: object) => Error & { code: string; status: number }>
    )[name]!;
    const error = new Class({ methods: {}, availableMethods: {}, expiresAt: 0 });
    expect([error.code, error.status]).toEqual([code, status]);
    expect(error instanceof library.TwoFactorError).toBe(name !== 'SealedDataError');
  });
});

it('docs/delivery.md has every field of a message', () => {
  const documented = tableOf(sectionOf('docs/delivery.md', '## Through the library')).flatMap(([field]) =>
    codeIn(field!),
  );
  expect(documented.sort()).toEqual(names(membersOf('lib/options.ts', 'CodeMessage')).sort());
});

describe('the events and exports in the README', () => {
  it('are the events of the service', () => {
    const documented = tableOf(sectionOf('README.md', '## Events')).map(([event]) => codeIn(event!)[0]!);
    expect(documented.sort()).toEqual(namesOf('lib/service/events.ts', 'TwoFactorEventName').sort());
    const fields = codeIn(sectionOf('README.md', '## Events'));
    for (const { name } of membersOf('lib/service/events.ts', 'TwoFactorEvent')) expect(fields).toContain(name);
  });

  it('are the exports of the package', () => {
    const [before] = sectionOf('README.md', '## Exports').split('\nEach of the other parts');
    const [values, types] = before!
      .replace('`passport-two-factor`. ', '')
      .split('\nTypes:')
      .map((text) => codeIn(text).sort());
    const exported = exportsOf('lib/index.ts');
    const errors = exported.values.filter((name) => name.endsWith('Error') && name !== 'TwoFactorError');
    expect([...values!, ...errors].sort()).toEqual(exported.values);
    expect(types).toEqual(exported.types);
    expect(Object.keys(library).sort()).toEqual(exported.values);
  });

  it('are the exports of its other parts', () => {
    const parts: Record<string, object> = {
      router: routerPart,
      nestjs: nestjsPart,
      testing: testingPart,
      nodemailer: nodemailerPart,
      twilio: twilioPart,
      webauthn: webauthnPart,
    };
    const rows = tableOf(sectionOf('README.md', '## Exports')).map(([name, values, types]) => ({
      part: codeIn(name!)[0]!.replace('passport-two-factor/', ''),
      values: codeIn(values!).sort(),
      types: codeIn(types!).sort(),
    }));
    expect(rows.map(({ part }) => part).sort()).toEqual(subpaths.toSorted());
    for (const { part, ...documented } of rows) {
      expect(documented, part).toEqual(exportsOf(`lib/${part}/index.ts`));
      expect(Object.keys(parts[part]!).sort(), part).toEqual(documented.values);
    }
  });
});
