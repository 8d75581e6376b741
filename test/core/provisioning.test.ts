import fc from 'fast-check';
import jsQR from 'jsqr';
import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { decodeBase32, encodeBase32, qrCode, totpUri, type ProvisioningDetails } from '../../lib/core/provisioning.js';

describe('a secret in base32', () => {
  it('is read back as the bytes it was made of, with and without padding', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const text = encodeBase32(bytes);
        const padded = text.padEnd(Math.ceil(text.length / 8) * 8, '=');
        expect(decodeBase32(text)).toEqual(Buffer.from(bytes));
        expect(decodeBase32(padded)).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('is read from any text of the alphabet, without the bits that fill no byte', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 40, unit: fc.constantFrom(...Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567')) }),
        (text) => {
          const bits = Array.from(text, (letter) =>
            'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'),
          ).join('');
          const bytes = Array.from({ length: Math.floor(bits.length / 8) }, (_, index) =>
            Number.parseInt(bits.slice(index * 8, index * 8 + 8), 2),
          );
          expect(decodeBase32(text)).toEqual(Buffer.from(bytes));
        },
      ),
    );
  });

  it('of 20 bytes has 32 characters and no padding, which apps show and users type', () => {
    expect(encodeBase32(Buffer.alloc(20))).toBe('A'.repeat(32));
  });

  it.each([
    ['lower case', 'mzxw6ytb'],
    ['mixed case', 'MZXW6ytb'],
    ['spaces', ' MZXW 6YTB '],
    ['dashes', 'MZXW-6YTB'],
    ['no-break spaces and typographic dashes', 'MZ\u00a0XW\u20116Y\u202fTB'],
    ['a newline at the end', 'MZXW6YTB\r\n'],
    ['what is invisible', '\ufeffMZXW\u200b6YTB'],
    ['full-width letters', 'ＭＺＸＷ６ＹＴＢ'],
    ['padding where none belongs', 'MZXW6YTB========'],
    ['padding in lower case with spaces', 'mzxw 6ytb = = ='],
  ])('with %s is the same secret', (_what, text) => {
    expect(decodeBase32(text)).toEqual(Buffer.from('fooba'));
  });

  it.each([
    ['MZ', 'f'],
    ['MY', 'f'],
    ['MZXR', 'fo'],
    ['MZXW7', 'foo'],
    ['MZXW6YR', 'foob'],
    ['MZ======', 'f'],
    ['MY=====', 'f'],
    ['A', ''],
    ['MZX', 'f'],
    ['MZXW6Y', 'foo'],
    ['MZXW6YTBA', 'fooba'],
    ['', ''],
    ['====', ''],
  ])('%s is read as apps read it, whose spare bits count for nothing', (text, bytes) => {
    expect(decodeBase32(text)).toEqual(Buffer.from(bytes));
  });

  it.each([
    ['the digit 0', 'MZXW6YT0'],
    ['the digit 1', 'MZXW6YT1'],
    ['the digit 8', 'MZXW6YT8'],
    ['the digit 9', 'MZXW6YT9'],
    ['a letter that looks the same', 'МZXW6YTB'],
    ['a long s, whose capital is S', 'MZXW6YTſ'],
    ['a dotless i, whose capital is I', 'MZXW6YTı'],
    ['padding in the middle', 'MY======MZXW6YTB'],
    ['padding in front', '======MY'],
    ['an underscore', 'MZXW_6YTB'],
    ['a NUL', 'MZXW6YTB\0'],
  ])('with %s is refused', (_what, text) => {
    expect(decodeBase32(text)).toBeUndefined();
  });
});

const details: ProvisioningDetails = {
  issuer: 'MyApp',
  label: 'alice@example.com',
  secret: Buffer.from('12345678901234567890'),
  algorithm: 'sha1',
  digits: 6,
  period: 30,
};

