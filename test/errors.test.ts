import { format, inspect } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import * as errors from '../lib/errors.js';
import { SecondFactorRequiredError, toError, TwoFactorError } from '../lib/errors.js';
import { everyLog } from './support/loggers.js';

interface Row {
  readonly error: TwoFactorError;
  readonly code: string;
  readonly status: number;
}

function required(challengeToken?: string): SecondFactorRequiredError {
  return new SecondFactorRequiredError({
    methods: { totp: true, email: 'j***@example.com', sms: '+1•••••••67', backupCode: true },
    availableMethods: {
      totp: true,
      backupCode: true,
      email: { maskedContact: 'j***@example.com', contact: 'john@example.com', otpValue: '918273' },
      sms: { maskedContact: '+1•••••••67', contact: '+15551234567', otpValue: '645546' },
    },
    expiresAt: 1_767_269_400_000,
    ...(challengeToken !== undefined && { challengeToken }),
  });
}

const table: readonly Row[] = [
  { error: required(), code: 'SECOND_FACTOR_REQUIRED', status: 401 },
  { error: new errors.InvalidCredentialsError(), code: 'INVALID_CREDENTIALS', status: 401 },
  { error: new errors.InvalidTwoFactorCodeError(), code: 'INVALID_CODE', status: 401 },
  { error: new errors.InvalidBackupCodeError(), code: 'INVALID_BACKUP_CODE', status: 401 },
  { error: new errors.TwoFactorExpiredError(), code: 'CHALLENGE_EXPIRED', status: 401 },
  { error: new errors.TwoFactorNotVerifiedError(), code: 'NOT_VERIFIED', status: 401 },
  { error: new errors.UserNotLoggedInError(), code: 'NOT_LOGGED_IN', status: 401 },
  { error: new errors.TooManyAttemptsError(30), code: 'TOO_MANY_ATTEMPTS', status: 429 },
  { error: new errors.StepUpRequiredError(), code: 'STEP_UP_REQUIRED', status: 403 },
  { error: new errors.EnrollmentRequiredError(), code: 'ENROLLMENT_REQUIRED', status: 403 },
  { error: new errors.TwoFactorNotSetupError(), code: 'NOT_SETUP', status: 404 },
  { error: new errors.TwoFactorAlreadyEnabledError(), code: 'ALREADY_ENABLED', status: 409 },
  { error: new errors.TwoFactorSetupIncompleteError(), code: 'SETUP_INCOMPLETE', status: 409 },
  { error: new errors.InvalidInputError('code', 'a string'), code: 'INVALID_INPUT', status: 400 },
  { error: new errors.DeliveryFailedError(new Error('SMTP says no')), code: 'DELIVERY_FAILED', status: 502 },
];

