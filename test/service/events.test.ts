import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  TwoFactorMechanism,
  type TwoFactorEvent,
  type TwoFactorEventName,
  type TwoFactorListener,
} from 'passport-two-factor';
import type { TestApp } from '../support/app.js';
import { databases } from '../support/databases.js';
import { newUser, open, phoneOf, refused, withTotp } from './support.js';

const { TOTP, EMAIL, SMS } = TwoFactorMechanism;
const names: TwoFactorEventName[] = [
  'enrolled',
  'verified',
  'failed',
  'locked',
  'disabled',
  'backupCodeUsed',
  'backupCodesRegenerated',
  'challenged',
];

/** Listeners are called in a later turn. */
const settled = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

describe.each(databases)('the events of a factor, on $name', (database) => {
  let test: TestApp;
  let heard: [TwoFactorEventName, TwoFactorEvent][] = [];
  const added: [TwoFactorEventName, TwoFactorListener][] = [];

  beforeAll(async () => {
    test = await open(database);
    for (const name of names)
      expect(
        test.service.on(name, (event) => {
          heard.push([name, event]);
        }),
      ).toBe(test.service);
  });
  afterAll(() => test.close());
  afterEach(() => {
    for (const [name, listener] of added.splice(0)) test.service.off(name, listener);
  });

  function listen(name: TwoFactorEventName, listener: TwoFactorListener): void {
    test.service.on(name, listener);
    added.push([name, listener]);
  }

  /** What was told while `work` was done. */
  async function during(work: () => Promise<unknown>): Promise<[TwoFactorEventName, TwoFactorEvent][]> {
    await settled();
    heard = [];
    await work();
    await settled();
    return heard;
  }

  it('tell of an enrollment when it is confirmed, not when it is begun', async () => {
    const id = await newUser(test);
    let secret = '';
    expect(
      await during(async () => {
        ({ secret } = await test.service.setup.totp(id));
      }),
    ).toEqual([]);
    expect(await during(() => test.service.complete.totp(id, test.totp(secret)))).toEqual([
      ['enrolled', { userId: id, mechanism: TOTP, method: 'totp', at: test.clock.now }],
    ]);
    expect(await during(() => test.service.setup.email(id))).toEqual([
      ['enrolled', { userId: id, mechanism: EMAIL, method: 'email', at: test.clock.now }],
    ]);
    expect(await during(() => test.service.setup.sms(id, phoneOf(id), false))).toEqual([
      ['enrolled', { userId: id, mechanism: SMS, method: 'sms', at: test.clock.now }],
    ]);
  });

  it('tell of right and wrong codes', async () => {
    const { id, secret } = await withTotp(test);
    const told = { userId: id, mechanism: TOTP, method: 'totp', at: test.clock.now };
    expect(await during(() => test.service.verify.totp(id, test.totp(secret)))).toEqual([['verified', told]]);
    expect(await during(() => refused(test.service.verify.totp(id, test.wrongTotp(secret)), 'INVALID_CODE'))).toEqual([
      ['failed', told],
    ]);
    expect(await during(() => refused(test.service.verify.totp(id, 'x'), 'INVALID_INPUT'))).toEqual([]);
  });

  it('name no method where the code could have been of several', async () => {
    const id = await newUser(test);
    await test.service.setup.email(id);
    await test.service.setup.sms(id, phoneOf(id), false);
    expect(await during(() => refused(test.service.verify.otp(id, '123456'), 'INVALID_CODE'))).toEqual([
      ['failed', { userId: id, at: test.clock.now }],
    ]);
  });

  it('tell of a wait once it begins, and until when', async () => {
    const { id, secret } = await withTotp(test);
    for (let guess = 0; guess < 4; guess += 1)
      await refused(test.service.verify.totp(id, test.wrongTotp(secret)), 'INVALID_CODE');
    const told = { userId: id, mechanism: TOTP, method: 'totp', at: test.clock.now };
    expect(await during(() => refused(test.service.verify.totp(id, test.wrongTotp(secret)), 'INVALID_CODE'))).toEqual([
      ['failed', told],
      ['locked', { ...told, lockedUntil: test.clock.now + 30_000 }],
    ]);
    expect(await during(() => refused(test.service.verify.totp(id, test.totp(secret)), 'TOO_MANY_ATTEMPTS'))).toEqual(
      [],
    );
  });

  it('tell of backup codes and how many are left', async () => {
    const { id, backupCodes } = await withTotp(test);
    const told = { userId: id, at: test.clock.now };
    expect(await during(() => test.service.verify.backupCode(id, backupCodes[0]!))).toEqual([
      ['backupCodeUsed', { ...told, method: 'backup_code', remainingBackupCodes: 1 }],
      ['verified', { ...told, method: 'backup_code' }],
    ]);
    expect(
      await during(() => refused(test.service.verify.backupCode(id, backupCodes[0]!), 'INVALID_BACKUP_CODE')),
    ).toEqual([['failed', { ...told, method: 'backup_code' }]]);
    expect(await during(() => test.service.generateNewBackupCodes(id))).toEqual([
      ['backupCodesRegenerated', { ...told, remainingBackupCodes: 2 }],
    ]);
  });

  it('tell of challenges and of removals', async () => {
    const id = await newUser(test);
    await test.service.setup.email(id);
    const told = { userId: id, mechanism: EMAIL, method: 'email', at: test.clock.now };
    expect(await during(() => test.service.challenge.email(id))).toEqual([['challenged', told]]);
    const user = { id: Number(id), email: `user${id}@example.com`, password: 'correct horse', disabled: 0 };
    expect(await during(() => test.login(test.agent(), user).expect(202))).toEqual([
      ['challenged', { userId: id, at: test.clock.now }],
    ]);
    expect(await during(() => test.service.disable(id, EMAIL))).toEqual([['disabled', told]]);
  });

  it('hold no code, secret or contact', async () => {
    const id = await newUser(test, 'secret.name@example.net');
    const known: string[] = ['secret.name', 'secret.other', '+1555', 'example.net'];
    const told = await during(async () => {
      const { secret } = await test.service.setup.totp(id);
      const codes = await test.service.complete.totp(id, test.totp(secret));
      const { otpValue } = await test.service.setup.email(id, 'secret.other@example.net');
      await test.service.complete.email(id, otpValue!);
      await test.service.setup.sms(id, phoneOf(id), false);
      const sent = await test.service.challenge.sms(id);
      await refused(test.service.verify.backupCode(id, '0000000000000'), 'INVALID_BACKUP_CODE');
      await test.service.verify.backupCode(id, codes[0]!);
      known.push(
        secret,
        ...codes,
        otpValue!,
        sent.otpValue!,
        test.totp(secret),
        ...(await test.service.generateNewBackupCodes(id)),
      );
      await test.service.disable(id, SMS);
    });
    expect(new Set(told.map(([name]) => name))).toEqual(new Set(names.filter((name) => name !== 'locked')));
    const allowed = ['userId', 'mechanism', 'method', 'at', 'remainingBackupCodes', 'lockedUntil'];
    for (const [, event] of told) expect(allowed).toEqual(expect.arrayContaining(Object.keys(event)));
    for (const value of told.flatMap(([, event]) => Object.values(event).map(String)))
      expect(known.filter((secret) => value.includes(secret))).toEqual([]);
  });

  const bad: [string, TwoFactorListener, RegExp][] = [
    [
      'throws',
      () => {
        throw new Error('listener threw');
      },
      /listener threw/,
    ],
    ['rejects', () => Promise.reject(new Error('listener rejected')), /listener rejected/],
    [
      'throws a text',
      () => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- what a listener may do
        throw 'just text';
      },
      /^TwoFactorListenerWarning: just text$/,
    ],
    ['never answers', () => new Promise(() => undefined), /^$/],
  ];

  it.each(bad)(
    'do not break a login whose listener %s: it becomes a process warning',
    async (_name, listener, message) => {
      const warnings: string[] = [];
      const warn = (warning: Error): void => {
        warnings.push(`${warning.name}: ${warning.message}`);
      };
      const unhandled = (): void => {
        warnings.push('unhandled');
      };
      process.on('warning', warn).on('unhandledRejection', unhandled);
      try {
        const { id, secret } = await withTotp(test);
        const told: string[] = [];
        for (const name of names) {
          listen(name, listener);
          listen(name, () => {
            told.push(name);
          });
        }
        const user = { id: Number(id), email: `user${id}@example.com`, password: 'correct horse', disabled: 0 };
        const agent = test.agent();
        await test.login(agent, user).expect(202);
        await agent
          .post('/2fa')
          .send({ code: test.wrongTotp(secret) })
          .expect(401);
        await agent
          .post('/2fa')
          .send({ code: test.totp(secret) })
          .expect(200);
        await agent.get('/me').expect(200);
        await settled();
        await settled();
        // Those that were added after the bad one are told all the same.
        expect(told).toEqual(['challenged', 'failed', 'verified']);
        expect(warnings.filter((warning) => message.test(warning))).toHaveLength(message.test('') ? 0 : 3);
        expect(warnings).not.toContain('unhandled');
      } finally {
        process.off('warning', warn).off('unhandledRejection', unhandled);
      }
    },
  );

  it('are told no longer to a listener that was taken off', async () => {
    const { id, secret } = await withTotp(test);
    let told = 0;
    const listener = (): void => {
      told += 1;
    };
    test.service.on('verified', listener);
    await test.service.verify.totp(id, test.totp(secret));
    await settled();
    expect(test.service.off('verified', listener)).toBe(test.service);
    test.clock.advance('30s');
    await test.service.verify.totp(id, test.totp(secret));
    await settled();
    expect(told).toBe(1);
  });
});
