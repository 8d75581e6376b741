import type { Request } from 'express';
import { describe, expect, it } from 'vitest';
import { InvalidTwoFactorCodeError, SecondFactorStrategy, TooManyAttemptsError } from 'passport-two-factor';
import { DeliveryFailedError, InvalidInputError, SealedDataError, TwoFactorExpiredError } from '../../lib/errors.js';
import { stepUp } from '../../lib/passport/second-factor.js';
import { passportRequest } from '../standing/session.js';
import { outcome, serviceWith, token } from './service.js';

const everyMethod = ['totp', 'email', 'sms', 'backup_code'];
const pending = () => passportRequest({ twoFactor: { pending: { token } } }).req;

describe('a code that is refused', () => {
  const refused = (verdict: Error, options: object = {}) =>
    outcome(
      new SecondFactorStrategy({ service: serviceWith({ verdict }).service }),
      { ...pending(), body: { code: '1' } },
      options,
    );

  it('is a failure with its code where the route has a failureRedirect', async () => {
    const wrong = new InvalidTwoFactorCodeError();
    const { code, message, status } = wrong;
    expect(await refused(wrong, { failureRedirect: '/2fa' })).toEqual(['fail', { code, message }, status]);
    const tooMany = new TooManyAttemptsError(7);
    expect(await refused(tooMany, { failureRedirect: '/2fa' })).toEqual([
      'fail',
      { code: tooMany.code, message: tooMany.message, retryAfter: 7 },
      tooMany.status,
    ]);
  });

  it('is an error where it has none, for the error handler', async () => {
    for (const error of [new InvalidTwoFactorCodeError(), new TooManyAttemptsError(7)])
      expect(await refused(error)).toEqual(['error', error]);
  });

  it.each([new SealedDataError('altered'), new DeliveryFailedError(), new Error('no database')])(
    'is an error in any case where it was not judged: %s',
    async (error) => {
      expect(await refused(error, { failureRedirect: '/2fa' })).toEqual(['error', error]);
    },
  );
});

/** What a request may mean that names no method: a passkey answers by an object, which names itself. */
const byCode = everyMethod.filter((name) => name !== 'passkey');

describe("what the second step reads from the request's body", () => {
  async function given(body: unknown, options: object = {}) {
    const { service, asked } = serviceWith();
    return {
      asked,
      ended: await outcome(
        new SecondFactorStrategy({ service }),
        { ...pending(), body, query: { code: '2' } },
        options,
      ),
    };
  }

  const read: [method: string | undefined, methods: string[]][] = [
    [undefined, byCode],
    ['', byCode],
    ...everyMethod.map((name): [string, string[]] => [name, [name]]),
  ];

  it.each(read)('method %j: %j', async (method, methods) => {
    const { asked, ended } = await given({ method, code: '1' });
    expect(asked).toEqual([['verifyLogin', `session ${token}`, { methods, code: '1' }]]);
    expect(ended).toEqual(['success', { id: 1 }, 'info']);
  });

  it.each(['TOTP', 'push', 1, ['totp'], {}, null])(
    'method %j is refused, before any code is looked at',
    async (method) => {
      const { asked, ended } = await given({ method, code: '1' });
      expect(ended).toEqual(['error', expect.any(InvalidInputError)]);
      expect(String(ended[1])).toMatch(/method must be "totp", "email", "sms", "passkey" or "backup_code"/);
      expect(asked).toEqual([]);
    },
  );

  it.each([undefined, null])('nothing where the body is %s', async (body) => {
    expect((await given(body)).asked).toEqual([
      ['verifyLogin', `session ${token}`, { methods: byCode, code: undefined }],
    ]);
  });

  it('the token of the pending login, where there is no session', async () => {
    const other = 'Aa0_-'.padEnd(43, 'x');
    expect((await given({ challengeToken: other, code: '1' }, { session: false })).asked).toEqual([
      ['verifyLogin', `token ${other}`, { methods: byCode, code: '1' }],
    ]);
  });

  it.each([undefined, null, 1, '', [token], { toString: () => token }])(
    'a token that is %j is answered like one that has expired',
    async (challengeToken) => {
      const { asked, ended } = await given({ challengeToken, code: '1' }, { session: false });
      expect(ended).toEqual(['error', expect.any(TwoFactorExpiredError)]);
      expect(asked).toEqual([]);
    },
  );
});

describe('what a code is for', () => {
  it('is the pending login, also for a session whose user is logged in', async () => {
    const { service, asked } = serviceWith();
    expect(
      await outcome(new SecondFactorStrategy({ service }), { ...pending(), user: { id: 2 }, body: { code: '1' } }),
    ).toMatchObject(['success', { id: 1 }, 'info']);
    expect(asked).toEqual([['verifyLogin', `session ${token}`, { methods: byCode, code: '1' }]]);
  });

  it('is a step-up where a user is logged in and no login is pending, by the token of the code that was sent', async () => {
    for (const [twoFactor, sent] of [
      [undefined, ''],
      [{ stepUp: 'sent' }, 'sent'],
    ] as const) {
      const { service, asked } = serviceWith();
      const user = { id: 2 };
      const { req } = passportRequest({ twoFactor });
      expect(
        await outcome(new SecondFactorStrategy({ service }), Object.assign(req, { user, body: { code: '1' } })),
      ).toEqual(['success', user]);
      expect(asked).toEqual([['verifyUser', { id: '1', key: 'alice' }, { methods: byCode, code: '1' }, sent]]);
    }
  });

  it('is a login that has expired where there is neither', async () => {
    const { service, asked } = serviceWith();
    await outcome(new SecondFactorStrategy({ service }), Object.assign(passportRequest().req, { body: { code: '1' } }));
    expect(asked).toEqual([['verifyLogin', undefined, { methods: byCode, code: '1' }]]);
  });

  it('is kept in the session where there is one, and in none where there is none', async () => {
    const { service } = serviceWith();
    const { req, saved } = passportRequest({ cart: 1 });
    const response = { methods: ['totp'], code: '1' } as const;
    await stepUp({ service, req: Object.assign(req, { user: { id: 1 } }) as unknown as Request }, response);
    expect(saved).toMatchObject([{ cart: 1, twoFactor: { standing: { userKey: 'alice', epoch: 3 } } }]);
    await expect(
      stepUp({ service, req: { user: { id: 1 } } as unknown as Request }, response),
    ).resolves.toBeUndefined();
    await expect(stepUp({ service, req: {} as Request }, response)).rejects.toMatchObject({ code: 'NOT_LOGGED_IN' });
  });
});