describe('errors', () => {
  it.each(table)('$error.name has the code $code and the status $status', ({ error, code, status }) => {
    expect(error).toMatchObject({ code, status });
    expect(error).toBeInstanceOf(TwoFactorError);
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe(error.constructor.name);
    expect(error.message).toMatch(/^[A-Za-z].*\.$/);
    expect(error.stack).toContain('errors.test.ts');
  });

  it('have a code each, and every exported class is in the table', () => {
    expect(new Set(table.map(({ code }) => code)).size).toBe(table.length);
    const exported = Object.keys(errors).filter(
      (name) => /^[A-Z]/.test(name) && name !== 'TwoFactorError' && name !== 'SealedDataError',
    );
    expect(table.map(({ error }) => error.name).sort()).toEqual(exported.sort());
  });

  it.each(table)(
    '$error.name has the shape of http-errors and of GraphQL, and shows none of it in JSON or a copy',
    ({ error, code, status }) => {
      expect(error).toMatchObject({ statusCode: status, expose: status < 500, extensions: { code } });
      for (const name of ['statusCode', 'expose', 'extensions', 'headers']) {
        expect(Object.keys(error)).not.toContain(name);
        expect(JSON.parse(JSON.stringify(error))).not.toHaveProperty(name);
      }
    },
  );

  it('take what another library assigns to them, such as http-errors, and no other error has it', () => {
    const error = new errors.InvalidTwoFactorCodeError();
    Object.assign(error, { statusCode: 418, expose: false, extensions: { code: 'MINE' } });
    expect(error).toMatchObject({ status: 401, statusCode: 418, expose: false, extensions: { code: 'MINE' } });
    expect(new errors.InvalidTwoFactorCodeError()).toMatchObject({
      statusCode: 401,
      expose: true,
      extensions: { code: 'INVALID_CODE' },
    });
  });

  it('tell frameworks in a header how long to wait', () => {
    expect(new errors.TooManyAttemptsError(42).headers).toEqual({ 'Retry-After': '42' });
  });

  it('of stored data are no message for the client', () => {
    expect(new errors.SealedDataError('A stored secret was altered.')).toMatchObject({
      statusCode: 500,
      expose: false,
    });
  });

  describe('of another copy of the package', async () => {
    vi.resetModules();
    const copy = await import('../lib/errors.js');
    const names = Object.keys(errors).filter(
      (name): name is Exclude<keyof typeof errors, 'toError'> => name !== 'toError',
    );
    const known = (error: unknown) => names.filter((name) => error instanceof copy[name]);

    it.each(table)('are known by their class, and by no other: $error.name', ({ error }) => {
      expect(copy.TwoFactorError).not.toBe(TwoFactorError);
      expect(known(error).sort()).toEqual([error.name, 'TwoFactorError'].sort());
    });

    it('that are no answer to a user are none there either', () => {
      expect(known(new errors.SealedDataError('x'))).toEqual(['SealedDataError']);
    });

    it('may be of a class that the app has made of one', () => {
      class Mine extends errors.StepUpRequiredError {}
      expect(known(new Mine()).sort()).toEqual(['StepUpRequiredError', 'TwoFactorError']);
      expect(new Mine()).toBeInstanceOf(Mine);
      expect(new errors.StepUpRequiredError()).not.toBeInstanceOf(Mine);
      expect(new copy.StepUpRequiredError()).not.toBeInstanceOf(Mine);
    });

    it('may be of a class that the app has made of TwoFactorError, whatever its code', () => {
      class Mine extends TwoFactorError {
        readonly code = 'STEP_UP_REQUIRED';
        readonly status = 403;
      }
      expect(known(new Mine('Mine.'))).toEqual(['TwoFactorError']);
      expect(new errors.StepUpRequiredError()).not.toBeInstanceOf(Mine);
    });

    it.each([
      undefined,
      null,
      'INVALID_CODE',
      7,
      new Error('other'),
      { code: 'INVALID_CODE', status: 401, name: 'InvalidTwoFactorCodeError' },
      () => undefined,
    ])('are not %s', (value) => {
      expect(known(value)).toEqual([]);
      expect(names.filter((name) => value instanceof errors[name])).toEqual([]);
    });
  });

  it('keep their names in a subclass of the app', () => {
    class MyError extends errors.InvalidTwoFactorCodeError {}
    expect(new MyError().name).toBe('MyError');
  });

  it('say how long to wait, which field is wrong, and what the strategy said', () => {
    expect(new errors.TooManyAttemptsError(42).retryAfter).toBe(42);
    expect(new errors.InvalidInputError('phone', 'a phone number')).toMatchObject({
      field: 'phone',
      message: 'phone must be a phone number.',
    });
    expect(new errors.InvalidCredentialsError('No such account.').message).toBe('No such account.');
  });

  it('of a delivery keep the cause for the log and out of the message', () => {
    const cause = new Error('550 john@example.com unknown');
    const error = new errors.DeliveryFailedError(cause);
    expect(error.cause).toBe(cause);
    expect(error.message).not.toContain('john');
    expect(Object.keys(error)).not.toContain('cause');
  });

  it('of stored data are no answer to a user: a 500 that no handler of TwoFactorErrors renders', () => {
    const error = new errors.SealedDataError('A stored secret was altered.');
    expect(error).not.toBeInstanceOf(TwoFactorError);
    expect(error).toMatchObject({ name: 'SealedDataError', code: 'SEALED_DATA', status: 500 });
  });
});

