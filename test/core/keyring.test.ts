import { createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Keyring, sha256, type MacPurpose, type SealPurpose } from '../../lib/core/keyring.js';
import { generateKey } from '../../lib/core/keys.js';
import { SealedDataError } from '../../lib/errors.js';
import { everyLog } from '../support/loggers.js';

const seals: SealPurpose[] = ['totp-secret', 'contact', 'passkey', 'enrollment', 'auth-info'];
const macs: MacPurpose[] = [
  'one-time-code',
  'backup-code',
  'contact',
  'passkey-challenge',
  'user-handle',
  'quota',
  'verdict',
];
const base64 = (bytes = 32): string => randomBytes(bytes).toString('base64');

/** The five parts of a sealed text, with one of them changed in place. */
function withPart(sealed: string, index: number, change: (bytes: Buffer) => Buffer): string {
  const parts = sealed.split('.');
  parts[index] = change(Buffer.from(parts[index]!, 'base64url')).toString('base64url');
  return parts.join('.');
}

describe('a sealed secret', () => {
  const keys = `k1:${base64()}`;
  // Made anew in each test: what a test does not make itself, no change of it can turn red.
  const ring = (): Keyring => new Keyring(keys);

  it('opens again, whatever it holds and whoever it belongs to', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...seals),
        fc.string(),
        fc.string(),
        fc.uint8Array({ maxLength: 200 }),
        (purpose, user, row, bytes) => {
          const secret = Buffer.from(bytes);
          expect(
            ring().open(
              purpose,
              { userId: user, rowId: row },
              ring().seal(purpose, { userId: user, rowId: row }, secret),
            ),
          ).toEqual(secret);
        },
      ),
    );
  });

  it('may be given as text, which comes back as its UTF-8 bytes', () => {
    const sealed = ring().seal('contact', { userId: 'u', rowId: 'r' }, 'jürgen@example.com');
    expect(ring().open('contact', { userId: 'u', rowId: 'r' }, sealed).toString()).toBe('jürgen@example.com');
  });

  it('shows nothing of what it holds', () => {
    const sealed = ring().seal('contact', { userId: 'u', rowId: 'r' }, 'alice@example.com');
    for (const part of sealed.split('.'))
      expect(Buffer.from(part, 'base64url').toString('latin1')).not.toContain('alice');
  });

  it('never uses an initialization vector twice', () => {
    const ivs = Array.from(
      { length: 2000 },
      () => ring().seal('contact', { userId: 'u', rowId: 'r' }, 'same').split('.')[2],
    );
    expect(new Set(ivs).size).toBe(ivs.length);
  });

  it('has the documented form v1.<key>.<iv>.<text>.<tag>', () => {
    const [version, key, iv, text, tag, ...rest] = ring()
      .seal('contact', { userId: 'u', rowId: 'r' }, 'text')
      .split('.');
    expect([version, key, rest]).toEqual(['v1', 'k1', []]);
    expect([iv, text, tag].map((part) => Buffer.from(part!, 'base64url').length)).toEqual([12, 4, 16]);
  });

  it('that an earlier release stored still opens', () => {
    const stored = new Keyring(`k1:${Buffer.alloc(32, 7).toString('base64')}`);
    expect(
      stored
        .open(
          'totp-secret',
          { userId: 'user-1', rowId: 'row-1' },
          'v1.k1.1YNdhBWm9hAfoAL_._stnwvl3UQW5FYPZ93OFwfeqU8U.AMvWgNCRTaResqz_GrX28g',
        )
        .toString(),
    ).toBe('12345678901234567890');
  });

  it('does not open for another user, in another row or for another purpose', () => {
    const sealed = ring().seal('totp-secret', { userId: 'alice', rowId: 'row-1' }, 'secret');
    expect(() => ring().open('totp-secret', { userId: 'mallory', rowId: 'row-1' }, sealed)).toThrow(SealedDataError);
    expect(() => ring().open('totp-secret', { userId: 'alice', rowId: 'row-2' }, sealed)).toThrow(SealedDataError);
    expect(() => ring().open('totp-secret', { userId: '', rowId: 'row-1' }, sealed)).toThrow(SealedDataError);
    for (const purpose of seals.slice(1))
      expect(() => ring().open(purpose, { userId: 'alice', rowId: 'row-1' }, sealed)).toThrow(SealedDataError);
  });

  it('does not open for a user and row whose names run together to the same text', () => {
    const sealed = ring().seal('contact', { userId: 'ab', rowId: 'c' }, 'secret');
    expect(() => ring().open('contact', { userId: 'a', rowId: 'bc' }, sealed)).toThrow(SealedDataError);
    expect(() => ring().open('contact', { userId: 'abc', rowId: '' }, sealed)).toThrow(SealedDataError);
  });

  it('does not open once any bit of it was changed', () => {
    const sealed = ring().seal('totp-secret', { userId: 'alice', rowId: 'row-1' }, randomBytes(20));
    for (const [part, length] of [
      [2, 12],
      [3, 20],
      [4, 16],
    ] as const) {
      for (let bit = 0; bit < length * 8; bit += 1) {
        const altered = withPart(sealed, part, (bytes) => {
          bytes[bit >> 3]! ^= 1 << (bit & 7);
          return bytes;
        });
        expect(() => ring().open('totp-secret', { userId: 'alice', rowId: 'row-1' }, altered)).toThrow(SealedDataError);
      }
    }
  });

  it.each([0, 4, 8, 12, 13, 14, 15])(
    'does not open with its tag cut to %i bytes, which would be easy to guess',
    (length) => {
      const sealed = ring().seal('contact', { userId: 'u', rowId: 'r' }, 'text');
      expect(() =>
        ring().open(
          'contact',
          { userId: 'u', rowId: 'r' },
          withPart(sealed, 4, (tag) => tag.subarray(0, length)),
        ),
      ).toThrow(SealedDataError);
    },
  );

  it('does not open with bytes added to the text, the tag or the vector', () => {
    const sealed = ring().seal('contact', { userId: 'u', rowId: 'r' }, 'text');
    for (const part of [2, 3, 4]) {
      const longer = withPart(sealed, part, (bytes) => Buffer.concat([bytes, Buffer.alloc(1)]));
      expect(() => ring().open('contact', { userId: 'u', rowId: 'r' }, longer)).toThrow(SealedDataError);
    }
  });

  it('does not open from parts of two sealed texts', () => {
    const one = ring().seal('contact', { userId: 'u', rowId: 'r' }, 'one!').split('.');
    const two = ring().seal('contact', { userId: 'u', rowId: 'r' }, 'two!').split('.');
    for (const part of [2, 3, 4]) {
      const mixed = one.map((text, index) => (index === part ? two[index] : text)).join('.');
      expect(() => ring().open('contact', { userId: 'u', rowId: 'r' }, mixed)).toThrow(SealedDataError);
    }
  });

  it.each([
    '',
    'v1',
    'text',
    'v1.k1',
    'v1.k1.AAAA.AAAA',
    'v1.k1....',
    'v2.k1.AAAA.AAAA.AAAA',
    'v1.k1.A.A.A.A',
    '{"v":1}',
    'null',
  ])('is never "%s": text that is not one is an error, not an empty secret', (text) => {
    expect(() => ring().open('contact', { userId: 'u', rowId: 'r' }, text)).toThrow(SealedDataError);
    expect(() => ring().open('contact', { userId: 'u', rowId: 'r' }, text)).toThrow(/does not have the form/);
  });

  it('that was altered is an error with the reason as its cause, for whoever has to find out what happened', () => {
    const altered = withPart(ring().seal('contact', { userId: 'u', rowId: 'r' }, 'text'), 4, (tag) =>
      Buffer.alloc(tag.length),
    );
    let thrown: unknown;
    try {
      ring().open('contact', { userId: 'u', rowId: 'r' }, altered);
    } catch (error) {
      thrown = error;
    }
    expect((thrown as Error).cause).toBeInstanceOf(Error);
  });

  it('with a part too many or another version in front does not open', () => {
    const sealed = ring().seal('contact', { userId: 'u', rowId: 'r' }, 'text');
    expect(() => ring().open('contact', { userId: 'u', rowId: 'r' }, `${sealed}.AAAA`)).toThrow(SealedDataError);
    expect(() => ring().open('contact', { userId: 'u', rowId: 'r' }, sealed.replace('v1.', 'v2.'))).toThrow(
      SealedDataError,
    );
  });

  it('under a key that is gone is an error that names the key, so the operator knows which one to bring back', () => {
    const sealed = ring().seal('contact', { userId: 'u', rowId: 'r' }, 'text');
    const other = new Keyring(generateKey('k2'));
    expect(() => other.open('contact', { userId: 'u', rowId: 'r' }, sealed)).toThrow(SealedDataError);
    expect(() => other.open('contact', { userId: 'u', rowId: 'r' }, sealed)).toThrow(/"k1"/);
  });

  it('does not open under another key of the same name, nor when the name of its key is exchanged', () => {
    const sealed = ring().seal('contact', { userId: 'u', rowId: 'r' }, 'text');
    expect(() => new Keyring(generateKey('k1')).open('contact', { userId: 'u', rowId: 'r' }, sealed)).toThrow(
      SealedDataError,
    );
    const both = new Keyring(`${generateKey('k1')},${generateKey('k2')}`);
    const underFirst = both.seal('contact', { userId: 'u', rowId: 'r' }, 'text');
    expect(() => both.open('contact', { userId: 'u', rowId: 'r' }, underFirst.replace('.k1.', '.k2.'))).toThrow(
      SealedDataError,
    );
  });

  it.each(['__proto__', 'constructor', 'toString'])('under a key named "%s" is an unknown key', (name) => {
    const sealed = ring().seal('contact', { userId: 'u', rowId: 'r' }, 'text').replace('.k1.', `.${name}.`);
    expect(() => ring().open('contact', { userId: 'u', rowId: 'r' }, sealed)).toThrow(SealedDataError);
  });
});

