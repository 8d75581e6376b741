import { describe, expect, it } from 'vitest';
import { maskEmail, maskPhone, normalizeEmail, normalizePhone, sameContact } from '../../lib/core/contact.js';
import { emailContacts } from '../../lib/factors/email.js';
import { smsContacts } from '../../lib/factors/sms.js';
import { InvalidInputError } from '../../lib/errors.js';

const emailOf = (given: unknown): string => emailContacts.read(given, undefined).contact;
const phoneOf = (given: unknown): string => smsContacts.read(given, undefined).contact;

describe('an e-mail address', () => {
  it.each([
    ['alice@example.com', 'alice@example.com'],
    ['  alice@example.com ', 'alice@example.com'],
    ['alice@EXAMPLE.com', 'alice@example.com'],
    ['Alice.B+tag@Example.Co.UK', 'Alice.B+tag@example.co.uk'],
    ["o'brien@example.com", "o'brien@example.com"],
    ['a_b-c@sub.example.com', 'a_b-c@sub.example.com'],
    ['tom&jerry@example.com', 'tom&jerry@example.com'],
    ['x@bücher.example', 'x@xn--bcher-kva.example'],
    ['x@BÜCHER.example', 'x@xn--bcher-kva.example'],
    ['x@xn--bcher-kva.example', 'x@xn--bcher-kva.example'],
    ['x@пример.рф', 'x@xn--e1afmkfd.xn--p1ai'],
    ['x@例え.テスト', 'x@xn--r8jz45g.xn--zckzah'],
    ['jörg@example.com', 'jörg@example.com'],
    ['jo\u0308rg@example.com', 'jörg@example.com'],
    ['用户@例子.com', '用户@xn--fsqu00a.com'],
    ['\u00a0alice@example.com\u3000', 'alice@example.com'],
    ['\ufeffalice@example.com', 'alice@example.com'],
    ['\u200ealice@example.com\u200f', 'alice@example.com'],
    ['\u202aalice@example.com\u202c', 'alice@example.com'],
    ['\u2066alice@example.com\u2069', 'alice@example.com'],
    ['al\u00adice@exam\u200bple.com', 'alice@example.com'],
    ['ali\u200dce@exa\u200cmple.com', 'alice@example.com'],
    ['ａｌｉｃｅ＠ｅｘａｍｐｌｅ．ｃｏｍ', 'alice@example.com'],
    ['alice@example。com', 'alice@example.com'],
    // Here the joiner is spelling: without it the domain is another one.
    ['x@نامه\u200cای.com', 'x@xn--mgba3gch31f060k.com'],
  ])('%s is kept as %s', (given, kept) => {
    expect(normalizeEmail(given)).toBe(kept);
    expect(normalizeEmail(kept)).toBe(kept);
  });

  it.each([
    ['nothing', ''],
    ['no @', 'alice.example.com'],
    ['nobody', '@example.com'],
    ['nowhere', 'alice@'],
    ['two domains', 'alice@example.com@evil.example'],
    ['a name before it', 'Alice <alice@example.com>'],
    ['angle brackets', '<alice@example.com>'],
    ['two addresses', 'alice@example.com,eve@evil.example'],
    ['two addresses with a semicolon', 'alice@example.com;eve@evil.example'],
    ['two addresses with a space', 'alice@example.com eve@evil.example'],
    ['a header after it', 'alice@example.com\r\nBcc: eve@evil.example'],
    ['a header in front', 'Bcc: x\r\nalice@example.com'],
    ['a newline in the name', 'ali\nce@example.com'],
    ['a newline in the domain', 'alice@exam\nple.com'],
    ['a tab in the domain', 'alice@exam\tple.com'],
    ['a carriage return and newline in the domain', 'alice@example.com\r\n.evil.example'],
    ['a NUL', 'alice\0@example.com'],
    ['a path after the domain', 'alice@example.com/evil'],
    ['a query after the domain', 'alice@example.com?bcc=eve@evil.example'],
    ['a query with nobody in it', 'alice@example.com?subject=x'],
    ['a fragment after the domain', 'alice@example.com#evil'],
    ['a backslash after the domain', 'alice@example.com\\evil'],
    ['a percent-encoded domain', 'alice@ex%61mple.com'],
    ['a port', 'alice@example.com:25'],
    ['an IP address', 'alice@127.0.0.1'],
    ['an IP address as a number', 'alice@2130706433'],
    ['an address literal', 'alice@[127.0.0.1]'],
    ['a comment', 'alice(x)@example.com'],
    ['an empty label', 'alice@example..com'],
    ['a label that begins with a dash', 'alice@-example.com'],
    ['dots at the ends of the name', '.alice.@example.com'],
    ['a domain with a space', 'alice@exam ple.com'],
    ['a name that is too long', `${'a'.repeat(250)}@example.com`],
    ['a megabyte', `${'a'.repeat(1_000_000)}@example.com`],
  ])('with %s is refused', (_what, given) => {
    expect(() => normalizeEmail(given)).toThrow(InvalidInputError);
  });

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['zero', 0],
    ['true', true],
    ['an object', {}],
    ['an empty array', []],
    ['an array with an address', ['alice@example.com']],
    ['an object that reads as an address', { toString: () => 'alice@example.com' }],
  ])('that is %s and no string is refused', (_what, given) => {
    expect(() => normalizeEmail(given)).toThrow(InvalidInputError);
  });

  it('has 254 characters at most (RFC 5321, without the angle brackets)', () => {
    const longest = `${'a'.repeat(242)}@example.com`;
    expect(longest).toHaveLength(254);
    expect(normalizeEmail(longest)).toBe(longest);
    expect(() => normalizeEmail(`a${longest}`)).toThrow(InvalidInputError);
  });

  it('may have blanks around it, up to 320 characters in all', () => {
    expect(normalizeEmail('alice@example.com'.padEnd(320))).toBe('alice@example.com');
    expect(() => normalizeEmail('alice@example.com'.padEnd(321))).toThrow(InvalidInputError);
  });

  it('that is refused is not repeated in the message', () => {
    expect(() => normalizeEmail('eve evil@evil.example')).toThrow(/^address must be an e-mail address\.$/);
  });
});

