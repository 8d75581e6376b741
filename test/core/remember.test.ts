import { describe, expect, it } from 'vitest';
import { readRemember } from '../../lib/core/remember.js';
import { InvalidInputError } from '../../lib/errors.js';

describe('whether a login is to be remembered', () => {
  it.each([
    true,
    1,
    '1',
    'on',
    'true',
    'ON',
    ' True ',
    'yes',
    'y',
    'Y',
    'checked',
    'remember-me',
    'remember_me',
    'forever',
    ['0', '1'],
    ['off', 'on'],
    ['', 'remember-me'],
    [false, true],
    ['1'],
    ['on', 'on'],
  ])('is yes for %j', (given) => {
    expect(readRemember(given)).toBe(true);
  });

  it.each([
    undefined,
    null,
    false,
    0,
    '',
    '0',
    'off',
    'OFF',
    'false',
    'no',
    'n',
    'unchecked',
    ['0'],
    ['0', ''],
    [false],
  ])('is no for %j', (given) => {
    expect(readRemember(given)).toBe(false);
  });

  it.each([
    'maybe',
    '2',
    2,
    -1,
    Number.NaN,
    {},
    [],
    [[]],
    [['on']],
    ['0', '1', 'perhaps'],
    ['1', {}],
    { 0: '1' },
    'on\0',
    '1 day',
    'ｏｎ',
    () => true,
    '30d',
  ])('is not read from %j', (given) => {
    expect(() => readRemember(given)).toThrow(InvalidInputError);
    expect(() => readRemember(given)).toThrow(/^remember must be true or false/);
  });
});