describe('rotating the keys', () => {
  const old = `k1:${base64()}`;
  const fresh = `k2:${base64()}`;
  const before = (): Keyring => new Keyring(old);
  const during = (): Keyring => new Keyring(`${fresh},${old}`);
  const after = (): Keyring => new Keyring(fresh);
  const sealedBefore = (): string => before().seal('totp-secret', { userId: 'u', rowId: 'r' }, 'secret');

  it('goes on opening what the old key sealed', () => {
    expect(during().open('totp-secret', { userId: 'u', rowId: 'r' }, sealedBefore()).toString()).toBe('secret');
  });

  it('seals with the first key and tells which texts are still under another', () => {
    const again = during().seal('totp-secret', { userId: 'u', rowId: 'r' }, 'secret');
    expect(during().current).toBe('k2');
    expect(during().isCurrent(sealedBefore())).toBe(false);
    expect(during().isCurrent(again)).toBe(true);
  });

  it('may drop the old key once everything is sealed again', () => {
    const again = during().seal(
      'totp-secret',
      { userId: 'u', rowId: 'r' },
      during().open('totp-secret', { userId: 'u', rowId: 'r' }, sealedBefore()),
    );
    expect(after().open('totp-secret', { userId: 'u', rowId: 'r' }, again).toString()).toBe('secret');
    expect(() => after().open('totp-secret', { userId: 'u', rowId: 'r' }, sealedBefore())).toThrow(SealedDataError);
  });

  it('can compute a digest of the old key as well as one of the new', () => {
    const stored = before().mac('backup-code', ['u', 'code']);
    expect(during().mac('backup-code', ['u', 'code'])).not.toBe(stored);
    expect(during().mac('backup-code', ['u', 'code'], 'k1')).toBe(stored);
    expect(() => after().mac('backup-code', ['u', 'code'], 'k1')).toThrow(SealedDataError);
  });
});

