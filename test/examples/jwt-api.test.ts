import jwt from 'jsonwebtoken';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { totp, wrongTotp } from './codes.js';
import { TokenExample, tokenSecret, type Answer, type Tokens } from './token-client.js';

let app: TokenExample;

beforeAll(async () => {
  app = await TokenExample.start('jwt-api');
}, 90_000);

afterAll(() => app.stop());

describe('the README', () => {
  it('is right, line by line', () => app.followReadme());
});

const stepUp = { status: 403, body: { error: { code: 'STEP_UP_REQUIRED' } } };
const out = { status: 401, body: { error: { code: 'NOT_LOGGED_IN' } } };
const payloadOf = (token: string) => jwt.decode(token) as jwt.JwtPayload;

async function secondFactor(email: string, code: string): Promise<Answer> {
  const { challengeToken } = (await app.logIn(email)).body;
  return app.call('/login/second-factor', { json: { challengeToken, code } });
}

describe('the API', () => {
  it('issues no token and no cookie for a password where there is a second factor', async () => {
    await app.enrolled('halted@example.com');
    const { status, headers, body } = await app.logIn('halted@example.com');
    expect(status).toBe(202);
    expect(body).not.toHaveProperty('token');
    expect(headers.get('set-cookie')).toBeNull();
    expect(headers.get('cache-control')).toBe('no-store');
    expect((await app.call('/me', { token: body.challengeToken as string })).status).toBe(401);
  });

  it('says in the token how the user was authenticated', async () => {
    const { backupCodes, secret, before } = await app.enrolled('amr@example.com');
    expect(jwt.decode(before.token)).toMatchObject({ amr: ['pwd'] });
    expect(jwt.decode((await secondFactor('amr@example.com', totp(secret, 1))).body.token as string)).toMatchObject({
      amr: ['pwd', 'otp', 'mfa'],
    });
    expect(jwt.decode((await secondFactor('amr@example.com', backupCodes[0]!)).body.token as string)).toMatchObject({
      amr: ['pwd', 'backup_code', 'mfa'],
    });
  });

  it('refuses a wrong code, a used challenge, and one that nobody was given', async () => {
    const { secret } = await app.enrolled('wrong@example.com');
    const { challengeToken } = (await app.logIn('wrong@example.com')).body;
    const answer = (code: string, token: unknown = challengeToken) =>
      app.call('/login/second-factor', { json: { challengeToken: token, code } });
    expect(await answer(wrongTotp(secret))).toMatchObject({ status: 401, body: { error: { code: 'INVALID_CODE' } } });
    expect((await answer(totp(secret, 1))).status).toBe(200);
    expect(await answer(totp(secret, 1))).toMatchObject({
      status: 401,
      body: { error: { code: 'CHALLENGE_EXPIRED' } },
    });
    for (const token of ['A'.repeat(43), [challengeToken], null, undefined])
      expect((await answer(totp(secret, 1), token)).status).toBe(401);
  });

  it('keeps a token of a password alone from the vault, and from changing what is enrolled', async () => {
    const { before, token } = await app.enrolled('old@example.com');
    // The login before the second factor has ended with it. What stops one that goes on is the guards of the library.
    const alone = jwt.sign({ ...payloadOf(before.token), sid: payloadOf(token).sid as string }, tokenSecret);
    expect(await app.call('/vault', { token: before.token })).toMatchObject(stepUp);
    for (const [path, method] of [
      ['/vault', 'GET'],
      ['/2fa/totp', 'POST'],
      ['/2fa/totp', 'DELETE'],
    ] as const) {
      expect(await app.call(path, { method, token: alone })).toMatchObject(stepUp);
      if (path !== '/vault') expect(await app.call(path, { method, token: before.token })).toMatchObject(out);
    }
  });

  it("takes neither another user's claims nor another user's login for its own", async () => {
    const [alice, bob] = [await app.enrolled('alice@example.com'), await app.enrolled('bob@example.com')];
    const [hers, his] = [payloadOf(alice.token), payloadOf(bob.token)];
    const claims = jwt.sign({ ...his, two_factor: hers.two_factor as object }, tokenSecret);
    expect(await app.call('/vault', { token: claims })).toMatchObject(stepUp);
    expect(await app.call('/2fa/totp', { method: 'DELETE', token: claims })).toMatchObject(stepUp);
    for (const sid of [hers.sid as unknown, undefined, null, 7]) {
      const login = jwt.sign({ ...his, sid }, tokenSecret);
      expect(await app.call('/2fa/totp', { method: 'DELETE', token: login })).toMatchObject(out);
    }
    expect((await app.refresh(alice.refreshToken)).status).toBe(200);
  });

  it('removes the second factor for a token of both, and asks for the password alone from then on', async () => {
    const { secret } = await app.enrolled('removed@example.com');
    const { token } = (await secondFactor('removed@example.com', totp(secret, 1))).body as { token: string };
    expect((await app.call('/2fa/totp', { method: 'DELETE', token })).status).toBe(200);
    expect(await app.logIn('removed@example.com')).toMatchObject({ status: 200, body: { token: expect.any(String) } });
  });

  it('changes nothing for a token whose login is long ago, nor does a refreshed one', async () => {
    const { refreshToken, token } = await app.enrolled('stale@example.com');
    const refreshed = (await app.refresh(refreshToken)).body as Tokens;
    const [said, again] = [payloadOf(token), payloadOf(refreshed.token)];
    expect(again.two_factor).toEqual(said.two_factor);
    expect(again.auth_time).toBe(said.auth_time);
    const { two_factor: claim } = said as { two_factor: { at: number } };
    for (const at of [claim.at - 301_000, claim.at + 301_000]) {
      const stale = jwt.sign({ ...said, two_factor: { ...claim, at } }, tokenSecret);
      expect((await app.call('/me', { token: stale })).status).toBe(200);
      expect(await app.call('/2fa/totp', { method: 'POST', token: stale })).toMatchObject(stepUp);
    }
  });

  it('takes no token that it has not signed, whatever it says of itself', async () => {
    const claims = { amr: ['pwd', 'otp'], auth_time: Math.floor(Date.now() / 1000) };
    const named = { issuer: 'myapp', audience: 'myapp-api', subject: '1' };
    const tokens = [
      undefined,
      '',
      'x',
      jwt.sign(claims, 'another secret', named),
      jwt.sign(claims, null, { ...named, algorithm: 'none' }),
      jwt.sign(claims, tokenSecret, { ...named, issuer: 'other' }),
      jwt.sign(claims, tokenSecret, { ...named, audience: 'other' }),
      jwt.sign(claims, tokenSecret, { ...named, expiresIn: -1 }),
      jwt.sign(claims, tokenSecret, { ...named, algorithm: 'HS384' }),
    ];
    for (const token of tokens)
      expect(await app.call('/me', { token })).toMatchObject({
        status: 401,
        body: { error: { code: 'NOT_LOGGED_IN' } },
      });
  });

  it('answers a wrong password and a body that is none in JSON', async () => {
    expect(await app.call('/login', { json: { email: 'nobody@example.com', password: 'x' } })).toMatchObject({
      status: 401,
      body: { error: { code: 'INVALID_CREDENTIALS' } },
    });
    expect((await app.call('/login', { method: 'POST' })).status).toBe(400);
    expect((await app.call('/signup', { method: 'POST' })).status).toBe(400);
    expect((await app.call('/login/second-factor', { method: 'POST' })).status).toBe(401);
  });
});

