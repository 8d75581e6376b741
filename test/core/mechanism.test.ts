import { expect, it } from 'vitest';
import { methodNames, TwoFactorMechanism } from '../../lib/core/mechanism.js';

it('mechanisms keep the numbers that are stored', () => {
  expect([TwoFactorMechanism.TOTP, TwoFactorMechanism.EMAIL, TwoFactorMechanism.SMS]).toEqual([1, 2, 3]);
});

it('every mechanism has the name that requests use', () => {
  expect(methodNames).toEqual({ 1: 'totp', 2: 'email', 3: 'sms' });
});