/** Made once by the release that first wrote each: what is stored and what is out must go on opening. */
const knownKeys = `k1:${Buffer.alloc(32, 7).toString('base64')}`;
const knownToken = 'v1.k1.9kIAMnV_Dg9T885EKnPtgc1jgZlcZOemQL4X4N70CYVikOGUqx43cah_HDp6JDg9bRVPZ7Z8yLe8ckVZDrXnlQ';
const knownSeals: [SealPurpose, string][] = [
  ['totp-secret', 'v1.k1.WXPYrpMD0AFzSNBw.am_b_RAED1FaTldQyHe_.aptZLdg3M-FIHi0kfiIr2A'],
  ['contact', 'v1.k1.iMM1M5GUunlK8Cse.jekdLQ9rxCB67ruSIirH.bpl5tXp-739Ex1MGJGO5_Q'],
  ['enrollment', 'v1.k1.TigyyLtVsoxcOxD9.jQgSPF5hrSkMXn6IaIqq.NB4GMYLlyCZ-ayGidCh02g'],
  ['auth-info', 'v1.k1.ZDBtytcuovs_i9wN.lvWouVWI70hD26ukfwa3.zDzDLp2IZgeUvh2Uh-tZzg'],
];
const knownMacs: [MacPurpose, string][] = [
  ['one-time-code', '63702cc934be4215a2cc5165435f657d240dc3e0112f799b25c9b2da60efef15'],
  ['backup-code', '5af106e31cb71e0fbd4a3de691fc2b316608944c6192b73feb7956600fec3360'],
  ['contact', '1d77e66714811b4db3139987a3841b9dc36d57ed97a2338602344e97c2aa438c'],
  ['quota', 'f2443010886701268cd746621d21b0497d752708074139d0715201ef21e81fe5'],
  ['verdict', 'ae1bc7b538233bee22f9762f3911a825009751b03e9080cc3313c5fced2c1c4d'],
];