describe('refresh tokens', () => {
  /** What the app's owner does to the database, or time. */
  async function sql(statement: string, ...values: unknown[]): Promise<unknown[]> {
    const db = new DataSource({ type: 'better-sqlite3', database: app.database, timeout: 5000 });
    await db.initialize();
    try {
      return await db.query<unknown[]>(statement, values);
    } finally {
      await db.destroy();
    }
  }

  it('a stolen one that is used ends the login of thief and owner, whoever comes second', async () => {
    const { refreshToken } = await app.enrolled('thief@example.com');
    const thief = await app.refresh(refreshToken);
    expect(thief.status).toBe(200);
    expect(await app.refresh(refreshToken)).toMatchObject(out);
    expect(await app.refresh(thief.body.refreshToken)).toMatchObject(out);
  });

  it('of eight requests at once with one of them exactly one is answered with another', async () => {
    const { refreshToken } = await app.enrolled('parallel@example.com');
    const answers = await Promise.all(Array.from({ length: 8 }, () => app.refresh(refreshToken)));
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    for (const answer of answers) if (answer !== won[0]) expect(answer).toMatchObject(out);
    // The others may have been a thief: the login has ended.
    expect(await app.refresh(won[0]!.body.refreshToken)).toMatchObject(out);
  });

  it('end with a change of factors, save that of the client that made it', async () => {
    const { before, token, refreshToken, secret } = await app.enrolled('change@example.com');
    expect(await app.refresh(before.refreshToken)).toMatchObject(out);
    const other = (await secondFactor('change@example.com', totp(secret, 1))).body as Tokens;
    const { body } = await app.call('/2fa/totp', { method: 'DELETE', token });
    for (const given of [refreshToken, other.refreshToken]) expect(await app.refresh(given)).toMatchObject(out);
    expect((await app.refresh((body as Tokens).refreshToken)).status).toBe(200);
  });

  it('of a removed user bring nothing', async () => {
    const { refreshToken, token } = await app.enrolled('gone@example.com');
    await sql('DELETE FROM users WHERE email = ?', 'gone@example.com');
    expect(await app.refresh(refreshToken)).toMatchObject(out);
    expect(await app.call('/vault', { token })).toMatchObject(out);
  });

  it('of a login thirty days ago bring nothing', async () => {
    const { refreshToken, token } = await app.enrolled('late@example.com');
    await sql('UPDATE refresh_tokens SET expiresAt = ? WHERE userId = ?', Date.now() - 1, payloadOf(token).sub);
    expect(await app.refresh(refreshToken)).toMatchObject(out);
  });

  it('lie in the database as digests alone', async () => {
    const { refreshToken } = await app.enrolled('digest@example.com');
    const rows = JSON.stringify(await sql('SELECT * FROM refresh_tokens'));
    expect(rows).not.toContain(refreshToken.split('.')[1]);
  });

  it('logging out ends one login; an access token that is out goes on until it expires', async () => {
    const { refreshToken, token } = await app.enrolled('logout@example.com');
    expect((await app.call('/logout', { json: { refreshToken } })).status).toBe(204);
    expect(await app.refresh(refreshToken)).toMatchObject(out);
    expect((await app.call('/vault', { token })).status).toBe(200);
  });

  it('logging out everywhere ends all, and no access token that is out stands for a second factor', async () => {
    const { refreshToken, token, secret } = await app.enrolled('everywhere@example.com');
    const other = (await secondFactor('everywhere@example.com', totp(secret, 1))).body as Tokens;
    expect((await app.call('/logout/everywhere', { method: 'POST', token })).status).toBe(204);
    for (const given of [refreshToken, other.refreshToken]) expect(await app.refresh(given)).toMatchObject(out);
    for (const given of [token, other.token]) {
      expect(await app.call('/vault', { token: given })).toMatchObject(stepUp);
      expect(await app.call('/step-up', { token: given, json: { code: totp(secret, 2) } })).toMatchObject(out);
      expect(await app.call('/2fa/totp', { method: 'DELETE', token: given })).toMatchObject(out);
    }
  });

  it('that are none bring nothing', async () => {
    for (const given of ['', '.', 'x.y', '%', 7, null, undefined, {}, ['a']])
      expect(await app.refresh(given)).toMatchObject(out);
  });
});
