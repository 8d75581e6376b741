import { describe, expect, it } from 'vitest';
import { bindToOrigin, readOrigin } from '../../lib/core/origin-bound-code.js';

describe('the origin that a code is bound to', () => {
  it.each([
    ['example.com', 'example.com'],
    ['https://example.com', 'example.com'],
    ['https://example.com/', 'example.com'],
    ['EXAMPLE.com', 'example.com'],
    ['login.example.com', 'login.example.com'],
    ['https://bücher.example', 'xn--bcher-kva.example'],
  ])('is read from %j as %j', (given, host) => {
    expect(readOrigin(given)).toBe(host);
  });

  it.each([
    undefined,
    null,
    42,
    {},
    ['example.com'],
    { toString: () => 'example.com' },
    '',
    ' ',
    'http://example.com',
    'ftp://example.com',
    'javascript://example.com',
    'example.com:8443',
    'https://example.com:8443',
    'https://example.com/login',
    'example.com/login',
    'example.com?a',
    'example.com#a',
    'https://user@example.com',
    'user:password@example.com',
    'https://',
    'not a host',
    'example.com\n@evil.example #000000/',
  ])('is never %j: it is no host of https pages', (given) => {
    expect(() => readOrigin(given)).toThrow(TypeError);
    expect(() => readOrigin(given)).toThrow(/^origin must be the host of your https pages/);
  });
});

describe('a message with a bound code', () => {
  it('ends with the line that browsers read, whatever blanks the text ends with', () => {
    expect(bindToOrigin('  Your code is 123456.\n\n \n', 'example.com', '123456')).toBe(
      '  Your code is 123456.\n\n@example.com #123456',
    );
  });

  it('is the text unchanged where there is no origin', () => {
    expect(bindToOrigin(' Your code is 123456.\n', undefined, '123456')).toBe(' Your code is 123456.\n');
  });
});
