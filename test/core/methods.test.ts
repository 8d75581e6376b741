import { expect, it } from 'vitest';
import {
  deliveredMethods,
  enrollableMethods,
  everyMethod,
  keyOf,
  mechanismOf,
  methodOf,
  TwoFactorMechanism,
} from '../../lib/core/methods.js';

it('mechanisms keep the numbers that are stored', () => {
  expect([
    TwoFactorMechanism.TOTP,
    TwoFactorMechanism.EMAIL,
    TwoFactorMechanism.SMS,
    TwoFactorMechanism.PASSKEY,
  ]).toEqual([1, 2, 3, 4]);
});

it('every method has the name that requests use, the key that answers use, and its number', () => {
  expect(everyMethod.map((method) => [method, keyOf(method)])).toEqual([
    ['totp', 'totp'],
    ['email', 'email'],
    ['sms', 'sms'],
    ['passkey', 'passkey'],
    ['backup_code', 'backupCode'],
  ]);
  expect(enrollableMethods.map(mechanismOf)).toEqual([1, 2, 3, 4]);
  expect(deliveredMethods).toEqual(['email', 'sms']);
});

it.each([0, 5, -1, 1.5, NaN])(
  'the mechanism %d, of a later version, is an error and never another method',
  (mechanism) => {
    expect(() => methodOf(mechanism)).toThrow(`There is no method of the mechanism ${mechanism}.`);
  },
);