describe('a phone number', () => {
  it.each(['+49 0000000', '+-490000000', '+4900000000'])(
    'that would be another one when it is read again is refused: %s',
    (given) => {
      expect(() => normalizePhone(given)).toThrow(InvalidInputError);
    },
  );

  it.each([
    ['+15551234567', '+15551234567'],
    ['+1 555 123 4567', '+15551234567'],
    ['+1 (555) 123-4567', '+15551234567'],
    ['+1.555.123.4567', '+15551234567'],
    [' +44 20 7946 0958 ', '+442079460958'],
    ['+49 30 901820', '+4930901820'],
    ['+33 6 12 34 56 78', '+33612345678'],
    ['+393123456789', '+393123456789'],
    ['＋１５５５１２３４５６７', '+15551234567'],
    ['\u202a+1 555 123 4567\u202c', '+15551234567'],
    ['\u200e+1\u00a0555\u202f123\u20094567\ufeff', '+15551234567'],
    ['\u2066+1\u2011555\u2011123\u20114567\u2069', '+15551234567'],
    ['+1555\u200b123\u00ad4567', '+15551234567'],
    ['+１ （５５５） １２３－４５６７', '+15551234567'],
    ['+١٥٥٥١٢٣٤٥٦٧', '+15551234567'],
    ['+۱۵۵۵۱۲۳۴۵۶۷', '+15551234567'],
    ['+१५५५१२३४५६७', '+15551234567'],
    ['+১৫৫৫১২৩৪৫৬৭', '+15551234567'],
    ['+๑๕๕๕๑๒๓๔๕๖๗', '+15551234567'],
  ])('%s is kept as %s', (given, kept) => {
    expect(normalizePhone(given)).toBe(kept);
    expect(normalizePhone(kept)).toBe(kept);
  });

  it.each([
    ['nothing', ''],
    ['no country code', '5551234567'],
    ['the country code without a plus', '15551234567'],
    ['the prefix of one country only', '0015551234567'],
    ['too few digits', '+1555'],
    ['too many digits', '+15551234567890123'],
    ['an emergency number', '+112'],
    ['a country that does not exist', '+999123456789'],
    ['letters', '+1-800-FLOWERS'],
    ['letters alone', 'alice'],
    ['an extension', '+15551234567 ext. 12'],
    ['an extension with x', '+15551234567x12'],
    ['an extension in the form of RFC 3966', '+15551234567;ext=12'],
    ['tones to be dialled', '+15551234567,,12'],
    ['another number after it', '+15551234567,+15557654321'],
    ['text before it', 'call +15551234567'],
    ['text after it', '+15551234567 please'],
    ['a word between its digits', '+1555 or 1234567'],
    ['a newline and a header after it', '+15551234567\r\nBcc: eve'],
    ['another number on a second line', '+15551234567\n+15557654321'],
    ['an e-mail address', '+15551234567@sms.example.com'],
    ['40 characters and more', `+1555123${' '.repeat(40)}4567`],
    ['a megabyte', `+${'1'.repeat(1_000_000)}`],
  ])('with %s is refused', (_what, given) => {
    expect(() => normalizePhone(given)).toThrow(InvalidInputError);
  });

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['a number', 15551234567],
    ['true', true],
    ['an object', {}],
    ['an empty array', []],
    ['an array with a number', ['+15551234567']],
    ['an object that reads as a number', { toString: () => '+15551234567' }],
  ])('that is %s and no string is refused', (_what, given) => {
    expect(() => normalizePhone(given)).toThrow(InvalidInputError);
  });

  it('may have blanks around it, up to 40 characters in all', () => {
    expect(normalizePhone('+15551234567'.padEnd(40))).toBe('+15551234567');
    expect(() => normalizePhone('+15551234567'.padEnd(41))).toThrow(InvalidInputError);
  });

  it('that is refused is not repeated in the message', () => {
    expect(() => normalizePhone('+1666')).toThrow(/^(?!.*666)phone must be a phone number with its country code/);
  });
});