describe('what an earlier release stored', () => {
  it.each(knownSeals)('opens: a sealed %s', (purpose, sealed) => {
    const owner = { userId: 'user-1', rowId: 'row-1' };
    expect(new Keyring(knownKeys).open(purpose, owner, sealed).toString()).toBe('secret of alice');
  });

  it.each(knownMacs)('is found: a digest for a %s', (purpose, digest) => {
    expect(new Keyring(knownKeys).mac(purpose, ['user-1', 'a@b.co'])).toBe(digest);
    expect(new Keyring(knownKeys).tag(purpose, ['user-1', 'a@b.co'])).toBe(`k1.${digest}`);
  });
});

describe('a sealed token', () => {
  const keys = `k1:${base64()}`;
  const ring = (): Keyring => new Keyring(keys);
  const seal = (text = 'alice'): string => ring().sealToken('pending-login', 'session', text);
  const open = (token: string, holder = 'session'): string | undefined =>
    ring().openToken('pending-login', holder, token);
  const bytesOf = (token: string): Buffer => Buffer.from(token.split('.')[2]!, 'base64url');
  const tokenOf = (bytes: Buffer): string => `v1.k1.${bytes.toString('base64url')}`;

  it('opens again, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (holder, text) => {
        expect(ring().openToken('pending-login', holder, ring().sealToken('pending-login', holder, text))).toBe(
          Buffer.from(text).toString(),
        );
      }),
    );
  });

  it('that an earlier release gave is still opened', () => {
    expect(new Keyring(knownKeys).openToken('pending-login', 'session', knownToken)).toBe('{"user":"alice"}');
  });

  it('has a salt of 32 bytes, and a key of its own made of it by HMAC-SHA-512', () => {
    const token = seal('alice');
    expect(token).toMatch(/^v1\.k1\.[A-Za-z0-9_-]+$/);
    expect(bytesOf(token)).toHaveLength(32 + 'alice'.length + 16);
    const root = Buffer.from(keys.slice(3), 'base64');
    const subKey = Buffer.from(hkdfSync('sha256', root, '', 'passport-two-factor token pending-login', 32));
    const own = createHmac('sha512', subKey).update(bytesOf(token).subarray(0, 32)).digest();
    const decipher = createDecipheriv('aes-256-gcm', own.subarray(0, 32), own.subarray(32, 44), { authTagLength: 16 });
    const framed = ['pending-login', 'session'].flatMap((part) => [
      Buffer.from([0, 0, 0, part.length]),
      Buffer.from(part),
    ]);
    decipher.setAAD(Buffer.concat(framed));
    decipher.setAuthTag(bytesOf(token).subarray(-16));
    expect(Buffer.concat([decipher.update(bytesOf(token).subarray(32, -16)), decipher.final()]).toString()).toBe(
      'alice',
    );
  });

  it('is another one each time', () => {
    const salts = Array.from({ length: 500 }, () => bytesOf(seal()).subarray(0, 32).toString('hex'));
    expect(new Set(salts).size).toBe(500);
  });

  it('does not open for another holder, or under another key', () => {
    expect(open(seal(), 'token')).toBeUndefined();
    expect(new Keyring(generateKey('k1')).openToken('pending-login', 'session', seal())).toBeUndefined();
    expect(open(seal().replace('v1.k1.', 'v1.k2.'))).toBeUndefined();
    expect(open(seal().replace('v1.k1.', 'v1.__proto__.'))).toBeUndefined();
    expect(open(seal())).toBe('alice');
  });

  it('does not open where any byte of it is another one', () => {
    const bytes = bytesOf(seal());
    for (let index = 0; index < bytes.length; index += 1) {
      const altered = Buffer.from(bytes);
      altered.writeUInt8(altered.readUInt8(index) ^ 1, index);
      expect(open(tokenOf(altered))).toBeUndefined();
    }
    expect(open(tokenOf(bytes))).toBe('alice');
  });

  it('has one spelling', () => {
    const token = seal();
    for (const other of [
      `${token}=`,
      `${token}.`,
      ` ${token}`,
      `${token}\n`,
      token.replace('v1.', 'v2.'),
      token.replace('v1.', 'V1.'),
      `v1.k1.${bytesOf(token).toString('base64')}==`,
    ]) {
      expect(open(other)).toBeUndefined();
    }
  });

  it('of exactly the longest length is looked at', () => {
    const text = seal('x'.repeat(6091));
    expect(text).toHaveLength(8192);
    expect(open(text)).toBe('x'.repeat(6091));
  });

  it.each(['', 'v1', 'v1.k1', 'v1.k1.', 'v1.k1.AAAA', `v1.k1.${'A'.repeat(62)}`, `v1.k1.${'A'.repeat(64)}`])(
    'is not "%s"',
    (given) => {
      expect(open(given)).toBeUndefined();
    },
  );

  it('is looked at up to 8192 characters', () => {
    const longest = 'x'.repeat(6000);
    expect(open(seal(longest))).toBe(longest);
    const longer = seal('x'.repeat(6200));
    expect(longer.length).toBeGreaterThan(8192);
    expect(open(longer)).toBeUndefined();
  });

  it('of an older key opens as long as the key is there', () => {
    const fresh = generateKey('k2');
    expect(new Keyring(`${fresh},${keys}`).openToken('pending-login', 'session', seal())).toBe('alice');
    expect(new Keyring(fresh).openToken('pending-login', 'session', seal())).toBeUndefined();
  });
});

