import { Passport, type Strategy } from 'passport';
import { describe, expect, it } from 'vitest';
import { protect, SecondFactorStrategy, TwoFactorStrategy, type TwoFactorService } from 'passport-two-factor';

// By its shape: that of another copy of the package is a service, too.
const service = { setup: {} } as unknown as TwoFactorService;
const inner = { name: 'local', authenticate: () => undefined };
const registered = (passport: object) =>
  (passport as { _strategies: Record<string, Strategy | undefined> })._strategies;

describe('the options of TwoFactorStrategy', () => {
  it('are a service and a strategy; name, kind and redirect are optional', () => {
    expect(new TwoFactorStrategy({ service }, inner)).toMatchObject({ name: 'local', kind: 'unknown', inner });
    expect(new TwoFactorStrategy({ service }, { ...inner, _oauth2: {}, _callbackURL: '/cb' } as never).kind).toBe(
      'oauth',
    );
    expect(
      new TwoFactorStrategy({ service, name: 'members', kind: 'local', secondFactorRedirect: '/2fa' }, inner),
    ).toMatchObject({ name: 'members', kind: 'local' });
    for (const kind of ['local', 'oauth', 'unknown'] as const)
      expect(new TwoFactorStrategy({ service, kind }, inner).kind).toBe(kind);
    const longest = 'n'.repeat(191);
    expect(new TwoFactorStrategy({ service, name: longest }, inner).name).toBe(longest);
  });

  it.each([
    ['no options', undefined, inner, /TwoFactorStrategy: service must be a TwoFactorService; got undefined/],
    ['no service', {}, inner, /service must be a TwoFactorService; got undefined/],
    ['the options of a service', { service: { db: {} } }, inner, /service must be a TwoFactorService; got object/],
    ['no strategy', { service }, undefined, /the second argument must be the Passport strategy to wrap/],
    ['a verify function', { service }, () => undefined, /the second argument must be the Passport strategy to wrap/],
    ['a strategy without a name', { service }, { authenticate: inner.authenticate }, /the strategy has no name/],
    ['an empty name', { service, name: '' }, inner, /the strategy has no name/],
    ['a name that is a number', { service, name: 1 }, inner, /the strategy has no name/],
    ['a name of 192 characters', { service, name: 'n'.repeat(192) }, inner, /1 to 191 characters; got 192/],
    [
      'an unknown kind',
      { service, kind: 'saml' },
      inner,
      /kind must be one of "local", "oauth", "remembered", "unknown"; got string "saml"/,
    ],
    ['a kind of null', { service, kind: null }, inner, /kind must be one of/],
    [
      'an option that there is not',
      { service, secondfactorRedirect: '/2fa' },
      inner,
      /^TwoFactorStrategy: there is no option "secondfactorRedirect"/,
    ],
    [
      'a redirect that is no path',
      { service, secondFactorRedirect: true },
      inner,
      /secondFactorRedirect must be a path such as "\/2fa"; got boolean/,
    ],
  ])('refuse %s and say what to write', (_what, options, strategy, message) => {
    expect(() => new TwoFactorStrategy(options as never, strategy as never)).toThrow(TypeError);
    expect(() => new TwoFactorStrategy(options as never, strategy as never)).toThrow(message);
  });
});

describe('the options of SecondFactorStrategy', () => {
  it('are a service and, if it is to have another one, a name', () => {
    expect(new SecondFactorStrategy({ service }).name).toBe('two-factor');
    expect(new SecondFactorStrategy({ service, name: '2fa' }).name).toBe('2fa');
    expect(() => new SecondFactorStrategy(undefined as never)).toThrow(
      /SecondFactorStrategy: service must be a TwoFactorService/,
    );
    expect(() => new SecondFactorStrategy({ service, nmae: '2fa' } as never)).toThrow(
      /^SecondFactorStrategy: there is no option "nmae"/,
    );
    expect(() => new SecondFactorStrategy({ service, name: '' })).toThrow(/name must be the name of the strategy/);
    expect(() => new SecondFactorStrategy({} as never)).toThrow(
      /SecondFactorStrategy: service must be a TwoFactorService/,
    );
  });
});

