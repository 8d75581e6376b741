import type { Request } from 'express';
import { describe, expect, it } from 'vitest';
import { InvalidCredentialsError } from '../../lib/errors.js';
import { proveFirstFactor } from '../../lib/passport/first-factor.js';
import { runStrategy, type InnerStrategy } from '../../lib/passport/run-strategy.js';
import { captureActions, type Actions } from '../../lib/passport/settle.js';
import { detectKind, readsTokens } from '../../lib/passport/strategy-kind.js';

type Given = Record<string, unknown>;

/** A strategy whose `authenticate` does this, with the actions of its request as `this`. */
const strategyThat = (does: (this: Actions, req: Given, options: Given) => unknown, more: object = {}): InnerStrategy =>
  ({ name: 'local', authenticate: does, ...more }) as unknown as InnerStrategy;

/** Actions that tell what was called with what. */
function told(): { actions: Actions; calls: unknown[][] } {
  const calls: unknown[][] = [];
  const tell =
    (name: string) =>
    (...given: unknown[]) => {
      calls.push([name, ...given]);
    };
  return {
    actions: {
      success: tell('success'),
      fail: tell('fail'),
      redirect: tell('redirect'),
      pass: tell('pass'),
      error: tell('error'),
    },
    calls,
  };
}

const settled = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

describe('how a strategy proves who the user is', () => {
  it.each([
    // passport-oauth2 and all that extend it, passport-oauth1, passport-openidconnect, passport-saml.
    [{ _oauth2: {}, _callbackURL: '/cb' }, 'oauth'],
    [{ _oauth: {}, _callbackURL: '/cb' }, 'oauth'],
    [{ _oauth: {}, _userAuthorizationURL: 'https://provider.example/authorize' }, 'oauth'],
    [{ _issuer: 'https://provider.example', _callbackURL: '/cb', _stateStore: {} }, 'oauth'],
    [{ _saml: {} }, 'oauth'],
    // MultiSamlStrategy, openid-client 5 and 6, passport-azure-ad's OIDCStrategy.
    [{ _options: { getSamlOptions: () => undefined } }, 'oauth'],
    [{ _client: {}, _issuer: {}, _params: {} }, 'oauth'],
    [{ _config: {}, authorizationRequestParams: () => ({}) }, 'oauth'],
    [{ _options: { identityMetadata: 'https://provider.example', redirectUrl: 'https://app.example/cb' } }, 'oauth'],
    // A password that the app trades for a token, a token that the client sends: no provider was asked.
    [{ _oauth2: {} }, 'unknown'],
    [{ _oauth2: {}, _callbackURL: undefined }, 'unknown'],
    [{ _oauth: {} }, 'unknown'],
    [{ _oauth2: {}, _accessTokenField: 'access_token', _profileURL: 'https://provider.example/me' }, 'unknown'],
    [{ _clientID: 'app', _getGoogleCerts: () => undefined }, 'unknown'],
    [{ _options: { identityMetadata: 'https://provider.example' } }, 'unknown'],
    [{ _oauth2: {}, _callbackURL: '/cb', _usernameField: 'email', _passwordField: 'password' }, 'local'],
    [{ _key: 'remember_me', _issue: () => undefined }, 'remembered'],
    [{ _usernameField: 'email', _passwordField: 'password' }, 'local'],
    [{ _usernameField: 'email' }, 'unknown'],
    [{ _passwordField: 'password' }, 'unknown'],
    [{ _oauth2: null, _oauth: undefined }, 'unknown'],
    [{ name: 'facebook' }, 'unknown'],
  ])('is told by its members %j: %s', (strategy, kind) => {
    expect(detectKind(strategy)).toBe(kind);
  });
});

