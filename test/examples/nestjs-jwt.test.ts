import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { totp, wrongTotp } from './codes.js';
import { start, temporaryFolder, type Running } from './example.js';

const readme = readFileSync(resolve(__dirname, '../../examples/nestjs-jwt/README.md'), 'utf8');

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

interface Enrolled {
  readonly secret: string;
  readonly token: string;
  readonly refreshToken: string;
  /** From before. */
  readonly old: string;
}

/** An account with an authenticator app, the code of the present step spent. */
async function enrolled(email: string): Promise<Enrolled> {
  await call('/signup', { json: { email, password: 'correct horse' } });
  const { token, refreshToken: old } = (await logIn(email)).body as { token: string; refreshToken: string };
  const { secret } = (await call('/2fa/totp', { method: 'POST', token })).body as { secret: string };
  const { body } = await call('/2fa/totp/confirm', { token, json: { code: totp(secret) } });
  return { secret, old, ...(body as { token: string; refreshToken: string }) };
}

const refresh = (refreshToken: string): Promise<Answer> => call('/refresh', { json: { refreshToken } });

beforeAll(async () => {
  folder = await temporaryFolder();
  app = await start('nestjs-jwt', { DATABASE: join(folder.path, 'demo.sqlite'), TOKEN_SECRET: 'for the tests' });
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
  function read(line: string, known: { token: string; challenge: string; refresh: string; code: () => string }): Line {
    const [, path = '', options = '', told = ''] = /^curl -s localhost:3000(\S+) (.*?)\s+# (\{.*\})$/.exec(line)!;
    const data = /--json (?:'([^']*)'|"(.*)")/.exec(options);
    const json = data && (data[1] ?? data[2]!.replaceAll('\\"', '"'));
    const filled = json
      ?.replace('$CHALLENGE', known.challenge)
      .replace('$REFRESH', known.refresh)
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
    let known = '';
    let refreshed = false;
    let secret = '';
    for (const line of lines) {
      refreshed ||= line.includes('$REFRESH');
      const {
        path,
        call: asked,
        told,
      } = read(line, { token, challenge, refresh: known, code: () => totp(secret, codes++) });
      const { body } = await call(path, asked);
      expectAsTold(body, told);
      token = (body.token as string | undefined) ?? token;
      challenge = (body.challengeToken as string | undefined) ?? challenge;
      // The second line shows the token that was used, once more.
      if (!refreshed) known = (body.refreshToken as string | undefined) ?? known;
      secret = (body.secret as string | undefined) ?? secret;
    }
  });
});

describe('the API', () => {
  const stepUp = { status: 403, body: { error: { code: 'STEP_UP_REQUIRED' } } };
  const out = { status: 401, body: { error: { code: 'NOT_LOGGED_IN' } } };

  it('issues no token and no cookie for a password where there is a second factor', async () => {
    const { secret } = await enrolled('halted@example.com');
    const { status, headers, body } = await logIn('halted@example.com');
    expect(status).toBe(202);
    expect(body).not.toHaveProperty('token');
    expect(headers.get('set-cookie')).toBeNull();
    const { challengeToken } = body as { challengeToken: string };
    expect((await call('/me', { token: challengeToken })).status).toBe(401);
    const wrong = await call('/login/code', { json: { challengeToken, code: wrongTotp(secret) } });
    expect(wrong).toMatchObject({ status: 401, body: { error: { code: 'INVALID_CODE' } } });
    const right = await call('/login/code', { json: { challengeToken, code: totp(secret, 1) } });
    expect(right.status).toBe(200);
    expect((await call('/vault', { token: right.body.token })).status).toBe(200);
  });

  it('gives a refresh token once, and ends its family when it comes again', async () => {
    const { refreshToken } = await enrolled('reuse@example.com');
    const next = await refresh(refreshToken);
    expect(next.status).toBe(200);
    expect((await call('/vault', { token: next.body.token })).status).toBe(200);
    expect(await refresh(refreshToken)).toMatchObject(out);
    expect(await refresh(next.body.refreshToken)).toMatchObject(out);
  });

  it('lets one of several parallel refreshes through at most', async () => {
    const { refreshToken } = await enrolled('parallel@example.com');
    const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(refreshToken)));
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
  });

  it('ends the logins of before when factors change, and keeps the one that changed them', async () => {
    const { old, refreshToken } = await enrolled('change@example.com');
    expect(await refresh(old)).toMatchObject(out);
    expect((await refresh(refreshToken)).status).toBe(200);
  });

  it('logs out everywhere: no refresh token is good, and no token stands for a second factor', async () => {
    const { token, refreshToken } = await enrolled('everywhere@example.com');
    expect((await call('/logout/everywhere', { method: 'POST', token })).status).toBe(204);
    expect(await refresh(refreshToken)).toMatchObject(out);
    expect(await call('/vault', { token })).toMatchObject(stepUp);
  });

  it('logs out by the refresh token', async () => {
    const { refreshToken } = await enrolled('logout@example.com');
    expect((await call('/logout', { json: { refreshToken } })).status).toBe(204);
    expect(await refresh(refreshToken)).toMatchObject(out);
  });

  it('takes nothing that is no token', async () => {
    for (const refreshToken of ['', 'x.y', '%', 7, null, {}, ['a']])
      expect(await refresh(refreshToken as string)).toMatchObject(out);
    for (const token of ['', 'x', 'a.b.c']) expect((await call('/vault', { token })).status).toBe(401);
  });
});
