import { describe, expect, it } from 'vitest';
import { counts, entriesOf, fits, readFactors, takeOut } from '../../lib/store/factors.js';
import { newId } from './fixtures.js';

const old = (id = newId(32)) => ({ id, provisional: 0 });
const row = (id = newId(32)) => ({ id, provisional: 1 });

describe('which factors count', () => {
  it('says the account of a row of its own, and of one of version 0.1 only that it does not', () => {
    expect([row('a'), row('b'), row('c')].map((one) => counts({ a: true, b: false }, one))).toEqual([
      true,
      false,
      false,
    ]);
    expect([old('a'), old('b'), old('c')].map((one) => counts({ a: true, b: false }, one))).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('is in doubt that they do: a row of unexpected shape is no missing factor', () => {
    expect(counts({}, { id: 'a', provisional: Number.NaN })).toBe(true);
  });

  it('is nothing in an account that says nothing', () => {
    expect(readFactors({ factors: '' })).toEqual({});
    expect(entriesOf({ factors: '{"a":true,"b":false,"c":true}' }, [row('b'), row('c')])).toEqual({
      b: false,
      c: true,
    });
  });

  it('has room for fifty of them, and then for one of version 0.1 to be taken out', () => {
    const fifty = Object.fromEntries(Array.from({ length: 50 }, () => [newId(32), true]));
    expect(fits(fifty)).toBe(true);
    const { factors, taken } = takeOut(fifty, [old(), old()]);
    expect(taken).toHaveLength(1);
    expect(fits(factors)).toBe(true);
  });

  it('names those of version 0.1 that are taken out, and forgets the others', () => {
    const [one, two, three] = [row('one'), row('two'), old('three')];
    expect(takeOut({ one: true, two: true }, [one, three])).toEqual({
      factors: { two: true, three: false },
      taken: [one, three],
    });
    expect(takeOut({ one: true }, [two])).toEqual({ factors: { one: true }, taken: [two] });
  });
});