describe('whether a strategy authenticates a program', () => {
  it.each([
    ['passport-jwt', { name: 'jwt', _jwtFromRequest: () => null }],
    ['passport-http-bearer', { name: 'bearer', _realm: 'Users', _challenge: () => '' }],
    ['passport-http', { name: 'basic', _realm: 'Users', _challenge: () => '' }],
    ['passport-headerapikey', { name: 'headerapikey', apiKeyHeader: { header: 'X-Api-Key', prefix: '' } }],
    ['passport-localapikey', { name: 'localapikey', _apiKeyField: 'apikey', _apiKeyHeader: 'apikey' }],
    ['passport-unique-token', { name: 'token', tokenHeader: 'token', tokenQuery: 'token', tokenField: 'token' }],
    ["passport-azure-ad's bearer", { name: 'oauth-bearer', jwtVerify: () => undefined }],
    ['passport-anonymous', { name: 'anonymous' }],
  ])('is told of %s', (_what, strategy) => {
    expect(readsTokens(strategy)).toBe(true);
  });

  it.each([
    { _usernameField: 'email', _passwordField: 'password' },
    { _usernameField: 'email', _realm: 'Users', _challenge: () => '' },
    { _oauth2: {}, _callbackURL: '/cb' },
    { name: 'custom', _verify: () => undefined },
    { name: 'anonymous', _verify: () => undefined },
    { _realm: 'Users' },
    { _jwtFromRequest: undefined },
  ])('is not told of %j', (strategy) => {
    expect(readsTokens(strategy)).toBe(false);
  });
});

describe('running a strategy', () => {
  it('happens on an object of its own, with its own copy of the options', () => {
    const { actions, calls } = told();
    const options = { scope: 'email' };
    const seen: unknown[] = [];
    const strategy = strategyThat(function (req, given) {
      seen.push(this, req, given);
      this.success('user', 'info');
    });
    const req = {} as Request;
    runStrategy(strategy, { req, options }, actions);
    expect(calls).toEqual([['success', 'user', 'info']]);
    expect(seen[0]).not.toBe(strategy);
    expect(Object.getPrototypeOf(seen[0])).toBe(strategy);
    expect(seen[1]).toBe(req);
    expect(seen[2]).toEqual(options);
    expect(seen[2]).not.toBe(options);
    expect(strategy).not.toHaveProperty('success');
  });

  it('ends with an error where it throws or rejects', async () => {
    const { actions, calls } = told();
    const error = new Error('no database');
    runStrategy(
      strategyThat(function () {
        throw error;
      }),
      { req: {} as Request, options: {} },
      actions,
    );
    expect(calls).toEqual([['error', error]]);
    runStrategy(
      strategyThat(function () {
        return Promise.reject(error);
      }),
      { req: {} as Request, options: {} },
      actions,
    );
    await settled();
    expect(calls).toEqual([
      ['error', error],
      ['error', error],
    ]);
  });
});

describe('the actions of a request', () => {
  it('are those that it had at first, called at once, once, on the strategy', () => {
    for (const [name, ...given] of [
      ['success', 'user', 'info'],
      ['fail', 'challenge', 400],
      ['redirect', '/', 302],
      ['pass'],
      ['error', new Error('reason')],
    ] as const) {
      const { actions, calls } = told();
      const receivers: unknown[] = [];
      const own = actions[name] as (...all: unknown[]) => void;
      const strategy = {
        ...actions,
        [name](this: unknown, ...all: unknown[]) {
          receivers.push(this);
          own(...all);
        },
      };
      const captured = captureActions(strategy as never, {} as Request);
      const later = told();
      Object.assign(strategy, later.actions);
      (captured[name] as (...all: unknown[]) => void)(...given);
      captured.error('too late');
      captured.success('somebody else');
      expect(calls).toEqual([[name, ...given]]);
      expect(later.calls).toEqual([]);
      expect(receivers).toHaveLength(1);
      expect(receivers[0]).toBe(strategy);
    }
  });

  it.each([undefined, null, 0, '', false, 'route', 'router'])(
    'end in an Error where the strategy says %j: Express takes it for "go on"',
    (reason) => {
      const { actions, calls } = told();
      captureActions(actions as never, {} as Request).error(reason);
      expect(calls).toEqual([['error', expect.any(Error)]]);
    },
  );

  const callback = new Error('of the callback');
  const throwing = (next?: unknown) => {
    const { actions, calls } = told();
    const fail = (): never => {
      throw callback;
    };
    return { captured: captureActions({ ...actions, fail } as never, { next } as never), calls };
  };

  it("give what the app's callback throws to the strategy while that runs, and take one error for it", () => {
    const { captured, calls } = throwing();
    expect(() => {
      captured.fail();
    }).toThrow(callback);
    expect(captured.hasThrown(callback)).toBe(true);
    expect(captured.hasThrown(new Error('another'))).toBe(false);
    captured.error(callback);
    captured.error(callback);
    expect(calls).toEqual([['error', callback]]);
  });

  it('give it to Express later, where nobody else could catch it', () => {
    const told: unknown[] = [];
    const { captured, calls } = throwing((error: unknown) => {
      told.push(error);
    });
    captured.returned();
    captured.fail();
    captured.error('too late');
    expect(told).toEqual([callback]);
    expect(calls).toEqual([]);
  });

  it('tell the process by a warning where there is no Express', async () => {
    const warned = new Promise((resolve) => {
      process.once('warning', resolve);
    });
    const { captured } = throwing();
    captured.returned();
    captured.fail();
    expect(await warned).toBe(callback);
  });
});

