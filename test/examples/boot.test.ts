import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Browser } from './browser.js';
import { totp } from './codes.js';
import { runToEnd, start, temporaryFolder, type Running } from './example.js';

describe('starting an example', { timeout: 120_000 }, () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let DATABASE: string;
  let running: Running[];

  beforeEach(async () => {
    folder = await temporaryFolder();
    DATABASE = join(folder.path, 'demo.sqlite');
    running = [];
  });
  afterEach(async () => {
    for (const app of running) await app.stop();
    await folder.remove();
  });

  it('is "npm start", says where to click, and a restart still knows accounts and secrets', async () => {
    const account = { email: 'jane@example.com', password: 'correct horse' };
    const first = await start('npm start', { DATABASE }, ['npm', 'start']);
    running.push(first);
    const client = new Browser(first.url);
    await client.post('/signup', account);
    const { body } = await client.post('/2fa/setup-totp', { verify: false });
    await first.stop();
    expect((await stat(`${DATABASE}.keys`)).mode & 0o077).toBe(0);

    const second = await start('quickstart', { DATABASE });
    running.push(second);
    const returning = new Browser(second.url);
    expect((await returning.post('/login', account)).status).toBe(202);
    expect((await returning.post('/verify-2fa', { code: totp(body.secret) })).body).toEqual({ success: true });
    expect(second.output()).toBe(`Open ${second.url}\n`);
  });

  it('says so when the port is taken or is none', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const port = String((blocker.address() as AddressInfo).port);
    expect(await runToEnd('quickstart', { DATABASE, PORT: port })).toEqual({
      exitCode: 1,
      output: `Port ${port} is taken. Choose another one with PORT=${String(Number(port) + 1)}, or PORT=0 for any.\n`,
    });
    blocker.close();
    expect(await runToEnd('oauth', { PORT: 'http' })).toEqual({
      exitCode: 1,
      output: 'PORT must be a number from 0 (any free port) to 65535; got "http".\n',
    });
  });
});
