import { describe, expect, it } from 'vitest';
import { decodeBase32, encodeBase32 } from '../../lib/core/provisioning.js';

interface Vector {
  readonly text: string;
  readonly base32: string;
}

/** RFC 4648 §10, test vectors of BASE32. */
const vectors: readonly Vector[] = [
  { text: '', base32: '' },
  { text: 'f', base32: 'MY======' },
  { text: 'fo', base32: 'MZXQ====' },
  { text: 'foo', base32: 'MZXW6===' },
  { text: 'foob', base32: 'MZXW6YQ=' },
  { text: 'fooba', base32: 'MZXW6YTB' },
  { text: 'foobar', base32: 'MZXW6YTBOI======' },
];

describe.each(vectors)('RFC 4648: "$text"', ({ text, base32 }) => {
  const unpadded = base32.replaceAll('=', '');

  it('encodes without padding', () => {
    expect(encodeBase32(Buffer.from(text))).toBe(unpadded);
  });

  it('decodes with padding and without', () => {
    expect(decodeBase32(base32)?.toString()).toBe(text);
    expect(decodeBase32(unpadded)?.toString()).toBe(text);
  });
});