describe('a keyed digest', () => {
  const keys = `k1:${base64()}`;
  // Made anew in each test: what a test does not make itself, no change of it can turn red.
  const ring = (): Keyring => new Keyring(keys);

  it('is the same for the same parts and 64 hex characters, so every database compares it alike', () => {
    const digest = ring().mac('contact', ['user', 'a@b.co']);
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(ring().mac('contact', ['user', 'a@b.co'])).toBe(digest);
  });

  it('made for one purpose is worth nothing for another', () => {
    const digests = macs.map((purpose) => ring().mac(purpose, ['user', '123456']));
    expect(new Set(digests).size).toBe(macs.length);
  });

  it('tells parts apart that run together to the same text', () => {
    const parts = [['ab', 'c'], ['a', 'bc'], ['abc'], ['abc', ''], ['', 'abc'], ['a', 'b', 'c']];
    expect(new Set(parts.map((list) => ring().mac('quota', list))).size).toBe(parts.length);
  });

  it('differs under another key', () => {
    expect(new Keyring(generateKey('k1')).mac('quota', ['u'])).not.toBe(ring().mac('quota', ['u']));
  });
});

describe('a digest that names its key', () => {
  const old = `k1:${base64()}`;
  const before = (): Keyring => new Keyring(old);
  const make = () => before().tag('one-time-code', ['user', '123456']);

  it('is checked in full: purpose, parts and key', () => {
    const tag = make();
    expect(tag).toMatch(/^k1\.[0-9a-f]{64}$/);
    expect(before().checkTag('one-time-code', ['user', '123456'], tag)).toBe(true);
    expect(before().checkTag('one-time-code', ['user', '123457'], tag)).toBe(false);
    expect(before().checkTag('one-time-code', ['other', '123456'], tag)).toBe(false);
    expect(before().checkTag('backup-code', ['user', '123456'], tag)).toBe(false);
    expect(new Keyring(generateKey('k1')).checkTag('one-time-code', ['user', '123456'], tag)).toBe(false);
  });

  it('is still checked after a rotation, as long as its key is there', () => {
    const tag = make();
    const fresh = generateKey('k2');
    expect(new Keyring(`${fresh},${old}`).checkTag('one-time-code', ['user', '123456'], tag)).toBe(true);
    expect(() => new Keyring(fresh).checkTag('one-time-code', ['user', '123456'], tag)).toThrow(SealedDataError);
  });

  it.each(['k1', 'k1.', 'k1.0', `k1.${'0'.repeat(64)}`])('is not "%s"', (given) => {
    expect(before().checkTag('one-time-code', ['user', '123456'], given)).toBe(false);
  });
});

