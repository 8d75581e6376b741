import jwt from 'jsonwebtoken';
import type request from 'supertest';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JwtApi, password, type Enrolled } from './jwt-api-client.js';
import type { Tokens } from './token-client.js';

let api: JwtApi;
beforeEach(async () => {
  api = await JwtApi.open();
});
afterEach(() => api.close());

const payloadOf = (token: string) => jwt.decode(token) as jwt.JwtPayload;
const codeOf = async (call: request.Test): Promise<unknown> => (await call).body.error?.code;

/** Neither another token nor a change is to be had by the tokens of a login that has ended. */
async function expectEnded({ token, refreshToken }: Tokens, { secret }: Enrolled): Promise<void> {
  await api.refresh(refreshToken).expect(401);
  await api.post('/step-up', { code: api.code(secret) }, token).expect(401);
  await api.post('/2fa/totp', {}, token).expect(401);
  await api.post('/password', { password, newPassword: 'staple battery' }, token).expect(401);
}

describe('a thief with a copy of a refresh token', () => {
  it('who is first is found out by the owner, who is second: both are out', async () => {
    const user = await api.enrolled();
    const stolen = (await api.refresh(user.tokens.refreshToken).expect(200)).body as Tokens;
    await api.refresh(user.tokens.refreshToken).expect(401);
    await expectEnded(stolen, user);
    await expectEnded(user.tokens, user);
  });

  it('who is second ends the login of the owner, and has nothing', async () => {
    const user = await api.enrolled();
    const next = (await api.refresh(user.tokens.refreshToken).expect(200)).body as Tokens;
    await api.refresh(user.tokens.refreshToken).expect(401);
    await expectEnded(next, user);
  });

  it('ends no other login of the owner', async () => {
    const user = await api.enrolled();
    const other = await api.logIn(user);
    await api.refresh(user.tokens.refreshToken).expect(200);
    await api.refresh(user.tokens.refreshToken).expect(401);
    await api.refresh(other.refreshToken).expect(200);
  });

  it('has nothing of one from before a step-up, and is found out by it', async () => {
    const user = await api.enrolled();
    const next = await api.stepUp(user.tokens.token, user.secret);
    await api.refresh(user.tokens.refreshToken).expect(401);
    await expectEnded(next, user);
  });

  it('has nothing of one from before a step-up either once the owner has logged out', async () => {
    const user = await api.enrolled();
    const { refreshToken } = await api.stepUp(user.tokens.token, user.secret);
    await api.post('/logout', { refreshToken }).expect(204);
    await expectEnded(user.tokens, user);
  });

  it('gets no younger proof of anything by refreshing', async () => {
    const { tokens, secret } = await api.enrolled();
    const said = payloadOf(tokens.token);
    let { refreshToken, token } = tokens;
    for (let times = 0; times < 3; times += 1) {
      api.clock.advance('9m');
      ({ refreshToken, token } = (await api.refresh(refreshToken).expect(200)).body as Tokens);
      const { iat, exp, ...again } = payloadOf(token);
      expect({ ...again, iat: said.iat, exp: said.exp }).toEqual(said);
      expect(exp! - iat!).toBe(600);
    }
    expect(await codeOf(api.post('/2fa/totp', {}, token))).toBe('STEP_UP_REQUIRED');
    await api.get('/vault', token).expect(200);
    // The owner, who has the code, goes on.
    const stepped = await api.stepUp(token, secret);
    expect(payloadOf(stepped.token).auth_time).toBeGreaterThan(said.auth_time as number);
    // Nothing but the name, which is taken, is against another app now.
    expect(await codeOf(api.post('/2fa/totp', {}, stepped.token))).toBe('ALREADY_ENABLED');
    // What the step-up has proved is what the next access token says.
    const next = (await api.refresh(stepped.refreshToken).expect(200)).body as Tokens;
    expect(payloadOf(next.token).two_factor).toEqual(payloadOf(stepped.token).two_factor);
  });

  it('is out after thirty days, however often it was refreshed, and by a step-up too', async () => {
    const user = await api.enrolled();
    let { tokens } = user;
    for (let days = 0; days < 29; days += 1) {
      api.clock.advance('1d');
      tokens = (await api.refresh(tokens.refreshToken).expect(200)).body as Tokens;
    }
    tokens = await api.stepUp(tokens.token, user.secret);
    tokens = (await api.refresh(tokens.refreshToken).expect(200)).body as Tokens;
    api.clock.advance('1d');
    await expectEnded(tokens, user);
  });
});

