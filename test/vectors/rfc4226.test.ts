import { expect, it } from 'vitest';
import { totpAt } from '../../lib/core/totp.js';

interface Vector {
  readonly count: number;
  readonly hotp: string;
}

/** RFC 4226, appendix D: HOTP values of the secret "12345678901234567890". */
const vectors: readonly Vector[] = [
  { count: 0, hotp: '755224' },
  { count: 1, hotp: '287082' },
  { count: 2, hotp: '359152' },
  { count: 3, hotp: '969429' },
  { count: 4, hotp: '338314' },
  { count: 5, hotp: '254676' },
  { count: 6, hotp: '287922' },
  { count: 7, hotp: '162583' },
  { count: 8, hotp: '399871' },
  { count: 9, hotp: '520489' },
];

it.each(vectors)('RFC 4226: count $count is $hotp', ({ count, hotp }) => {
  expect(totpAt(Buffer.from('12345678901234567890'), count, { algorithm: 'sha1', digits: 6, period: 30 })).toBe(hotp);
});
