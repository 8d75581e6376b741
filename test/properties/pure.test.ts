import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generateKey, InvalidInputError, SealedDataError } from 'passport-two-factor';
import { parseBackupCode } from '../../lib/core/backup-code.js';
import { emailContacts } from '../../lib/factors/email.js';
import { smsContacts } from '../../lib/factors/sms.js';
import { Keyring, type SealPurpose } from '../../lib/core/keyring.js';
import { isDigits, readCode } from '../../lib/core/one-time-code.js';
import { decodeBase32, encodeBase32, totpUri } from '../../lib/core/provisioning.js';
import {
  afterFailure,
  afterSuccess,
  retryAt,
  type AttemptCounts,
  type AttemptLimits,
} from '../../lib/core/throttle.js';
import { defaultTotpParameters, matchTotp, totpAt } from '../../lib/core/totp.js';
import { readOptions } from '../../lib/settings.js';

const anyText = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }));
const isWellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text);
const purposes: SealPurpose[] = ['totp-secret', 'contact', 'enrollment', 'auth-info'];
const purpose = fc.constantFrom(...purposes);

describe('a sealed text', () => {
  const keyring = new Keyring(`${generateKey('k2')},${generateKey('k1')}`);
  const place = fc.record({ purpose, user: anyText, row: anyText, plain: fc.uint8Array({ maxLength: 200 }) });

  it('opens in its own place to what was sealed', () => {
    fc.assert(
      fc.property(place, ({ purpose: p, user, row, plain }) => {
        expect(
          keyring.open(
            p,
            { userId: user, rowId: row },
            keyring.seal(p, { userId: user, rowId: row }, Buffer.from(plain)),
          ),
        ).toEqual(Buffer.from(plain));
      }),
      { numRuns: 300 },
    );
  });

  it('opens in no other place', () => {
    fc.assert(
      fc.property(place, place, ({ purpose: p, user, row, plain }, to) => {
        fc.pre(p !== to.purpose || user !== to.user || row !== to.row);
        // Lone surrogates all are U+FFFD in UTF-8: two such users are one text to any database too.
        fc.pre([user, row, to.user, to.row].every(isWellFormed));
        const sealed = keyring.seal(p, { userId: user, rowId: row }, Buffer.from(plain));
        expect(() => keyring.open(to.purpose, { userId: to.user, rowId: to.row }, sealed)).toThrow(SealedDataError);
      }),
      { numRuns: 300 },
    );
  });

  it('altered anywhere opens to the same or not at all', () => {
    const edit = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      remove: fc.nat({ max: 4 }),
      insert: fc.oneof(anyText, fc.constantFrom('.', 'A', '-', '', 'k1', 'v2')),
    });
    fc.assert(
      fc.property(place, edit, ({ purpose: p, user, row, plain }, { at, remove, insert }) => {
        const sealed = keyring.seal(p, { userId: user, rowId: row }, Buffer.from(plain));
        const from = Math.floor(at * sealed.length);
        const altered = sealed.slice(0, from) + insert + sealed.slice(from + remove);
        try {
          // The last character of base64url has spare bits: another spelling of the same bytes is the same text.
          expect(keyring.open(p, { userId: user, rowId: row }, altered)).toEqual(Buffer.from(plain));
        } catch (error) {
          expect(error).toBeInstanceOf(SealedDataError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('made up is refused', () => {
    const part = fc.oneof(anyText, fc.constantFrom('v1', 'k1', 'k2', '', 'AAAAAAAAAAAAAAAA'));
    const madeUp = fc.oneof(
      anyText,
      fc.array(part, { maxLength: 7 }).map((parts) => parts.join('.')),
      fc.array(part, { minLength: 3, maxLength: 3 }).map((parts) => ['v1', 'k1', ...parts].join('.')),
    );
    fc.assert(
      fc.property(madeUp, (text) => {
        expect(() => keyring.open('contact', { userId: 'user', rowId: 'row' }, text)).toThrow(SealedDataError);
        let checked = false;
        try {
          checked = keyring.checkTag('one-time-code', ['code'], text);
        } catch (error) {
          expect(error).toBeInstanceOf(SealedDataError);
        }
        expect(checked).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a contact', () => {
  const contact = fc.oneof(
    anyText,
    fc.emailAddress(),
    fc.integer().map((n) => `+${n}`),
    fc.emailAddress().map((address) => ` ${address.toUpperCase()} `),
    fc.webUrl(),
  );
  const kinds = fc.constantFrom(emailContacts, smsContacts);

  it('is refused or normal: normal once, normal for ever, and masked', () => {
    fc.assert(
      fc.property(contact, kinds, (text, kind) => {
        let normal: string;
        try {
          normal = kind.read(text, undefined).contact;
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidInputError);
          return;
        }
        expect(kind.read(normal, undefined).contact).toBe(normal);
        expect(normal).not.toMatch(/[\r\n\0]/);
        const mask = kind.mask(normal);
        // A name of stars alone is found in the stars that stand for every name.
        if (/^\*{1,3}@/.test(normal)) return;
        expect(mask).not.toContain(kind === emailContacts ? normal : normal.slice(3));
      }),
      { numRuns: 1000 },
    );
  });

  it('of any other type is refused', () => {
    fc.assert(
      fc.property(
        fc.anything().filter((value) => typeof value !== 'string'),
        kinds,
        (value, kind) => {
          expect(() => kind.read(value, undefined)).toThrow(InvalidInputError);
        },
      ),
    );
  });
});

describe('a code', () => {
  it('is text without its spaces and dashes, or refused', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, fc.string({ unit: 'binary' }), fc.anything()), (value) => {
        let read: string;
        try {
          read = readCode(value);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidInputError);
          return;
        }
        const text = value as string;
        expect(read).not.toMatch(/[\p{Zs}\p{Pd}\p{Default_Ignorable_Code_Point}]|(?![0-9])\p{Nd}/u);
        expect(readCode(read)).toBe(read);
        // Whatever is ASCII stays as it was typed, and in its place.
        const ascii = (from: string): string => from.replace(/[^!-,.-~]/g, '');
        if (/^[\0-\x7f]*$/.test(text)) expect(read).toBe(text.replace(/[ -]/g, ''));
        else if (!/[\uff01-\uff5e]|(?![0-9])\p{Nd}/u.test(text)) expect(ascii(read)).toBe(ascii(text));
      }),
      { numRuns: 500 },
    );
  });

  it('is digits only where every character is an ASCII digit', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, fc.stringMatching(/^\d{6}$/), fc.stringMatching(/^[0-9]{6}\s$/)), (text) => {
        expect(isDigits(text, 6)).toBe(text.length === 6 && Array.from(text).every((c) => c >= '0' && c <= '9'));
      }),
      { numRuns: 500 },
    );
  });

  it('for backup is read the same in any case and with O, I and L', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(...Array.from('0123456789ABCDEFGHJKMNPQRSTVWXYZ')),
          minLength: 13,
          maxLength: 13,
        }),
        (code) => {
          expect(parseBackupCode(code.toLowerCase().replaceAll('0', 'o').replaceAll('1', 'l'))).toBe(code);
        },
      ),
    );
  });

  it('of a TOTP matches in its window, after the spent steps, and nowhere else', () => {
    const step = fc.integer({ min: 2, max: 2 ** 33 });
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 64 }),
        step,
        fc.integer({ min: -3, max: 3 }),
        fc.nat({ max: 2 }),
        fc.integer({ min: -4, max: 4 }),
        (bytes, at, offset, window, spent) => {
          const secret = Buffer.from(bytes);
          const steps = [-3, -2, -1, 0, 1, 2, 3].map((o) => totpAt(secret, Math.max(0, at + o), defaultTotpParameters));
          fc.pre(new Set(steps).size === steps.length);
          const matched = matchTotp(secret, totpAt(secret, Math.max(0, at + offset), defaultTotpParameters), {
            parameters: defaultTotpParameters,
            now: at * 30_000 + 7,
            window,
            after: at + spent,
          });
          expect(matched).toBe(
            Math.abs(offset) <= window && offset > spent && at + offset >= 0 ? at + offset : undefined,
          );
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('base32 and the key URI', () => {
  it('give back the secret, whatever issuer and label are', () => {
    const issuer = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 64 })
      .filter((text) => !text.includes(':') && isWellFormed(text));
    const label = anyText.filter(isWellFormed);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 64 }), issuer, label, (bytes, name, account) => {
        const secret = Buffer.from(bytes);
        expect(decodeBase32(encodeBase32(secret))).toEqual(secret);
        const uri = new URL(totpUri({ ...defaultTotpParameters, issuer: name, label: account, secret }));
        expect([...uri.searchParams.keys()]).toEqual(['secret', 'issuer', 'algorithm', 'digits', 'period']);
        expect(uri.searchParams.get('issuer')).toBe(name);
        expect(uri.searchParams.get('secret')).toBe(encodeBase32(secret));
      }),
      { numRuns: 300 },
    );
  });
});

