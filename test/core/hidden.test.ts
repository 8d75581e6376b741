import { describe, expect, it } from 'vitest';
import { withHidden } from '../../lib/core/hidden.js';
import { everyLog } from '../support/loggers.js';

const make = () =>
  withHidden(
    withHidden(
      { maskedContact: 'j***@example.com', resendAfter: null },
      { contact: 'john@example.com', otpValue: '918273' },
    ),
    { challengeToken: 'dG9rZW4' },
  );

describe('what only the server may see of a result', () => {
  it('is read by its name', () => {
    expect(make()).toMatchObject({
      contact: 'john@example.com',
      otpValue: '918273',
      challengeToken: 'dG9rZW4',
      maskedContact: 'j***@example.com',
      resendAfter: null,
    });
    expect('otpValue' in make()).toBe(true);
  });

  it('is not there where there is none', () => {
    const sent = withHidden({ maskedContact: 'm' }, {});
    expect('otpValue' in sent).toBe(false);
    expect(sent).toEqual({ maskedContact: 'm' });
  });

  it('is listed among no own names, of either kind', () => {
    expect(Reflect.ownKeys(make())).toEqual(['maskedContact', 'resendAfter']);
    expect(JSON.parse(JSON.stringify(make()))).toEqual({ maskedContact: 'j***@example.com', resendAfter: null });
    expect(structuredClone(make())).toEqual({ maskedContact: 'j***@example.com', resendAfter: null });
  });

  it.each(everyLog(make()))('is not shown: %s', (_how, text) => {
    expect(text).not.toMatch(/john|918273|dG9rZW4/);
  });

  it('cannot be exchanged on the way', () => {
    expect(() => Object.assign(make(), { otpValue: '000000' })).toThrow(TypeError);
  });

  it('leaves the result a plain object to whoever asks for its class', () => {
    expect(make().constructor).toBe(Object);
    expect(make()).toBeInstanceOf(Object);
  });
});