describe('a mask', () => {
  it.each([
    ['john@example.com', 'j***@example.com'],
    ['ab@c.de', 'a***@c.de'],
    ['a@b.co', '***@b.co'],
    ['averyveryverylongname@example.com', 'a***@example.com'],
    ['"odd@name"@example.com', '"***@example.com'],
    ['@b.co', '***@b.co'],
    ['nobody', '***'],
  ])('of %s is %s', (contact, mask) => {
    expect(maskEmail(contact)).toBe(mask);
    expect(emailContacts.mask(contact)).toBe(mask);
  });

  it.each([
    ['+15551234567', '+1•••••••67'],
    ['+442079460958', '+44•••••••58'],
    ['+49301234', '+49•••••••34'],
    ['+4930123', '+49•••••••'],
    ['911', '•••••••'],
  ])('of %s is %s', (contact, mask) => {
    expect(maskPhone(contact)).toBe(mask);
    expect(smsContacts.mask(contact)).toBe(mask);
  });

  it.each(['a@b.co', 'ab@c.de', 'abc@d.ef', '@b.co', 'nobody', ''])(
    'of the address "%s" never shows the whole name',
    (contact) => {
      const name = contact.includes('@') ? contact.slice(0, contact.indexOf('@')) : contact;
      const mask = maskEmail(contact);
      expect(mask).not.toBe(contact);
      if (name !== '') expect(mask.startsWith(name)).toBe(false);
      if (name !== '' && !contact.includes('@')) expect(mask).not.toContain(name);
    },
  );

  it.each(['911', '+911', '112', '+1555', '+4930123', '+15551234567', '123', '', 'abc'])(
    'of the number "%s" never shows most of it',
    (contact) => {
      const shown = maskPhone(contact).replace(/[^0-9a-z]/g, '');
      expect(shown.length).toBeLessThanOrEqual(Math.max(0, contact.length - 3));
    },
  );

  it('does not tell how long the contact is', () => {
    const emails = ['jo@example.com', 'john@example.com', 'johnathan@example.com'].map(maskEmail);
    expect(new Set(emails).size).toBe(1);
    const phones = ['+4930901867', '+49309018267', '+493090182367'].map(maskPhone);
    expect(new Set(phones).size).toBe(1);
  });
});