describe('the keys option', () => {
  const secret = base64();

  const refused: [string, unknown][] = [
    ['nothing', undefined],
    ['null', null],
    ['a number', 42],
    ['an array', [`k1:${secret}`]],
    ['a Buffer', Buffer.from(secret, 'base64')],
    ['an empty string', ''],
    ['blanks', '  '],
    ['a passphrase', 'correct horse battery staple'],
    ['a name without a key', 'k1:'],
    ['a key without its name', `:${secret}`],
    ['a name with a space', `k 1:${secret}`],
    ['a name that would break the sealed form', `k.1:${secret}`],
    ['a name of 33 characters', `${'k'.repeat(33)}:${secret}`],
    ['name and key exchanged', `${secret}:k1`],
    ['another separator', `k1=${secret}`],
    ['a second colon', `k1:${secret}:${secret}`],
    ['31 bytes', `k1:${base64(31)}`],
    ['33 bytes', `k1:${base64(33)}`],
    ['16 bytes', `k1:${base64(16)}`],
    ['32 bytes in hex', `k1:${randomBytes(32).toString('hex')}`],
    ['a comma at the end', `k1:${secret},`],
    ['a comma in front', `,k1:${secret}`],
    ['two keys of one name', `k1:${secret},k1:${base64()}`],
    ['the same nameless key twice', `${secret},${secret}`],
    ['keys split by semicolons', `k2:${base64()};k1:${secret}`],
    ['a right key before a wrong one', `k2:${secret},k1:short`],
    ['quotes from a .env file', `"k1:${secret}"`],
  ];

  it.each(refused)('refuses %s and says what to write', (_what, keys) => {
    expect(() => new Keyring(keys)).toThrow(TypeError);
    expect(() => new Keyring(keys)).toThrow(/^keys must be .*generateKey/);
  });

  it.each(refused)('refuses %s without repeating any of it', (_what, keys) => {
    let message = '';
    try {
      new Keyring(keys);
    } catch (error) {
      message = String((error as Error).stack);
    }
    // Any eight characters in a row of something that was meant to be a key.
    const given = typeof keys === 'string' ? (keys.match(/[A-Za-z0-9+/]{16,}/g) ?? []) : [];
    for (const text of [...given, secret]) {
      for (let start = 0; start + 8 <= text.length; start += 1)
        expect(message).not.toContain(text.slice(start, start + 8));
    }
  });

  it('takes keys with names, without, in base64url and with blanks around them', () => {
    const [a, b, c] = [base64(), base64(), randomBytes(32).toString('base64url')];
    const keyring = new Keyring(` new_1:${a} , ${b}, old-1:${c}`);
    expect(keyring.current).toBe('new_1');
    for (const only of [`new_1:${a}`, b, `old-1:${c}`]) {
      const sealed = new Keyring(only).seal('contact', { userId: 'u', rowId: 'r' }, 'text');
      expect(keyring.open('contact', { userId: 'u', rowId: 'r' }, sealed).toString()).toBe('text');
    }
  });

  it('knows a nameless key again wherever it stands in the list', () => {
    const [a, b] = [base64(), base64()];
    const sealed = new Keyring(a).seal('contact', { userId: 'u', rowId: 'r' }, 'text');
    expect(new Keyring(`${b},${a}`).open('contact', { userId: 'u', rowId: 'r' }, sealed).toString()).toBe('text');
    expect(new Keyring(`${a},${b}`).isCurrent(sealed)).toBe(true);
    expect(new Keyring(`${b},${a}`).isCurrent(sealed)).toBe(false);
  });
});

