import { describe, expect, it } from 'vitest';
import { generateKey } from 'passport-two-factor';
import { Keyring } from '../../lib/core/keyring.js';
import { deliveredMethods, enrollableMethods, mechanismOf, twoFactorMethods } from '../../lib/core/methods.js';
import { SealedDataError } from '../../lib/errors.js';
import { Factors } from '../../lib/factors/index.js';
import { currentTotp } from '../../lib/testing/current-totp.js';
import { openApiDocument } from '../../lib/router/api/openapi.js';
import { en } from '../../lib/router/messages/en.js';
import type { Settings } from '../../lib/settings.js';
import type { TwoFactorAuthenticator } from '../../lib/store/rows.js';

const now = Date.UTC(2026, 0, 1);
const settings = { clock: () => now, totpWindow: 1, codeLength: 6, tokenExpiry: 300_000, deliver: {} };
const open = (keys = generateKey('k1')) => new Factors(new Keyring(keys), settings as unknown as Settings);
const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
const draft = {
  label: 'app',
  value: Buffer.from('Hello!\xde\xad\xbe\xefHello!\xde\xad\xbe\xef', 'latin1').toString('base64'),
};
const row = (factors: Factors, method: (typeof enrollableMethods)[number], value: string): TwoFactorAuthenticator =>
  ({
    id: 'row',
    userId: 'alice',
    mechanism: mechanismOf(method),
    label: 'one',
    confirmedStep: 0,
    sealed: factors.named(method).seal({ userId: 'alice', rowId: 'row' }, { label: 'one', value }),
  }) as TwoFactorAuthenticator;

describe('the table of methods', () => {
  it('has a factor, texts and an operation for each method', () => {
    const factors = open();
    expect(enrollableMethods.map((method) => factors.named(method).method)).toEqual(enrollableMethods);
    expect(factors.delivered.map(({ method }) => method)).toEqual(deliveredMethods);
    const { paths } = openApiDocument('/') as { paths: object };
    for (const method of enrollableMethods) {
      expect(factors.of({ mechanism: mechanismOf(method) })).toBe(factors.named(method));
      expect(Object.keys(paths)).toContain(`/enroll/${method}`);
      expect(Object.keys(en)).toEqual(
        expect.arrayContaining([`method.${method}`, `add.${method}`, `choose.${method}`, `code.from.${method}`]),
      );
    }
    for (const method of deliveredMethods)
      expect(Object.keys(en)).toEqual(expect.arrayContaining([`contact.title.${method}`, `contact.label.${method}`]));
  });

  it('gives no two methods one number, key or reference', () => {
    const traits = Object.values(twoFactorMethods);
    const lists: unknown[][] = [
      traits.map(({ key }) => key),
      traits.map(({ amr }) => amr),
      enrollableMethods.map(mechanismOf),
    ];
    for (const list of lists) expect(new Set(list).size).toBe(list.length);
  });

  it('knows no factor of a row that a later version has written', () => {
    expect(() => open().of({ mechanism: 5 })).toThrow('There is no method of the mechanism 5.');
    expect(() => open().sentOf({ mechanism: 0 })).toThrow('There is no method of the mechanism 0.');
  });
});

describe('a factor', () => {
  const question = { id: 'challenge', purpose: 'login', userId: 'alice', codes: '{}' } as const;

  it('of an app takes its code once, and nothing that is no code', async () => {
    const factors = open();
    const app = row(factors, 'totp', draft.value);
    const code = currentTotp(secret, now);
    const proof = await factors.totp.match(app, { question: undefined, spentStep: 0, lastUsed: '{}' }, code);
    expect(proof).toEqual({ step: Math.floor(now / 30_000) });
    expect(
      await factors.totp.match(app, { question: undefined, spentStep: proof!.step!, lastUsed: '{}' }, code),
    ).toBeUndefined();
    for (const response of [undefined, null, 123456, {}, [code], { toString: () => code }, `${code} `, '']) {
      expect(factors.totp.accepts(response)).toBe(false);
      expect(
        await factors.totp.match(app, { question: undefined, spentStep: 0, lastUsed: '{}' }, response),
      ).toBeUndefined();
    }
  });

  it('that is sent a code takes it for that question, that user, and that contact alone', async () => {
    const factors = open();
    const [email, sms] = [factors.sent('email'), factors.sent('sms')];
    const contact = row(factors, 'email', 'a@example.com');
    const { code, live } = email.issue(question, 'row');
    const codes = JSON.stringify({ email: live });
    const asked = { ...question, codes };
    expect(await email.match(contact, { question: asked, spentStep: 0, lastUsed: '{}' }, code)).toEqual({});
    for (const other of [
      undefined,
      { ...asked, id: 'other' },
      { ...asked, purpose: 'step-up' as const },
      { ...asked, userId: 'eve' },
      { ...asked, codes: '{}' },
      { ...asked, codes: JSON.stringify({ email: { ...live, authenticator: 'other' } }) },
      { ...asked, codes: JSON.stringify({ email: { ...live, expiresAt: now } }) },
      { ...asked, codes: JSON.stringify({ sms: live }) },
    ])
      expect(await email.match(contact, { question: other, spentStep: 0, lastUsed: '{}' }, code)).toBeUndefined();
    const number = row(factors, 'sms', '+15551234567');
    const asSms = { ...asked, codes: JSON.stringify({ sms: live }) };
    expect(await sms.match(number, { question: asSms, spentStep: 0, lastUsed: '{}' }, code)).toBeUndefined();
  });

  it('that cannot be read rejects: it is never a wrong code, and never a right one', async () => {
    const app = row(open(), 'totp', draft.value);
    const match = open().totp.match(
      app,
      { question: undefined, spentStep: 0, lastUsed: '{}' },
      currentTotp(secret, now),
    );
    await expect(match).rejects.toThrow(SealedDataError);
  });

  it('is sealed with the first key when it was used under an older one', () => {
    const [old, current] = [generateKey('old'), generateKey('new')];
    for (const [method, value] of [
      ['totp', draft.value],
      ['email', 'a@example.com'],
    ] as const) {
      const before = row(open(old), method, value);
      const rotated = open(`${current},${old}`);
      const columns = rotated.named(method).resealed(before)!;
      expect(rotated.named(method).resealed({ ...before, ...columns })).toBeUndefined();
      expect(
        open(current)
          .named(method)
          .resealed({ ...before, ...columns }),
      ).toBeUndefined();
    }
  });
});
