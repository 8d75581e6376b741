import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import jwt from 'jsonwebtoken';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { totp, wrongTotp } from './codes.js';
import { start, temporaryFolder, type Running } from './example.js';

const readme = readFileSync(resolve(__dirname, '../../examples/jwt-api/README.md'), 'utf8');

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let app: Running;

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: ReturnType<typeof JSON.parse>;
}

interface Call {
  readonly method?: string;
  readonly token?: string | undefined;
  readonly json?: unknown;
}

async function call(path: string, { method, token, json }: Call = {}): Promise<Answer> {
  const response = await fetch(new URL(path, app.url), {
    method: method ?? (json === undefined ? 'GET' : 'POST'),
    headers: {
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(json !== undefined && { body: JSON.stringify(json) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) };
}

const logIn = (email: string): Promise<Answer> => call('/login', { json: { email, password: 'correct horse' } });

/** An account with an authenticator app, the code of the present step spent. */
async function enrolled(email: string): Promise<{ secret: string; backupCodes: string[]; passwordToken: string }> {
  await call('/signup', { json: { email, password: 'correct horse' } });
  const { token } = (await logIn(email)).body as { token: string };
  const { secret } = (await call('/2fa/totp', { method: 'POST', token })).body as { secret: string };
  const { backupCodes } = (await call('/2fa/totp/confirm', { token, json: { code: totp(secret) } })).body as {
    backupCodes: string[];
  };
  return { secret, backupCodes, passwordToken: token };
}

async function secondFactor(email: string, code: string): Promise<Answer> {
  const { challengeToken } = (await logIn(email)).body;
  return call('/login/second-factor', { json: { challengeToken, code } });
}

beforeAll(async () => {
  folder = await temporaryFolder();
  app = await start('jwt-api', { DATABASE: join(folder.path, 'demo.sqlite'), TOKEN_SECRET: 'for the tests' });
}, 90_000);

afterAll(async () => {
  await app.stop();
  await folder.remove();
});

describe('the README', () => {
  interface Line {
    readonly path: string;
    readonly call: Call;
    readonly told: Record<string, unknown>;
  }

  /** The curl lines, with what the reader has put in for them by then. */
  function read(line: string, known: { token: string; challenge: string; code: () => string }): Line {
    const [, path = '', options = '', told = ''] = /^curl -s localhost:3000(\S+) (.*?)\s+# (\{.*\})$/.exec(line)!;
    const data = /--json (?:'([^']*)'|"(.*)")/.exec(options);
    const json = data && (data[1] ?? data[2]!.replaceAll('\\"', '"'));
    const filled = json
      ?.replace('$CHALLENGE', known.challenge)
      .replace(/"code":"\d{6}"/, () => `"code":"${known.code()}"`);
    return {
      path,
      call: {
        ...(options.includes('-X POST') && { method: 'POST' }),
        ...(options.includes('Bearer $TOKEN') && { token: known.token }),
        ...(filled !== undefined && { json: JSON.parse(filled) as unknown }),
      },
      told: JSON.parse(told) as Record<string, unknown>,
    };
  }

  /** The same keys; and the same values, save those that the README shortens or that change by the day. */
  function expectAsTold(body: unknown, told: unknown): void {
    if (typeof told === 'string' && told.includes('…'))
      expect(body).toEqual(expect.stringMatching(new RegExp(`^${told.slice(0, told.indexOf('…'))}`)));
    else if (typeof told === 'number') expect(body).toEqual(expect.any(Number));
    else if (Array.isArray(told) && told[0] === '…') expect(body).toHaveLength(10);
    else if (typeof told === 'object' && told !== null && !Array.isArray(told)) {
      expect(Object.keys(body as object)).toEqual(Object.keys(told));
      for (const [key, value] of Object.entries(told)) expectAsTold((body as Record<string, unknown>)[key], value);
    } else expect(body).toEqual(told);
  }

  it('is right, line by line', async () => {
    const lines = readme.split('\n').filter((line) => line.startsWith('curl'));
    expect(lines.length).toBeGreaterThan(7);
    let codes = 0;
    let token = '';
    let challenge = '';
    let secret = '';
    for (const line of lines) {
      const { path, call: asked, told } = read(line, { token, challenge, code: () => totp(secret, codes++) });
      const { body } = await call(path, asked);
      expectAsTold(body, told);
      token = (body.token as string | undefined) ?? token;
      challenge = (body.challengeToken as string | undefined) ?? challenge;
      secret = (body.secret as string | undefined) ?? secret;
    }
  });
});

describe('the API', () => {
  it('issues no token and no cookie for a password where there is a second factor', async () => {
    await enrolled('halted@example.com');
    const { status, headers, body } = await logIn('halted@example.com');
    expect(status).toBe(202);
    expect(body).not.toHaveProperty('token');
    expect(headers.get('set-cookie')).toBeNull();
    expect(headers.get('cache-control')).toBe('no-store');
    expect((await call('/me', { token: body.challengeToken as string })).status).toBe(401);
  });

  it('says in the token how the user was authenticated', async () => {
    const { backupCodes, secret, passwordToken } = await enrolled('amr@example.com');
    expect(jwt.decode(passwordToken)).toMatchObject({ amr: ['pwd'] });
    expect(jwt.decode((await secondFactor('amr@example.com', totp(secret, 1))).body.token as string)).toMatchObject({
      amr: ['pwd', 'otp'],
    });
    expect(jwt.decode((await secondFactor('amr@example.com', backupCodes[0]!)).body.token as string)).toMatchObject({
      amr: ['pwd', 'otp'],
    });
  });

  it('refuses a wrong code, a used challenge, and one that nobody was given', async () => {
    const { secret } = await enrolled('wrong@example.com');
    const { challengeToken } = (await logIn('wrong@example.com')).body;
    const answer = (code: string, token: unknown = challengeToken) =>
      call('/login/second-factor', { json: { challengeToken: token, code } });
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
    const { passwordToken } = await enrolled('old@example.com');
    for (const [path, method] of [
      ['/vault', 'GET'],
      ['/2fa/totp', 'POST'],
      ['/2fa/totp', 'DELETE'],
    ] as const) {
      expect(await call(path, { method, token: passwordToken })).toMatchObject({
        status: 403,
        body: { error: { code: 'STEP_UP_REQUIRED' } },
      });
    }
  });

  it('removes the second factor for a token of both, and asks for the password alone from then on', async () => {
    const { secret } = await enrolled('removed@example.com');
    const { token } = (await secondFactor('removed@example.com', totp(secret, 1))).body as { token: string };
    expect((await call('/2fa/totp', { method: 'DELETE', token })).status).toBe(204);
    expect(await logIn('removed@example.com')).toMatchObject({ status: 200, body: { token: expect.any(String) } });
  });

  it('changes nothing for a token whose login is long ago', async () => {
    await call('/signup', { json: { email: 'stale@example.com', password: 'correct horse' } });
    const { sub } = jwt.decode((await logIn('stale@example.com')).body.token as string) as { sub: string };
    const authTime = Math.floor(Date.now() / 1000) - 301;
    const named = { issuer: 'myapp', audience: 'myapp-api', subject: sub };
    const token = jwt.sign({ amr: ['pwd'], auth_time: authTime }, 'for the tests', named);
    expect((await call('/me', { token })).status).toBe(200);
    expect(await call('/2fa/totp', { method: 'POST', token })).toMatchObject({
      status: 403,
      body: { error: { code: 'STEP_UP_REQUIRED' } },
    });
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
      jwt.sign(claims, 'for the tests', { ...named, issuer: 'other' }),
      jwt.sign(claims, 'for the tests', { ...named, audience: 'other' }),
      jwt.sign(claims, 'for the tests', { ...named, expiresIn: -1 }),
      jwt.sign(claims, 'for the tests', { ...named, algorithm: 'HS384' }),
    ];
    for (const token of tokens)
      expect(await call('/me', { token })).toMatchObject({ status: 401, body: { error: { code: 'NOT_LOGGED_IN' } } });
  });

  it('answers a wrong password and a body that is none in JSON', async () => {
    expect(await call('/login', { json: { email: 'nobody@example.com', password: 'x' } })).toMatchObject({
      status: 401,
      body: { error: { code: 'INVALID_CREDENTIALS' } },
    });
    expect((await call('/login', { method: 'POST' })).status).toBe(400);
    expect((await call('/signup', { method: 'POST' })).status).toBe(400);
    expect((await call('/login/second-factor', { method: 'POST' })).status).toBe(401);
  });
});