describe('proving the first factor outside of a route', () => {
  const prove = (
    inner: InnerStrategy,
    req: object = { body: { other: 1, username: 'eve' }, query: { username: 'eve' } },
  ) =>
    proveFirstFactor(
      { strategy: { name: 'local', kind: 'local', inner }, identifier: 'alice', password: 'secret' },
      req as Request,
    );
  const failingWith = (challenge: unknown) =>
    prove(
      strategyThat(function () {
        this.fail(challenge);
      }),
    );

  it('feeds the fields that the strategy reads, and no query', async () => {
    const seen: unknown[] = [];
    const inner = strategyThat(
      function ({ body, query, ip }) {
        seen.push(body, query, ip);
        this.success({ id: 1 }, { scope: 'all' });
      },
      { _usernameField: 'email', _passwordField: 'pin' },
    );
    const req = { ip: '192.0.2.1', body: { other: 1, email: 'eve' }, query: { email: 'eve' } };
    expect(await prove(inner, req)).toEqual({ user: { id: 1 }, info: { scope: 'all' }, name: 'local', kind: 'local' });
    expect(seen).toEqual([{ other: 1, email: 'alice', pin: 'secret' }, {}, '192.0.2.1']);
    expect(req).toEqual({ ip: '192.0.2.1', body: { other: 1, email: 'eve' }, query: { email: 'eve' } });
  });

  it("feeds passport-local's own fields to a strategy that names none", async () => {
    let fed: unknown;
    await prove(
      strategyThat(function ({ body }) {
        fed = body;
        this.success({});
      }),
      {},
    );
    expect(fed).toEqual({ username: 'alice', password: 'secret' });
  });

  it.each([
    ['wrong', 'wrong'],
    [{ message: 'locked' }, 'locked'],
  ])('fails with the message of %j', async (challenge, message) => {
    await expect(failingWith(challenge)).rejects.toThrow(InvalidCredentialsError);
    await expect(failingWith(challenge)).rejects.toThrow(message);
  });

  it.each([undefined, {}, { message: 1 }, 401])(
    'fails with a message of its own where the strategy says %j',
    async (challenge) => {
      const own = new InvalidCredentialsError().message;
      await expect(failingWith(challenge)).rejects.toThrow(own);
    },
  );

  it('is a refusal where the strategy passes, and an error where it redirects or breaks', async () => {
    await expect(
      prove(
        strategyThat(function () {
          this.pass();
        }),
      ),
    ).rejects.toThrow(InvalidCredentialsError);
    await expect(
      prove(
        strategyThat(function () {
          this.redirect('/');
        }),
      ),
    ).rejects.toThrow(/the strategy "local" redirects/);
    const error = new Error('no database');
    await expect(
      prove(
        strategyThat(function () {
          this.error(error);
        }),
      ),
    ).rejects.toBe(error);
    await expect(
      prove(
        strategyThat(function () {
          this.error('down');
        }),
      ),
    ).rejects.toMatchObject({ message: 'down', cause: 'down' });
    for (const nothing of [undefined, null, '', 'route'])
      await expect(
        prove(
          strategyThat(function () {
            this.error(nothing);
          }),
        ),
      ).rejects.toBeInstanceOf(Error);
  });
});
