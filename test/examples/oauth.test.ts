import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browser } from './browser.js';
import { backupCodesOn, secretOn, totp, wrongTotp } from './codes.js';
import { start, type Running } from './example.js';

// The provider knows one person, so everything that is done to that account is one story.
describe('signing in through OAuth', { timeout: 120_000 }, () => {
  let app: Running;

  beforeAll(async () => {
    app = await start('oauth');
  }, 90_000);
  afterAll(() => app.stop());

  it('asks the provider with state and PKCE, and takes an answer only from the browser that asked', async () => {
    const browser = new Browser(app.url);
    const asked = await browser.request(new URL('/auth/strict', app.url), {});
    const authorize = new URL(asked.headers.get('location')!);
    expect(Object.fromEntries(authorize.searchParams)).toMatchObject({
      response_type: 'code',
      state: expect.stringMatching(/.{8}/),
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
    });
    const answered = await browser.request(authorize, {});
    const callback = answered.headers.get('location')!;
    const victim = new Browser(app.url);
    expect((await victim.open(callback)).text).toContain('Sign in, trusted');
    expect((await victim.open('/members')).path).toBe('/');
  });

  it('skips the second factor where the strategy is exempt, asks for it where it is not, and guards pages in both cases', async () => {
    const browser = new Browser(app.url);
    const first = await browser.open('/auth/strict');
    expect(first.text).toContain('alex@example.com');
    expect(first.text).toContain('Second factor in this session: no');
    expect(first.text).toContain('ENROLLMENT_REQUIRED');
    expect((await browser.open('/members')).path).toBe('/');

    const setup = await browser.submit(first, '/totp');
    const secret = secretOn(setup);
    const codes = backupCodesOn(await browser.submit(setup, '/totp/confirm', { code: totp(secret) }));
    expect(codes).toHaveLength(10);
    expect((await browser.open('/')).text).toContain('Second factor in this session: yes');
    expect((await browser.open('/members')).path).toBe('/members');
    await browser.submit(await browser.open('/'), '/sign-out');

    const exempt = await browser.open('/auth/trusted');
    expect(exempt.text).toContain('Second factor in this session: no');
    expect(exempt.text).toContain('STEP_UP_REQUIRED');
    expect((await browser.submit(exempt, '/totp/remove')).path).toBe('/second-factor');
    const asked = await browser.open('/members');
    expect(asked.path).toBe('/second-factor');
    expect(await browser.submit(asked, '/second-factor', { code: totp(secret, 1) })).toMatchObject({
      path: '/members',
      status: 200,
    });
    expect((await browser.open('/')).text).toContain('Second factor in this session: yes');
    await browser.submit(await browser.open('/'), '/sign-out');

    const halted = await browser.open('/auth/strict');
    expect(halted.path).toBe('/second-factor');
    expect((await browser.open('/')).text).toContain('Sign in, strict');
    const wrong = await browser.submit(halted, '/second-factor', { code: wrongTotp(secret) });
    expect(wrong).toMatchObject({ path: '/second-factor', text: expect.stringContaining('The code is not valid.') });
    const finished = await browser.submit(wrong, '/second-factor', { method: 'backup_code', code: codes[0]! });
    expect(finished).toMatchObject({ path: '/', text: expect.stringContaining('Second factor in this session: yes') });

    const removed = await browser.submit(finished, '/totp/remove');
    expect(removed.text).toContain('ENROLLMENT_REQUIRED');
    await browser.submit(removed, '/sign-out');
    expect((await browser.open('/auth/strict')).path).toBe('/');
  });
});
