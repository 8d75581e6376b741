import { describe, expect, it } from 'vitest';
import { checkOptions, meantOption, unknownOption } from '../../lib/core/options.js';

const known = ['service', 'maxAge', 'redirect', 'qr'];

describe('options', () => {
  it('that are known pass, also where they are undefined', () => {
    for (const given of [{}, { maxAge: 1 }, { service: undefined, redirect: '/' }])
      expect(() => {
        checkOptions('guard', given, known);
      }).not.toThrow();
  });

  it.each([
    ['maxage', 'maxAge'],
    ['MAXAGE', 'maxAge'],
    ['max_age', 'maxAge'],
    ['maxAges', 'maxAge'],
    ['mxaAge', 'maxAge'],
    ['servise', 'service'],
    ['redirct', 'redirect'],
    ['qrs', 'qr'],
  ])('of the name "%s" are refused with the name that was meant, "%s"', (name, meant) => {
    const check = () => {
      checkOptions('guard', { [name]: 1 }, known);
    };
    expect(check).toThrow(TypeError);
    expect(check).toThrow(
      `guard: there is no option "${name}"; there are service, maxAge, redirect, qr; did you mean "${meant}"?`,
    );
  });

  it.each(['banana', 'x', '', 'toString', 'constructor'])(
    'of the name "%s" are refused with those that there are',
    (name) => {
      expect(() => {
        checkOptions('guard', { [name]: 1 }, known);
      }).toThrow(new RegExp(`^guard: there is no option "${name}"; there are service, maxAge, redirect, qr$`));
    },
  );

  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    ['5m', 'string'],
    [7, 'number'],
    [[], 'an array'],
    [() => 1, 'function'],
  ])('are an object, not %s', (given, shown) => {
    expect(() => {
      checkOptions('guard', given, known);
    }).toThrow(`guard: the options must be an object (service, maxAge, redirect, qr); got ${shown}`);
  });

  it('of a name of a megabyte are refused at once, without repeating it', () => {
    expect(unknownOption('x'.repeat(1_000_000), known).length).toBeLessThan(200);
    expect(meantOption('x'.repeat(1_000_000), known)).toBeUndefined();
  });

  it('that are not own members of the object are not looked at', () => {
    expect(() => {
      checkOptions('guard', Object.create({ maxage: 1 }) as object, known);
    }).not.toThrow();
  });
});
