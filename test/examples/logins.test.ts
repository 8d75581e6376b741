import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKey } from 'passport-two-factor';
import { start, temporaryFolder, type Running } from './example.js';

const project = resolve(__dirname, '../..');
const tsx = join(project, 'node_modules/.bin/tsx');
const ada = { email: 'ada@example.com', password: 'correct horse' };

/** The login of each example with forms: what another site and a stranger can make of it. */
describe.each([
  ['existing-app/before.ts', '/login', '/signup'],
  ['existing-app/after.ts', '/login', '/signup'],
  ['router/main.ts', '/login', '/signup'],
  ['quickstart/main.ts', '/sign-in', '/sign-up'],
])('examples/%s', (file, login, signUp) => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let app: Running;
  const post = (path: string, body: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(new URL(path, app.url), { method: 'POST', headers, body: new URLSearchParams(body), redirect: 'manual' });

  beforeAll(async () => {
    folder = await temporaryFolder();
    app = await start(
      file,
      {
        DATABASE: join(folder.path, 'demo.sqlite'),
        TWO_FACTOR_KEYS: generateKey('k1'),
        NODE_OPTIONS: `--require ${join(__dirname, 'counted-hashes.cjs')}`,
      },
      [tsx, `examples/${file}`],
    );
    await post(signUp, ada);
  }, 90_000);
  afterAll(async () => {
    await app.stop();
    await folder.remove();
  });

  it.each([
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
    { 'Sec-Fetch-Site': 'cross-site', Origin: 'null' },
    { Origin: 'https://evil.example' },
    { Origin: 'null' },
    { Origin: 'http://evil.localhost:1' },
  ])('logs nobody in whom another site sends: %j', async (headers) => {
    const answer = await post(login, ada, headers);
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([403, null]);
  });

  it('logs in by its own form, which old browsers and new ones send', async () => {
    for (const headers of [{ 'Sec-Fetch-Site': 'same-origin', Origin: app.url }, { Origin: app.url }, {}]) {
      const answer = await post(login, ada, headers);
      expect([answer.status, answer.headers.get('location')]).toEqual([302, expect.not.stringContaining(login)]);
    }
  });

  it('hashes as much for an address that nobody has as for a wrong password', async () => {
    const hashed = (): number => app.output().split('a password was hashed').length;
    const costOf = async (credentials: Record<string, string>): Promise<number> => {
      const before = hashed();
      await post(login, credentials);
      return hashed() - before;
    };
    expect(await costOf({ ...ada, password: 'wrong horse' })).toBe(1);
    expect(await costOf({ ...ada, email: 'nobody@example.com' })).toBe(1);
  });
});
