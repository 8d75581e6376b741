import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import speakeasy from 'speakeasy';
import { encodeBase32 } from '../../lib/core/provisioning.js';
import { defaultTotpParameters, matchTotp, timeStep, totpAt } from '../../lib/core/totp.js';
import { median, row } from './client.js';

const benchRequire = createRequire(join(__dirname, 'better-auth/package.json'));

interface Otpauth {
  Secret: { fromBase32(text: string): object };
  TOTP: new (options: object) => {
    validate(options: { token: string; window: number; timestamp: number }): number | null;
  };
}
interface Otplib {
  verifySync(options: { secret: string; token: string; epochTolerance: number; epoch: number }): { valid: boolean };
}

/** Microseconds of one check over a window of one step to either side. Others stop at a match; this library never does. */
export function compareTotp(): string[] {
  const otpauth = benchRequire('otpauth') as Otpauth;
  const otplib = benchRequire('otplib') as Otplib;
  const now = Date.now();
  const secret = randomBytes(20);
  const base32 = encodeBase32(secret);
  const token = totpAt(secret, timeStep(now, 30), defaultTotpParameters);
  const totp = new otpauth.TOTP({ secret: otpauth.Secret.fromBase32(base32), digits: 6, period: 30 });
  const wrong = String((Number(token) + 1) % 1_000_000).padStart(6, '0');
  const checks: [string, (given: string) => boolean][] = [
    [
      'this library',
      (given) =>
        matchTotp(secret, given, { parameters: defaultTotpParameters, now, window: 1, after: 0 }) !== undefined,
    ],
    [
      'speakeasy.totp.verify',
      (given) =>
        speakeasy.totp.verify({ secret: base32, encoding: 'base32', token: given, window: 1, time: now / 1000 }),
    ],
    ['otpauth', (given) => totp.validate({ token: given, window: 1, timestamp: now }) !== null],
    [
      'otplib',
      (given) =>
        otplib.verifySync({ secret: base32, token: given, epochTolerance: 30, epoch: Math.floor(now / 1000) }).valid,
    ],
  ];
  for (const [name, check] of checks) if (!check(token) || check(wrong)) throw new Error(`${name} judges wrongly.`);
  const times = { right: new Map<string, number[]>(), wrong: new Map<string, number[]>() };
  for (let round = 0; round < 7; round += 1) {
    for (const [name, check] of checks) {
      for (const [kind, given] of [
        ['right', token],
        ['wrong', wrong],
      ] as const) {
        const began = performance.now();
        for (let i = 0; i < 5000; i += 1) check(given);
        times[kind].set(name, [...(times[kind].get(name) ?? []), ((performance.now() - began) / 5000) * 1000]);
      }
    }
  }
  const of = (kind: 'right' | 'wrong', name: string) => median(times[kind].get(name)!);
  return [
    'One TOTP check, window 1, the code of the present step and a wrong one:',
    '',
    row('library', 'right, µs', 'times ours', 'wrong, µs', 'times ours'),
    row(...Array<string>(5).fill('---')),
    ...checks.map(([name]) =>
      row(
        name,
        of('right', name),
        of('right', name) / of('right', 'this library'),
        of('wrong', name),
        of('wrong', name) / of('wrong', 'this library'),
      ),
    ),
    '',
  ];
}
