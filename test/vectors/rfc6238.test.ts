import { describe, expect, it } from 'vitest';
import { matchTotp, timeStep, totpAt, type TotpParameters } from '../../lib/core/totp.js';

interface Vector {
  /** Unix time in seconds. */
  readonly time: number;
  /** The value of T in hex, as the table prints it. */
  readonly step: string;
  readonly totp: string;
  readonly algorithm: TotpParameters['algorithm'];
}

/** RFC 6238, appendix B: 8 digits, 30 seconds, T0 = 0. */
const vectors: readonly Vector[] = [
  { time: 59, step: '0000000000000001', totp: '94287082', algorithm: 'sha1' },
  { time: 59, step: '0000000000000001', totp: '46119246', algorithm: 'sha256' },
  { time: 59, step: '0000000000000001', totp: '90693936', algorithm: 'sha512' },
  { time: 1111111109, step: '00000000023523EC', totp: '07081804', algorithm: 'sha1' },
  { time: 1111111109, step: '00000000023523EC', totp: '68084774', algorithm: 'sha256' },
  { time: 1111111109, step: '00000000023523EC', totp: '25091201', algorithm: 'sha512' },
  { time: 1111111111, step: '00000000023523ED', totp: '14050471', algorithm: 'sha1' },
  { time: 1111111111, step: '00000000023523ED', totp: '67062674', algorithm: 'sha256' },
  { time: 1111111111, step: '00000000023523ED', totp: '99943326', algorithm: 'sha512' },
  { time: 1234567890, step: '000000000273EF07', totp: '89005924', algorithm: 'sha1' },
  { time: 1234567890, step: '000000000273EF07', totp: '91819424', algorithm: 'sha256' },
  { time: 1234567890, step: '000000000273EF07', totp: '93441116', algorithm: 'sha512' },
  { time: 2000000000, step: '0000000003F940AA', totp: '69279037', algorithm: 'sha1' },
  { time: 2000000000, step: '0000000003F940AA', totp: '90698825', algorithm: 'sha256' },
  { time: 2000000000, step: '0000000003F940AA', totp: '38618901', algorithm: 'sha512' },
  { time: 20000000000, step: '0000000027BC86AA', totp: '65353130', algorithm: 'sha1' },
  { time: 20000000000, step: '0000000027BC86AA', totp: '77737706', algorithm: 'sha256' },
  { time: 20000000000, step: '0000000027BC86AA', totp: '47863826', algorithm: 'sha512' },
];

/** The seeds of the reference implementation: "1234567890" repeated to the hash's length (erratum 2866). */
const seedLengths = { sha1: 20, sha256: 32, sha512: 64 } as const;

describe.each(vectors)('RFC 6238: $time s, $algorithm', ({ time, step, totp, algorithm }) => {
  const secret = Buffer.from('1234567890'.repeat(7).slice(0, seedLengths[algorithm]));
  const parameters: TotpParameters = { algorithm, digits: 8, period: 30 };

  it(`is step ${step} and code ${totp}`, () => {
    expect(timeStep(time * 1000, 30)).toBe(Number.parseInt(step, 16));
    expect(totpAt(secret, Number.parseInt(step, 16), parameters)).toBe(totp);
  });

  it('is accepted at that time', () => {
    expect(matchTotp(secret, totp, { parameters, now: time * 1000, window: 0, after: -1 })).toBe(
      Number.parseInt(step, 16),
    );
  });
});
