import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { generateKey, twoFactorEntities, TwoFactorService } from 'passport-two-factor';
import { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Browser, type Page } from './browser.js';
import { totp } from './codes.js';
import { start, temporaryFolder, type Running } from './example.js';

const project = resolve(__dirname, '../..');
const folder = join(project, 'examples/existing-app');
const tsx = join(project, 'node_modules/.bin/tsx');
const ada = { email: 'ada@example.com', password: 'correct horse' };
const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

/** Without the two lines that name the files and their times. */
function diff(): string {
  const { stdout } = spawnSync('diff', ['-U1', 'before.ts', 'after.ts'], { cwd: folder, encoding: 'utf8' });
  return stdout.split('\n').slice(2).join('\n');
}

describe('the diff that adds the second factor', () => {
  it('is what the README shows', () => {
    const shown = /```diff\n([\s\S]*?)```/.exec(readFileSync(join(folder, 'README.md'), 'utf8'))![1]!;
    expect(shown).toContain('protect(passport');
    expect(shown).toBe(diff());
  });

  it('changes ten lines at the most', () => {
    const changed = diff()
      .split('\n')
      .filter((line) => /^[+-]/.test(line));
    expect(changed.length).toBeGreaterThan(0);
    expect(changed.length).toBeLessThanOrEqual(10);
  });
});

describe('the app, before and after', () => {
  let place: Awaited<ReturnType<typeof temporaryFolder>>;
  let env: { DATABASE: string; TWO_FACTOR_KEYS: string };
  let running: Running | undefined;

  beforeEach(async () => {
    place = await temporaryFolder();
    env = { DATABASE: join(place.path, 'demo.sqlite'), TWO_FACTOR_KEYS: generateKey('k1') };
  });
  afterEach(async () => {
    await running?.stop();
    await place.remove();
  });

  const boot = async (file: 'before' | 'after'): Promise<Browser> => {
    await running?.stop();
    running = await start(file, env, [tsx, `examples/existing-app/${file}.ts`]);
    return new Browser(running.url);
  };
  const logIn = async (browser: Browser): Promise<Page> => browser.submit(await browser.open('/login'), '/login', ada);

  /** An authenticator app, as a job or an import would enroll it. */
  const enroll = async (): Promise<void> => {
    const db = await new DataSource({
      type: 'better-sqlite3',
      database: env.DATABASE,
      enableWAL: true,
      timeout: 5000,
      entities: twoFactorEntities(),
    }).initialize();
    const users = { id: String, find: (id: string) => id };
    const service = new TwoFactorService({ db, keys: env.TWO_FACTOR_KEYS, users, twoFactor: { issuer: 'MyApp' } });
    await service.importTotp('1', secret);
    await db.destroy();
  };

  it(
    'leaves accounts as they are, halts those with a second factor, and lets them in by their code',
    { timeout: 180_000 },
    async () => {
      const before = await boot('before');
      await before.submit(await before.open('/login'), '/signup', ada);
      expect(await logIn(before)).toMatchObject({ path: '/', text: expect.stringContaining('You are in') });

      let browser = await boot('after');
      expect(await logIn(browser)).toMatchObject({
        path: '/',
        text: expect.stringContaining('<a href="/2fa">Two-step login</a>'),
      });
      expect(await browser.open('/2fa')).toMatchObject({ status: 200, path: '/2fa' });
      await enroll();

      browser = new Browser(running!.url);
      const halted = await logIn(browser);
      expect(halted).toMatchObject({ status: 200, path: '/2fa' });
      expect((await browser.open('/')).path).toBe('/login');
      const finished = await browser.submit(halted, '/2fa/verify', { code: totp(secret) });
      expect(finished).toMatchObject({ status: 200, path: '/', text: expect.stringContaining('You are in') });
    },
  );

  it('sends the wrong password back to the login, with a second factor and without', { timeout: 90_000 }, async () => {
    const browser = await boot('after');
    await browser.submit(await browser.open('/login'), '/signup', ada);
    const wrong = { ...ada, password: 'wrong horse' };
    expect((await browser.submit(await browser.open('/login'), '/login', wrong)).path).toBe('/login');
    await enroll();
    expect((await browser.submit(await browser.open('/login'), '/login', wrong)).path).toBe('/login');
    expect((await browser.open('/')).path).toBe('/login');
  });

  it('says what is missing where there is no key', { timeout: 90_000 }, async () => {
    env.TWO_FACTOR_KEYS = '';
    await expect(boot('after')).rejects.toThrow(/keys .*generateKey/);
  });
});