describe('an access token', () => {
  it('is good for ten minutes', async () => {
    const { tokens } = await api.enrolled();
    // Enrolling has taken half a minute.
    api.clock.advance('569s');
    await api.get('/me', tokens.token).expect(200);
    api.clock.advance('1s');
    await api.get('/me', tokens.token).expect(401);
  });

  it('of a login that was logged out serves plain routes and the vault until then, and changes nothing', async () => {
    const user = await api.enrolled();
    const { token, refreshToken } = user.tokens;
    await api.post('/logout', { refreshToken }).expect(204);
    await api.get('/vault', token).expect(200);
    await expectEnded(user.tokens, user);
    api.clock.advance('10m');
    await api.get('/vault', token).expect(401);
  });

  it('of a user who was removed is worth nothing to guards, and its refresh token nothing at all', async () => {
    const user = await api.enrolled();
    await api.db.query('DELETE FROM users WHERE email = ?', [user.email]);
    expect(await codeOf(api.get('/vault', user.tokens.token))).toBe('NOT_LOGGED_IN');
    await api.post('/step-up', { code: api.code(user.secret) }, user.tokens.token).expect(401);
    await api.refresh(user.tokens.refreshToken).expect(401);
  });
});

describe('log out everywhere', () => {
  it('ends all logins, and the second factor of all tokens that are out', async () => {
    const user = await api.enrolled();
    const other = await api.logIn(user);
    await api.post('/logout/everywhere', {}, user.tokens.token).expect(204);
    for (const tokens of [user.tokens, other]) {
      expect(await codeOf(api.get('/vault', tokens.token))).toBe('STEP_UP_REQUIRED');
      // What asks for no second factor still serves it.
      await api.get('/me', tokens.token).expect(200);
      await expectEnded(tokens, user);
    }
    await api.get('/vault', (await api.logIn(user)).token).expect(200);
  });

  it('ends no login of another user', async () => {
    const [ada, bob] = [await api.enrolled(), await api.enrolled('bob@example.com')];
    await api.post('/logout/everywhere', {}, ada.tokens.token).expect(204);
    await api.get('/vault', bob.tokens.token).expect(200);
    await api.refresh(bob.tokens.refreshToken).expect(200);
  });
});

describe('another password', () => {
  it('ends all logins, as log out everywhere does; the old one logs nobody in', async () => {
    const user = await api.enrolled();
    const other = await api.logIn(user);
    const newPassword = 'staple battery';
    await api.post('/password', { password, newPassword }, user.tokens.token).expect(204);
    for (const tokens of [user.tokens, other]) {
      expect(await codeOf(api.get('/vault', tokens.token))).toBe('STEP_UP_REQUIRED');
      await expectEnded(tokens, user);
    }
    await api.post('/login', { email: user.email, password }).expect(401);
    await api.post('/login', { email: user.email, password: newPassword }).expect(202);
  });

  it('is not to be had without the present one, and a bad one ends nothing', async () => {
    const { tokens } = await api.enrolled();
    for (const wrong of ['wrong', '', undefined, 7]) {
      const { status } = await api.post('/password', { password: wrong, newPassword: 'staple battery' }, tokens.token);
      expect([400, 401]).toContain(status);
    }
    await api.post('/password', { password, newPassword: 'short' }, tokens.token).expect(400);
    await api.get('/vault', tokens.token).expect(200);
    await api.refresh(tokens.refreshToken).expect(200);
  });
});

describe('a change of factors', () => {
  it('ends the other logins, and the client that made it goes on', async () => {
    const user = await api.enrolled();
    const other = await api.logIn(user);
    await expectEnded(user.before, user);
    const removed = (await api.delete('/2fa/totp', other.token).expect(200)).body as Tokens;
    await expectEnded(user.tokens, user);
    await expectEnded(other, user);
    await api.refresh(removed.refreshToken).expect(200);
  });
});
