import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'vitest';
import { totp } from './codes.js';
import { start, temporaryFolder, type Running } from './example.js';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: ReturnType<typeof JSON.parse>;
}

export interface Call {
  readonly method?: string;
  readonly token?: string | undefined;
  readonly json?: unknown;
}

export interface Tokens {
  readonly token: string;
  readonly refreshToken: string;
}

/** Signs the tokens of the example while a test runs. */
export const tokenSecret = 'for the tests';

/** An example whose clients hold tokens, as its README tells them to call it. */
export class TokenExample {
  private constructor(
    private readonly name: string,
    private readonly app: Running,
    readonly database: string,
    private readonly removeFolder: () => Promise<void>,
  ) {}

  static async start(name: string): Promise<TokenExample> {
    const folder = await temporaryFolder();
    const database = join(folder.path, 'demo.sqlite');
    const app = await start(name, { DATABASE: database, TOKEN_SECRET: tokenSecret });
    return new TokenExample(name, app, database, folder.remove);
  }

  async stop(): Promise<void> {
    await this.app.stop();
    await this.removeFolder();
  }

  async call(path: string, { method, token, json }: Call = {}): Promise<Answer> {
    const response = await fetch(new URL(path, this.app.url), {
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

  logIn(email: string): Promise<Answer> {
    return this.call('/login', { json: { email, password: 'correct horse' } });
  }

  refresh(refreshToken: unknown): Promise<Answer> {
    return this.call('/refresh', { json: { refreshToken } });
  }

  /** An account with an authenticator app, the code of the present step spent; `before` is from its first login. */
  async enrolled(
    email: string,
  ): Promise<Tokens & { readonly secret: string; readonly backupCodes: string[]; readonly before: Tokens }> {
    await this.call('/signup', { json: { email, password: 'correct horse' } });
    const before = (await this.logIn(email)).body as Tokens;
    const { token } = before;
    const { secret } = (await this.call('/2fa/totp', { method: 'POST', token })).body as { secret: string };
    const { body } = await this.call('/2fa/totp/confirm', { token, json: { code: totp(secret) } });
    return { secret, before, ...(body as Tokens & { backupCodes: string[] }) };
  }

  /** Tries the curl lines of the README, in their order, and compares what they answer with what it says. */
  async followReadme(): Promise<void> {
    const readme = readFileSync(resolve(__dirname, `../../examples/${this.name}/README.md`), 'utf8');
    const lines = readme.split('\n').filter((line) => line.startsWith('curl'));
    expect(lines.length).toBeGreaterThan(7);
    let codes = 0;
    let known = { token: '', challenge: '', refresh: '', secret: '' };
    let isRefreshed = false;
    for (const line of lines) {
      isRefreshed ||= line.includes('$REFRESH');
      const { path, call, told } = readLine(line, { ...known, code: () => totp(known.secret, codes++) });
      const { body } = await this.call(path, call);
      expectAsTold(body, told);
      const { token, challengeToken, refreshToken, secret } = body as Record<string, string | undefined>;
      known = {
        token: token ?? known.token,
        challenge: challengeToken ?? known.challenge,
        // The reader keeps the one that was used, which is shown once more.
        refresh: (isRefreshed ? undefined : refreshToken) ?? known.refresh,
        secret: secret ?? known.secret,
      };
    }
  }
}

interface Known {
  readonly token: string;
  readonly challenge: string;
  readonly refresh: string;
  readonly code: () => string;
}

/** A curl line, with what the reader has put in for the variables by then. */
function readLine(line: string, known: Known): { path: string; call: Call; told: Record<string, unknown> } {
  const [, path = '', options = '', told = ''] = /^curl -s localhost:3000(\S+) (.*?)\s+# (\{.*\})$/.exec(line)!;
  const data = /--json (?:'([^']*)'|"(.*)")/.exec(options);
  const json = data && (data[1] ?? data[2]!.replaceAll('\\"', '"'));
  const filled = json
    ?.replace('$CHALLENGE', known.challenge)
    .replace('$REFRESH', known.refresh)
    .replace(/"code":"\d{6}"/, () => `"code":"${known.code()}"`);
  const call = {
    ...(options.includes('-X POST') && { method: 'POST' }),
    ...(options.includes('Bearer $TOKEN') && { token: known.token }),
    ...(filled !== undefined && { json: JSON.parse(filled) as unknown }),
  };
  return { path, call, told: JSON.parse(told) as Record<string, unknown> };
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