describe('SecondFactorRequiredError', () => {
  const token = 'dG9rZW4tdG9rZW4tdG9rZW4';
  const secrets = ['918273', '645546', 'john@example.com', '+15551234567', token];
  const error = required(token);

  it('gives the server what it needs to send the codes', () => {
    expect(error.availableMethods.email).toEqual({
      maskedContact: 'j***@example.com',
      contact: 'john@example.com',
      otpValue: '918273',
    });
    expect(error.availableMethods.sms?.otpValue).toBe('645546');
    expect(error.challengeToken).toBe(token);
    expect(required().challengeToken).toBeUndefined();
  });

  it('keeps what is for the server in no property of its own, also of a class that the app derives', () => {
    class Derived extends SecondFactorRequiredError {}
    const derived = new Derived({ methods: {}, availableMethods: { totp: true }, challengeToken: token, expiresAt: 1 });
    for (const one of [error, derived]) {
      expect(
        Reflect.ownKeys(one).filter((key) => typeof key === 'symbol' || /method|token|available/i.test(key)),
      ).toEqual(['methods']);
    }
    expect([derived.challengeToken, derived.availableMethods]).toEqual([token, { totp: true }]);
  });

  it.each(everyLog(error))('shows no code, contact or token: %s', (_how, text) => {
    for (const secret of secrets) expect(text).not.toContain(secret);
  });

  it('gives the client the masked methods and the time', () => {
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      code: 'SECOND_FACTOR_REQUIRED',
      message: error.message,
      methods: { totp: true, email: 'j***@example.com', sms: '+1•••••••67', backupCode: true },
      expiresAt: 1_767_269_400_000,
    });
  });

  const wrapped = Object.assign(new Error('while logging in', { cause: error }), { inner: error });

  it.each<[string, () => string]>([
    ['JSON', () => JSON.stringify(error)],
    ['JSON of something that holds it', () => JSON.stringify({ error, list: [error] })],
    ['JSON of a copy by spread', () => JSON.stringify({ ...(error as object) })],
    ['JSON of a copy by Object.assign', () => JSON.stringify(Object.assign({}, error))],
    ['its entries', () => JSON.stringify(Object.entries(error))],
    [
      'a for-in loop',
      () => {
        const seen: unknown[] = [];
        for (const key in error) seen.push((error as unknown as Record<string, unknown>)[key]);
        return JSON.stringify(seen);
      },
    ],
    [
      'JSON of a structured clone',
      () => JSON.stringify(structuredClone(error)) + inspect(structuredClone(error), { showHidden: true }),
    ],
    ['console.log', () => inspect(error)],
    ['console.log at any depth', () => inspect(error, { depth: Infinity, getters: true })],
    ['console.log of an error that it caused', () => inspect(wrapped, { depth: Infinity })],
    ['console.log("%s")', () => format('%s', error)],
    ['console.log("%j")', () => format('%j', error)],
    ['console.log("%o"), which shows hidden properties', () => format('%o', error)],
    ['inspect with hidden properties', () => inspect(error, { showHidden: true, depth: Infinity })],
    ['its text', () => String(error)],
    ['its stack, as Express prints it', () => String(error.stack)],
    ['its message', () => error.message],
  ])('shows no code, contact or token in %s', (_where, text) => {
    const shown = text();
    for (const secret of secrets) expect(shown).not.toContain(secret);
  });

  it('lets nobody exchange the methods or the token on the way', () => {
    expect(() => Object.assign(error, { availableMethods: {} })).toThrow(TypeError);
    expect(() => Object.assign(error, { challengeToken: 'other' })).toThrow(TypeError);
  });

  it('is known again by another installed copy of the package', async () => {
    vi.resetModules();
    const copy = await import('../lib/errors.js');
    expect(copy.SecondFactorRequiredError).not.toBe(SecondFactorRequiredError);
    expect(error).toBeInstanceOf(copy.SecondFactorRequiredError);
    expect(copy.SecondFactorRequiredError.is(error)).toBe(true);
    const theirs = new copy.SecondFactorRequiredError({
      methods: {},
      availableMethods: { email: { maskedContact: 'm', contact: 'c' } },
      expiresAt: 1,
    });
    expect(SecondFactorRequiredError.is(theirs)).toBe(true);
    expect(theirs.availableMethods.email?.contact).toBe('c');
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'SECOND_FACTOR_REQUIRED'],
    ['another error', new errors.InvalidTwoFactorCodeError()],
    ['a look-alike from a request body', JSON.parse(JSON.stringify(error))],
    ['an object with the code', { code: 'SECOND_FACTOR_REQUIRED', status: 401 }],
    ['a function', () => error],
  ])('is not %s', (_what, value) => {
    expect(SecondFactorRequiredError.is(value)).toBe(false);
    expect(value instanceof SecondFactorRequiredError).toBe(false);
  });
});

describe('what an app throws in place of an Error', () => {
  it.each([undefined, null, 0, '', false, NaN, 'route', 'router', Symbol('nothing'), () => undefined])(
    '%o becomes an Error that denies',
    (reason) => {
      const error = toError(reason);
      expect(error).toBeInstanceOf(Error);
      expect(error.cause).toBe(reason);
    },
  );

  it('an Error, or an object that the app knows again, stays what it is; a text is the message', () => {
    const error = new Error('x');
    const refusal = { status: 403 };
    expect(toError(error)).toBe(error);
    expect(toError(refusal)).toBe(refusal);
    expect(toError('the directory is down')).toMatchObject({ message: 'the directory is down' });
  });
});