describe('the counts of wrong codes', () => {
  const limits: AttemptLimits = {
    attempts: 5,
    backoff: 30_000,
    maxBackoff: 3_600_000,
    suspendAfter: 100,
    suspensionWindow: 30 * 86_400_000,
  };

  it('let through no more than the budget, whatever the times and successes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: 7_200_000 }), fc.nat({ max: 9 })), { minLength: 50, maxLength: 400 }),
        (tries) => {
          let counts: AttemptCounts = {
            failures: 0,
            windowFailures: 0,
            windowStart: 0,
            nextAttemptAt: 0,
            failureDays: '',
          };
          let now = 1_700_000_000_000;
          const failedAt: number[] = [];
          let since: number[] = [];
          for (const [wait, luck] of tries) {
            now += wait;
            if (retryAt(counts, limits, now) > now) continue;
            // Every tenth attempt is right.
            if (luck === 0) {
              counts = afterSuccess(counts);
              since = [];
            } else {
              counts = afterFailure(counts, limits, { at: now, compared: 3 });
              since.push(now);
              failedAt.push(now);
            }
            const beyond = since.slice(4).map((at, index, all) => (index === 0 ? Infinity : at - all[index - 1]!));
            beyond.slice(1).forEach((gap, index) => {
              expect(gap).toBeGreaterThanOrEqual(Math.min(30_000 * 2 ** index, 3_600_000));
            });
          }
          // The window slides by days: within one day less than it, wherever that begins, there are never more.
          const span = limits.suspensionWindow - 86_400_000;
          for (const from of failedAt)
            expect(failedAt.filter((at) => at >= from && at < from + span).length).toBeLessThanOrEqual(100);
          expect(counts.windowFailures).toBeLessThanOrEqual(100);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('the options', () => {
  const valid = {
    db: {},
    keys: generateKey(),
    users: { id: String, find: () => null },
    twoFactor: { issuer: 'MyApp' },
  };
  const names = [
    'users',
    'twoFactor',
    'deliver',
    'clock',
    'rememberFor',
    'loginExpiry',
    'challengeOn',
    'recentAuthentication',
    'deliverTimeout',
    'allowDestination',
    'keepInSession',
    'limits',
  ];
  const inner = ['enabled', 'issuer', 'codeLength', 'tokenExpiry', 'totpWindow', 'backupCodesCount', 'requireForOAuth'];

  /** What durations, counts and names trip over is rare among all there is. */
  const value = fc.oneof(
    fc.anything(),
    fc.constantFrom<unknown>('', ' ', 'x'.repeat(101), '5', '-5m', '1e9d', NaN, Infinity, -0, 1.5, null),
  );

  function read(options: unknown): void {
    try {
      expect(Object.isFrozen(readOptions(options))).toBe(true);
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError);
      expect((error as Error).message.length).toBeGreaterThan(10);
      expect((error as Error).message).not.toContain(valid.keys);
    }
  }

  it('are taken or refused by a TypeError, whatever one of them is', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), value, (name, given) => {
        read({ ...valid, [name]: given });
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.constantFrom(...inner), value, (name, given) => {
        read({ ...valid, twoFactor: { issuer: 'MyApp', [name]: given } });
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.anything(), (options) => {
        read(options);
      }),
      { numRuns: 200 },
    );
  });

  it('refuse every keys text that is not a list of keys, without showing it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), anyText, fc.base64String()), (keys) => {
        try {
          new Keyring(keys);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
          if (typeof keys === 'string' && keys.length > 8) expect((error as Error).message).not.toContain(keys);
        }
      }),
      { numRuns: 500 },
    );
  });
});