describe('one contact', () => {
  it('is the one that is written in another case', () => {
    expect(sameContact('Alice@example.com', 'alice@example.com')).toBe(true);
    expect(sameContact('alice@example.com', 'alice+2@example.com')).toBe(false);
    expect(sameContact('+15551234567', '+15551234567')).toBe(true);
  });

  it('is read by its mechanism', () => {
    expect(emailOf('a@B.co')).toBe('a@b.co');
    expect(phoneOf('+1 555 123 4567')).toBe('+15551234567');
    expect(() => phoneOf('a@b.co')).toThrow(InvalidInputError);
    expect(() => emailOf('+15551234567')).toThrow(InvalidInputError);
  });

  it("is the account's own where the app has it in another spelling", () => {
    const read = (given: unknown, own: unknown) => emailContacts.read(given, own);
    expect(read('alice@example.com', ' Alice@EXAMPLE.com')).toEqual({ contact: 'alice@example.com', vouched: true });
    expect(read('\u200eALICE@example.com\u00a0', 'alice@example.com')).toEqual({
      contact: 'ALICE@example.com',
      vouched: true,
    });
    expect(read('eve@example.com', 'alice@example.com')).toEqual({ contact: 'eve@example.com', vouched: false });
    expect(read('alice@example.com.evil.example', 'alice@example.com')).toMatchObject({ vouched: false });
  });

  it.each([
    'jörg@example.com',
    '_host@example.com',
    'joe@my_host.example.com',
    'taro..yamada.@example.jp',
    '.dot@example.com',
    '"john doe"@example.com',
    '"a,b\\"c"@example.com',
    'δοκιμή@παράδειγμα.gr',
    '用户@例子.com',
    'नमस्ते@example.in',
    '☃@example.com',
    "o'neil&sons@example.com",
    'a/b=c@example.com',
    'user%host@example.com',
  ])("may be %s where that is the account's own", (own) => {
    const contact = own.replace('παράδειγμα', 'xn--hxajbheg2az3al').replace('例子', 'xn--fsqu00a');
    expect(emailContacts.read(own, own)).toEqual({ contact, vouched: true });
    expect(
      emailContacts.read(` ${own.toUpperCase().replace(/@.*/, '')}${own.slice(own.lastIndexOf('@'))}`, own),
    ).toMatchObject({ vouched: true });
  });

  it.each(['taro..yamada.@example.jp', '"john doe"@example.com', 'joe@my_host.example.com', '☃@example.com'])(
    'is never %s of somebody else',
    (given) => {
      expect(() => emailContacts.read(given, 'alice@example.com')).toThrow(InvalidInputError);
    },
  );

  it.each([
    'alice@example.com\r\nBcc: eve@evil.example',
    '"a\r\nBcc: x"@example.com',
    'a b@example.com',
    'a,b@example.com',
    'a@b@example.com',
    '<a@example.com>',
    '"a"b"@example.com',
    'a@exa mple.com',
    'a@example.com,eve@evil.example',
    '@example.com',
    'a@',
    '\u200b@example.com',
    'a@127.0.0.1',
    'a@[127.0.0.1]',
    'root@localhost',
    `${'a'.repeat(250)}@example.com`,
    'a\u0085b@example.com',
    'a\u2028b@example.com',
  ])("is not %j, though it is the account's own", (own) => {
    expect(() => emailContacts.read(own, own)).toThrow(InvalidInputError);
  });

  it.each([undefined, null, '', 'root@localhost', 42, ['alice@example.com']])(
    'is never vouched for by %j, which is no contact',
    (own) => {
      expect(emailContacts.read('alice@example.com', own)).toEqual({
        contact: 'alice@example.com',
        vouched: false,
      });
    },
  );

  it('of another letter that becomes the same in lower case is the mailbox that is written, not its double', () => {
    // The Kelvin sign is the letter K to Unicode, and no mailbox of its own.
    expect(normalizeEmail('\u212a@example.com')).toBe('K@example.com');
    for (const double of ['ı', 'ſ', '\u0130']) {
      expect(emailContacts.read(`${double}@example.com`, 'i@example.com').vouched).toBe(false);
      expect(emailContacts.read(`${double}@example.com`, 's@example.com').vouched).toBe(false);
    }
  });
});