/** What an authenticator app makes of a key URI. */
function read(uri: string): { issuer: string; label: string; parameters: [string, string][] } {
  expect(uri).toMatch(/^[\x21-\x7e]+$/);
  const url = new URL(uri);
  expect([url.protocol, url.host, url.hash]).toEqual(['otpauth:', 'totp', '']);
  const [issuer, label, ...rest] = url.pathname.slice(1).split(':').map(decodeURIComponent);
  expect(rest).toEqual([]);
  return { issuer: issuer!, label: label!, parameters: [...url.searchParams] };
}

describe('a key URI', () => {
  it('has the documented form', () => {
    expect(totpUri(details)).toBe(
      'otpauth://totp/MyApp:alice%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=MyApp&algorithm=SHA1&digits=6&period=30',
    );
  });

  it('carries the parameters of the secret', () => {
    const uri = totpUri({ ...details, algorithm: 'sha512', digits: 8, period: 60 });
    expect(uri).toContain('&algorithm=SHA512&digits=8&period=60');
  });

  const hostile = [
    'a&secret=x',
    'a?secret=x',
    'a&issuer=Evil',
    'Evil:bob',
    'a#fragment',
    'a/../../b',
    '..',
    '%00',
    '%3Fsecret%3Dx',
    'a b',
    'a+b',
    'a;b',
    'a=b',
    '"quoted"',
    '<script>alert(1)</script>',
    'line\r\nbreak',
    'nul\0',
    'ünïcödé',
    '日本語',
    '👩‍👩‍👧',
    'right\u202eleft',
    '',
  ];

  it.each(hostile)('cannot be changed by the label %j', (label) => {
    expect(read(totpUri({ ...details, label }))).toEqual({ ...read(totpUri(details)), label });
  });

  it.each(hostile)('cannot be changed by the issuer %j', (issuer) => {
    const { parameters } = read(totpUri(details));
    const changed = parameters.map(([name, value]) => [name, name === 'issuer' ? issuer : value]);
    expect(read(totpUri({ ...details, issuer }))).toEqual({ issuer, label: details.label, parameters: changed });
  });

  it('has the five parameters once each and the label unchanged, for any label', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (issuer, label) => {
        const uri = read(totpUri({ ...details, issuer, label }));
        expect(uri).toMatchObject({ issuer, label });
        expect(uri.parameters.map(([name]) => name)).toEqual(['secret', 'issuer', 'algorithm', 'digits', 'period']);
      }),
    );
  });

  const thai = 'กรุงเทพมหานครอมรรัตนโกสินทร์'.repeat(10);
  const long: [string, string][] = [
    ['a Thai name', thai.slice(0, 255)],
    ['emoji of families', '👩‍👩‍👧‍👦'.repeat(60)],
    ['flags', '🇨🇭'.repeat(100)],
    ['Hindi', 'क्षत्रिय'.repeat(40)],
    ['percent signs', '%'.repeat(500)],
    ['one letter with a thousand accents', `e${'\u0301'.repeat(1000)}`],
    ['a megabyte', 'x'.repeat(1_000_000)],
    ['a megabyte of Thai', 'ก'.repeat(1_000_000)],
    ['halves of emoji', '\ud83d'.repeat(400)],
  ];

  it.each(long)(
    'of %s has 1000 characters at most, beside the longest issuer too, and is cut between two characters',
    async (_what, label) => {
      for (const issuer of ['MyApp', thai.slice(0, 64), '🏦'.repeat(64), 'x'.repeat(64)]) {
        const uri = totpUri({ ...details, issuer, label });
        expect(uri.length).toBeLessThanOrEqual(1000);
        const shown = read(uri);
        expect(shown.label).toMatch(/^.+…$/su);
        if (!label.includes('\ud83d\ud83d')) expect(label.startsWith(shown.label.slice(0, -1))).toBe(true);
        expect(shown.parameters).toContainEqual(['issuer', shown.issuer]);
        expect(shown.parameters).toContainEqual(['secret', 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ']);
        expect(await qrCode(uri, 'svg')).toContain('<svg');
      }
    },
  );

  it('cuts no character that people see as one', () => {
    const { label } = read(totpUri({ ...details, label: '👩‍👩‍👧‍👦'.repeat(60) }));
    expect(label).toMatch(/^(👩‍👩‍👧‍👦)+…$/u);
    expect(read(totpUri({ ...details, label: 'क्षि'.repeat(60) })).label).toMatch(/^(क्षि)+…$/u);
  });

  it('has an address of 254 letters and an issuer of 64 whole', () => {
    const label = `${'a'.repeat(242)}@example.com`;
    expect(read(totpUri({ ...details, issuer: 'x'.repeat(64), label }))).toMatchObject({
      label,
      issuer: 'x'.repeat(64),
    });
  });

  it('is made for a label with half of a character too: half an emoji is no reason for a 500', () => {
    expect(() => totpUri({ ...details, label: 'cut \ud83d' })).not.toThrow();
  });
});

