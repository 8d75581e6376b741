import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { totp, wrongTotp } from './codes.js';
import { TokenExample } from './token-client.js';

let app: TokenExample;

beforeAll(async () => {
  app = await TokenExample.start('nestjs-jwt');
}, 90_000);

afterAll(() => app.stop());

describe('the README', () => {
  it('is right, line by line', () => app.followReadme());
});

describe('the API', () => {
  const stepUp = { status: 403, body: { error: { code: 'STEP_UP_REQUIRED' } } };
  const out = { status: 401, body: { error: { code: 'NOT_LOGGED_IN' } } };

  it('issues no token and no cookie for a password where there is a second factor', async () => {
    const { secret } = await app.enrolled('halted@example.com');
    const { status, headers, body } = await app.logIn('halted@example.com');
    expect(status).toBe(202);
    expect(body).not.toHaveProperty('token');
    expect(headers.get('set-cookie')).toBeNull();
    const { challengeToken } = body as { challengeToken: string };
    expect((await app.call('/me', { token: challengeToken })).status).toBe(401);
    const wrong = await app.call('/login/code', { json: { challengeToken, code: wrongTotp(secret) } });
    expect(wrong).toMatchObject({ status: 401, body: { error: { code: 'INVALID_CODE' } } });
    const right = await app.call('/login/code', { json: { challengeToken, code: totp(secret, 1) } });
    expect(right.status).toBe(200);
    expect((await app.call('/vault', { token: right.body.token })).status).toBe(200);
  });

  it('gives a refresh token once, and ends its family when it comes again', async () => {
    const { refreshToken } = await app.enrolled('reuse@example.com');
    const next = await app.refresh(refreshToken);
    expect(next.status).toBe(200);
    expect((await app.call('/vault', { token: next.body.token })).status).toBe(200);
    expect(await app.refresh(refreshToken)).toMatchObject(out);
    expect(await app.refresh(next.body.refreshToken)).toMatchObject(out);
  });

  it('lets one of several parallel refreshes through at most', async () => {
    const { refreshToken } = await app.enrolled('parallel@example.com');
    const answers = await Promise.all(Array.from({ length: 8 }, () => app.refresh(refreshToken)));
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
  });

  it('ends the logins of before when factors change, and keeps the one that changed them', async () => {
    const { before, refreshToken } = await app.enrolled('change@example.com');
    expect(await app.refresh(before.refreshToken)).toMatchObject(out);
    expect((await app.refresh(refreshToken)).status).toBe(200);
  });

  it('logs out everywhere: no refresh token is good, and no token stands for a second factor', async () => {
    const { token, refreshToken } = await app.enrolled('everywhere@example.com');
    expect((await app.call('/logout/everywhere', { method: 'POST', token })).status).toBe(204);
    expect(await app.refresh(refreshToken)).toMatchObject(out);
    expect(await app.call('/vault', { token })).toMatchObject(stepUp);
  });

  it('goes on after a step-up as the same login, whose refresh token of before is dead', async () => {
    const { secret, token, refreshToken } = await app.enrolled('renewed@example.com');
    const renewed = await app.call('/step-up', { token, json: { code: totp(secret, 1) } });
    expect(renewed.status).toBe(200);
    const next = await app.refresh(renewed.body.refreshToken);
    expect(next.status).toBe(200);
    // The owner's two are used, and whoever brings one of them again ends the login.
    expect(await app.refresh(refreshToken)).toMatchObject(out);
    expect(await app.refresh(next.body.refreshToken)).toMatchObject(out);
  });

  it('changes nothing and renews nothing by an access token whose login was ended', async () => {
    const { secret, token, refreshToken } = await app.enrolled('ended@example.com');
    expect((await app.call('/logout', { json: { refreshToken } })).status).toBe(204);
    expect(await app.call('/step-up', { token, json: { code: totp(secret, 1) } })).toMatchObject(out);
    expect(await app.call('/2fa/totp', { method: 'POST', token })).toMatchObject(out);
  });

  it('logs out by the refresh token', async () => {
    const { refreshToken } = await app.enrolled('logout@example.com');
    expect((await app.call('/logout', { json: { refreshToken } })).status).toBe(204);
    expect(await app.refresh(refreshToken)).toMatchObject(out);
  });

  it('takes nothing that is no token', async () => {
    for (const refreshToken of ['', 'x.y', '%', 7, null, {}, ['a']])
      expect(await app.refresh(refreshToken)).toMatchObject(out);
    for (const token of ['', 'x', 'a.b.c']) expect((await app.call('/vault', { token })).status).toBe(401);
  });
});
