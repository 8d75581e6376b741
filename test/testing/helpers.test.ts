import { completeSecondFactor, createOutbox, currentTotp, fakeClock } from 'passport-two-factor/testing';
import { TwoFactorMechanism, type CodeMessage } from 'passport-two-factor';
import { afterEach, describe, expect, it, vi } from 'vitest';

/** The secret of RFC 4226 appendix D and RFC 6238 appendix B, in base32. */
const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

it.each([
  ['currentTotp: at must be', () => currentTotp(secret, { at: 59_000 } as unknown as number)],
  ['currentTotp: at must be', () => currentTotp(secret, Number.NaN)],
  ['currentTotp: at must be', () => currentTotp(secret, '59000' as unknown as number)],
  ['fakeClock: start must be', () => fakeClock({ start: 0 } as unknown as number)],
  ['fakeClock: start must be', () => fakeClock(new Date('never') as unknown as number)],
  [
    'createOutbox: there is no option "fail"; there are none',
    () => createOutbox({ fail: true } as unknown as Record<string, never>),
  ],
  [
    'completeSecondFactor: there is no option "secrets"',
    () => completeSecondFactor({ post: () => ({ send: () => ({}) }) }, { path: '/2fa', secrets: secret } as never),
  ],
])('%s: what a helper does not read is refused', (told, call) => {
  expect(call).toThrow(TypeError);
  expect(call).toThrow(told);
});

describe('currentTotp', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([
    [59, '287082'],
    [1111111109, '081804'],
    [1111111111, '050471'],
    [1234567890, '005924'],
    [2000000000, '279037'],
    [20000000000, '353130'],
  ])('shows what RFC 6238 says, leading zeros included, at second %d', (at, code) => {
    expect(currentTotp(secret, at * 1000)).toBe(code);
  });

  it('shows the same code to the last millisecond of its 30 seconds', () => {
    expect(currentTotp(secret, 59_999)).toBe('287082');
    expect(currentTotp(secret, 60_000)).not.toBe('287082');
  });

  it('goes by the time of day where none is given, faked timers included', () => {
    vi.useFakeTimers({ now: 1234567890_000 });
    expect(currentTotp(secret)).toBe('005924');
  });

  it('reads a secret as authenticator apps show it', () => {
    expect(currentTotp('gezd gnbv gy3t qojq gezd gnbv gy3t qojq', 59_000)).toBe('287082');
    expect(currentTotp('GEZDGNBV-GY3TQOJQ-GEZDGNBV-GY3TQOJQ======', 59_000)).toBe('287082');
    // A letter more has five bits that fill no byte.
    expect(currentTotp('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQZ', 59_000)).toBe('287082');
  });

  it.each([undefined, null, '', 7, 'not base32!', 'GEZDGNBV1', {}])('refuses %j, which is no secret', (wrong) => {
    expect(() => currentTotp(wrong as string)).toThrow(/^currentTotp: secret must be base32/);
  });
});

describe('fakeClock', () => {
  it('stands still until it is told to go on', () => {
    const clock = fakeClock(1000);
    const { now } = clock;
    expect([now(), now()]).toEqual([1000, 1000]);
    clock.advance('30s');
    expect(now()).toBe(31_000);
    clock.advance(5);
    expect(clock.now()).toBe(31_005);
  });

  it('begins at one and the same moment everywhere', () => {
    expect(new Date(fakeClock().now()).toISOString()).toBe('2026-01-01T12:00:00.000Z');
  });

  it.each(['soon', '', Number.NaN, undefined, null, Number.POSITIVE_INFINITY])(
    'does not go on by %j, which is no duration',
    (wrong) => {
      const clock = fakeClock(1000);
      expect(() => {
        clock.advance(wrong as number);
      }).toThrow();
      expect(clock.now()).toBe(1000);
    },
  );
});

describe('createOutbox', () => {
  const message = (to: string, code: string): CodeMessage => ({
    mechanism: TwoFactorMechanism.EMAIL,
    to,
    code,
    purpose: 'login',
    userId: '7',
    issuer: 'MyApp',
    expiresAt: 0,
  });

  it('keeps what was sent in its order, and finds the newest', () => {
    const { deliver, messages, last } = createOutbox();
    deliver.email(message('ada@example.com', '111111'));
    deliver.sms(message('+15551234567', '222222'));
    deliver.email(message('ada@example.com', '333333'));
    deliver.email(message('eve@example.com', '444444'));
    expect(messages.map(({ code }) => code)).toEqual(['111111', '222222', '333333', '444444']);
    expect(last().code).toBe('444444');
    expect(last('ada@example.com').code).toBe('333333');
    expect(last('+15551234567').code).toBe('222222');
  });

  it('says so where nothing was sent', () => {
    const outbox = createOutbox();
    expect(() => outbox.last()).toThrow('No message was sent.');
    outbox.deliver.email(message('ada@example.com', '111111'));
    expect(() => outbox.last('eve@example.com')).toThrow(
      'No message was sent to eve@example.com; there are 1 to others.',
    );
  });

  it('forgets all when it is cleared, and the list in hand is the same one', () => {
    const outbox = createOutbox();
    const { messages } = outbox;
    outbox.deliver.email(message('ada@example.com', '111111'));
    outbox.clear();
    expect(messages).toEqual([]);
    outbox.deliver.email(message('ada@example.com', '222222'));
    expect(messages).toHaveLength(1);
  });
});

describe('completeSecondFactor', () => {
  const recorder = { post: (path: string) => ({ send: (body: object) => ({ path, body }) }) };

  it('posts the code, and nothing that it was not told', () => {
    expect(completeSecondFactor(recorder, { path: '/2fa', code: '123456' })).toEqual({
      path: '/2fa',
      body: { code: '123456' },
    });
  });

  it('makes the code of a secret at the time given', () => {
    expect(completeSecondFactor(recorder, { path: '/2fa', secret, at: 59_000, method: 'totp' }).body).toEqual({
      code: '287082',
      method: 'totp',
    });
  });

  it('posts the token of a login without sessions', () => {
    expect(completeSecondFactor(recorder, { path: '/2fa', code: '123456', challengeToken: 't' }).body).toEqual({
      code: '123456',
      challengeToken: 't',
    });
  });
});