describe('generateKey', () => {
  it('makes 32 random bytes in base64', () => {
    const key = generateKey();
    expect(Buffer.from(key, 'base64')).toHaveLength(32);
    expect(Buffer.from(key, 'base64').toString('base64')).toBe(key);
    expect(new Set(Array.from({ length: 1000 }, () => generateKey())).size).toBe(1000);
  });

  it.each(['', 'k 1', 'k.1', 'k:1', 'k1,k2', 'k1\n', 'ключ', 'k'.repeat(33)])(
    'makes none of the name %j, which the keys option would refuse',
    (name) => {
      expect(() => generateKey(name)).toThrow(TypeError);
      expect(() => generateKey(name)).toThrow(/^The name of a key/);
    },
  );

  it('makes one of the longest name', () => {
    const name = `${'k'.repeat(30)}_-`;
    expect(new Keyring(generateKey(name)).current).toBe(name);
  });

  it('makes an entry that can be prepended to the old keys', () => {
    const old = generateKey('k1');
    const keyring = new Keyring(`${generateKey('k2')},${old}`);
    expect(keyring.current).toBe('k2');
    expect(
      keyring
        .open(
          'contact',
          { userId: 'u', rowId: 'r' },
          new Keyring(old).seal('contact', { userId: 'u', rowId: 'r' }, 'text'),
        )
        .toString(),
    ).toBe('text');
  });
});

/** The ways in which bytes are written, by inspect, JSON and people. */
const spellings = (key: Buffer): string[] => [
  key.toString('base64').slice(0, 40),
  key.toString('base64url').slice(0, 40),
  key.toString('hex'),
  key.toString('hex').replace(/../g, '$& ').slice(0, 60),
  key.join(',').slice(0, 60),
  key.join(', ').slice(0, 60),
  inspect(key).slice(8, 60),
  key.toString('latin1'),
];

describe('a keyring that is logged', () => {
  const keys = [randomBytes(32), randomBytes(32)];
  const used = (): Keyring => {
    const keyring = new Keyring(keys.map((key, index) => `k${String(index)}:${key.toString('base64')}`).join(','));
    keyring.seal('contact', { userId: 'u', rowId: 'r' }, 'text');
    for (const purpose of macs) keyring.mac(purpose, ['a'], 'k1');
    return keyring;
  };

  it('shows no key, and none that is made of one', () => {
    const derived = keys.flatMap((key) =>
      [...seals.map((purpose) => `seal ${purpose}`), ...macs.map((purpose) => `mac ${purpose}`)].map((info) =>
        Buffer.from(hkdfSync('sha256', key, '', `passport-two-factor ${info}`, 32)),
      ),
    );
    const keyring = used();
    for (const [how, text] of [...everyLog(keyring), ...everyLog({ context: { keyring } })]) {
      for (const key of [...keys, ...derived])
        for (const spelling of spellings(key)) expect(text, how).not.toContain(spelling);
    }
  });

  it('shows the name of the newest, which rows tell too', () => {
    expect(Reflect.ownKeys(used())).toEqual(['current']);
  });
});

describe('sha256', () => {
  it('is the digest of the UTF-8 text in hex (FIPS 180-4: "abc")', () => {
    expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(sha256('abc')).not.toBe(sha256('ABC'));
  });
});
