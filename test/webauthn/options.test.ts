import { describe, expect, it } from 'vitest';
import { passkeys, relatedOrigins } from 'passport-two-factor/webauthn';
import { isWhole } from '../../lib/webauthn/strict-cbor.js';
import { acrOf, amrOf } from '../../lib/core/standing.js';

const right = { rpId: 'example.com', rpName: 'MyApp', origins: 'https://example.com' };

describe('the options of passkeys()', () => {
  it.each([
    [undefined, /passkeys: the options/],
    [{ ...right, rpId: 'https://example.com' }, /rpId: must be a domain/],
    [{ ...right, origins: 'https://example.com/login' }, /origins/],
    [{ ...right, origins: [] }, /origins/],
    [{ ...right, origins: 'https://example.org' }, /"https:\/\/example\.org" is not on example\.com or below it/],
    [{ ...right, origins: 'https://notexample.com' }, /is not on example\.com/],
    [{ ...right, origins: ['https://example.com', 'http://example.org'] }, /is not on example\.com/],
    [{ ...right, allowAaguids: ['fbfc3007-154e-4ecc-8c0b-6e020557d7bd'] }, /allowAaguids needs attestation/],
    [{ ...right, denyAaguids: ['iCloud'] }, /denyAaguids\.0: must be an AAGUID/],
    [{ ...right, mustKeepOne: 'yes' }, /mustKeepOne/],
    [{ ...right, rpID: 'example.com' }, /passkeys/],
  ])('%j is refused by name', (options, message) => {
    expect(() => passkeys(options as never)).toThrow(TypeError);
    expect(() => passkeys(options as never)).toThrow(message);
  });

  it('may name sites below the domain, and others of the same owner, which the domain lists', () => {
    const origins = ['https://example.com', 'https://login.example.com:8443', 'https://example.org'];
    expect(relatedOrigins({ ...right, origins })).toEqual({ origins });
    expect(passkeys({ rpId: 'localhost', rpName: 'MyApp', origins: 'http://localhost:3000' }).rpId).toBe('localhost');
  });
});

describe('CBOR', () => {
  const authData = Buffer.concat([Buffer.alloc(55), Buffer.from([0xa1, 0x01, 0x02])]);

  it.each([
    ['a map', 'a10102', true],
    ['bytes with their length in one, two, four and eight bytes', '83580141590001415a0000000141', true],
    ['a tag', 'c11a514b67b0', true],
    ['bytes that are cut short', '4201', false],
    ['a map that is cut short', 'a101', false],
    ['something after it', 'a1010200', false],
    ['an indefinite length', '5f4101ff', false],
    ['lists in lists', '81'.repeat(20), false],
    ['nothing', '', false],
  ])('is whole or not: %s', (_what, hex, whole) => {
    const check = () => isWhole(Buffer.from(hex, 'hex'), authData);
    if (whole) expect(check()).toBe(true);
    else
      expect(() => {
        if (!check()) throw new RangeError('not whole');
      }).toThrow(RangeError);
  });
});

describe('what a login by a passkey stands for (RFC 8176)', () => {
  const of = (...factors: { method: 'password' | 'passkey' | 'totp'; uv?: boolean; synced?: boolean }[]) => ({
    userKey: 'alice',
    epoch: 1,
    at: 1,
    factors: factors.map((factor) => ({ ...factor, at: 1 })),
  });

  it('is hwk on one device, swk where it is synced, and user where it has verified its user', () => {
    expect(amrOf(of({ method: 'passkey', uv: true }))).toEqual(['hwk', 'user', 'mfa']);
    expect(amrOf(of({ method: 'passkey', uv: true, synced: true }))).toEqual(['swk', 'user', 'mfa']);
    expect(amrOf(of({ method: 'passkey', uv: false }))).toEqual(['hwk']);
    expect(amrOf(of({ method: 'password' }, { method: 'passkey', synced: true }))).toEqual(['pwd', 'swk', 'mfa']);
  });

  it('is phishing-resistant', () => {
    expect(acrOf(of({ method: 'passkey', uv: true }))).toBe('phr');
    expect(acrOf(of({ method: 'password' }, { method: 'passkey' }))).toBe('phr');
    expect(acrOf(of({ method: 'password' }, { method: 'totp' }))).toBe('aal2');
  });
});