describe('a QR code', () => {
  const uris = [
    totpUri(details),
    totpUri({ ...details, label: 'ünïcödé 日本語 👩‍👩‍👧', algorithm: 'sha512', digits: 8 }),
    totpUri({ ...details, issuer: 'ธนาคารแห่งประเทศไทย', label: 'กรุงเทพมหานครอมรรัตนโกสินทร์'.repeat(9) }),
    totpUri({
      ...details,
      issuer: 'A rather long name of an application',
      label: `${'long'.repeat(16)}@example.com`,
      secret: Buffer.alloc(64, 7),
    }),
  ];

  it.each(uris)('as PNG is scanned as %s', async (uri) => {
    const dataUrl = await qrCode(uri, 'png');
    expect(dataUrl).toMatch(/^data:image\/png;base64,/);
    const { data, width, height } = PNG.sync.read(Buffer.from(dataUrl.slice(dataUrl.indexOf(',') + 1), 'base64'));
    expect(jsQR(new Uint8ClampedArray(data), width, height)?.data).toBe(uri);
  });

  it.each(uris)('as SVG is scanned as %s', async (uri) => {
    const { pixels, size } = rasterize(await qrCode(uri, 'svg'));
    expect(jsQR(pixels, size, size)?.data).toBe(uri);
  });

  it('as SVG is one image element without scripts, links or the secret in clear', async () => {
    const svg = await qrCode(totpUri({ ...details, label: '"><script>alert(1)</script>' }), 'svg');
    expect(svg).toMatch(/^<svg [^]*<\/svg>\s*$/);
    expect(svg).not.toMatch(/script|href|url\(|GEZDGNBV/i);
  });
});

/** Draws the dark modules of the SVG's path (horizontal strokes: M x y, m dx dy, h length), four pixels a module. */
function rasterize(svg: string): { pixels: Uint8ClampedArray; size: number } {
  const modules = Number(/viewBox="0 0 (\d+) \1"/.exec(svg)![1]);
  const scale = 4;
  const size = modules * scale;
  const pixels = new Uint8ClampedArray(size * size * 4).fill(255);
  let [x, y] = [0, 0];
  const fill = (width: number): void => {
    for (let row = Math.floor(y) * scale; row < (Math.floor(y) + 1) * scale; row += 1) {
      for (let column = x * scale; column < (x + width) * scale; column += 1)
        pixels.fill(0, (row * size + column) * 4, (row * size + column) * 4 + 3);
    }
  };
  const path = /stroke="#000000" d="([^"]+)"/.exec(svg)![1]!;
  for (const [, command, first, second] of path.matchAll(/([Mmh])\s*(-?[\d.]+)(?:[\s,]+(-?[\d.]+))?/g)) {
    if (command === 'M') [x, y] = [Number(first), Number(second)];
    else if (command === 'm') [x, y] = [x + Number(first), y + Number(second)];
    else {
      fill(Number(first));
      x += Number(first);
    }
  }
  return { pixels, size };
}