describe('protect', () => {
  const named = (name?: string, more: object = {}) => ({ ...inner, name, ...more }) as unknown as Strategy;

  it('wraps what is there and what comes later, by either form of use, and leaves the session strategy alone', () => {
    const passport = new Passport();
    const { session } = registered(passport);
    passport.use(named('local')).use('key', named('other'));
    protect(passport, { service, secondFactorRedirect: '/2fa' });
    expect(passport.use(named('later')).use('named', named())).toBe(passport);
    for (const name of ['local', 'key', 'later', 'named'])
      expect(registered(passport)[name]).toMatchObject({ constructor: TwoFactorStrategy, name });
    expect(registered(passport).session).toBe(session);
    expect(registered(passport)['two-factor']).toBeInstanceOf(SecondFactorStrategy);
  });

  it('leaves a strategy for the second factor as it is, under whatever name, and does not register another', () => {
    const passport = new Passport();
    const own = new SecondFactorStrategy({ service });
    const other = new SecondFactorStrategy({ service, name: 'other' });
    passport.use(own).use(other);
    protect(passport, { service });
    expect(registered(passport)['two-factor']).toBe(own);
    expect(registered(passport).other).toBe(other);
    const later = new SecondFactorStrategy({ service, name: 'later' });
    passport.use(later);
    expect(registered(passport).later).toBe(later);
  });

  it('wraps only what it is told to, also later, and what it is not told to spare', () => {
    const only = new Passport();
    only.use(named('local')).use(named('key'));
    protect(only, { service, only: ['local'] });
    only.use(named('later'));
    expect(registered(only).local).toBeInstanceOf(TwoFactorStrategy);
    for (const name of ['key', 'later']) expect(registered(only)[name]).not.toBeInstanceOf(TwoFactorStrategy);

    const except = new Passport();
    except.use(named('local')).use(named('key'));
    protect(except, { service, except: ['key'] });
    except.use(named('later'));
    for (const name of ['local', 'later']) expect(registered(except)[name]).toBeInstanceOf(TwoFactorStrategy);
    expect(registered(except).key).not.toBeInstanceOf(TwoFactorStrategy);
  });

  it('does not let a strategy without a name in', () => {
    const passport = new Passport();
    protect(passport, { service });
    expect(() => passport.use(named())).toThrow(/no name/);
  });

  it.each([{}, { use: () => undefined }, { use: true, _strategies: {} }, { _strategies: {} }])(
    'refuses %j, which is no passport',
    (given) => {
      expect(() => {
        protect(given as never, { service });
      }).toThrow(/the first argument must be the app's passport/);
    },
  );

  it('tells what it has wrapped and what it has left, and leaves out those that read tokens', () => {
    const passport = new Passport();
    passport
      .use(named('local'))
      .use('jwt', named('jwt', { _jwtFromRequest: () => null }))
      .use(named('key'));
    passport.use(
      new TwoFactorStrategy(
        { service },
        {
          name: 'own',
          authenticate() {
            /* Never. */
          },
        },
      ),
    );
    expect(protect(passport, { service, except: ['key'] })).toEqual({
      wrapped: ['local', 'own'],
      left: ['jwt', 'key'],
    });
    passport.use('bearer', named('bearer', { _realm: 'Users', _challenge: () => '' }));
    expect(registered(passport).bearer).not.toBeInstanceOf(TwoFactorStrategy);
  });

  it('is told by kinds how a strategy proves who the user is, that of a token strategy too', () => {
    const passport = new Passport();
    passport.use(named('sso')).use('jwt', named('jwt', { _jwtFromRequest: () => null }));
    expect(protect(passport, { service, kinds: { sso: 'oauth', jwt: 'local' } })).toEqual({
      wrapped: ['sso', 'jwt'],
      left: [],
    });
    expect(registered(passport)).toMatchObject({ sso: { kind: 'oauth' }, jwt: { kind: 'local' } });
  });

  it.each([
    [
      { exept: ['key'] },
      /^protect: there is no option "exept"; there are service, secondFactorRedirect, only, except, kinds, name; did you mean "except"\?$/,
    ],
    [{ kinds: { local: 'saml' } }, /^protect: kind must be one of/],
    [{ kinds: { lcoal: 'local' } }, /no strategy is registered as "lcoal"/],
    [{ secondFactorRedirect: 5 }, /^protect: secondFactorRedirect must be a path such as "\/2fa"; got number/],
  ])('refuses %j', (options, message) => {
    const passport = new Passport();
    passport.use(named('local'));
    expect(() => protect(passport, { service, ...options } as never)).toThrow(TypeError);
    expect(() => protect(passport, { service, ...options } as never)).toThrow(message);
  });

  it('keeps the members of the strategies that it spares', () => {
    const passport = new Passport();
    passport.use('key', named('key', { revoke: () => 'revoked' }));
    protect(passport, { service, except: ['key'] });
    expect((registered(passport).key as unknown as { revoke(): string }).revoke()).toBe('revoked');
  });

  it('refuses to go without a service', () => {
    expect(() => {
      protect(new Passport(), undefined as never);
    }).toThrow(/^protect: service must be a TwoFactorService/);
  });
});
