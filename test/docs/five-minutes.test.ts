import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKey } from 'passport-two-factor';
import { decodeBase32 } from '../../lib/core/provisioning.js';
import { defaultTotpParameters, timeStep, totpAt } from '../../lib/core/totp.js';
import { blocksOf, project } from './markdown.js';

const ada = { email: 'ada@example.com', password: 'correct horse' };

let folder: string;
let process_: ChildProcess;
let address: string;
let output = '';

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => { resolve(port); });
    });
  });

/** The app is told by the line that it prints once it listens. */
const started = (): Promise<void> =>
  new Promise((resolve, reject) => {
    const add = (chunk: Buffer): void => {
      output += chunk.toString();
      if (output.includes('http://localhost:')) resolve();
    };
    process_.stdout!.on('data', add);
    process_.stderr!.on('data', add);
    process_.on('exit', (code) => { reject(new Error(`The app ended with ${code}: ${output}`)); });
  });

beforeAll(async () => {
  mkdirSync(join(project, 'test/.artifacts'), { recursive: true });
  // Inside the project, so that the packages resolve; the app's database is made in its working directory.
  folder = mkdtempSync(join(project, 'test/.artifacts/app-'));
  const app = blocksOf('README.md').find(({ language }) => language === 'ts')!;
  writeFileSync(join(folder, 'app.mts'), app.lines.join('\n'));
  const port = await freePort();
  address = `http://127.0.0.1:${port}`;
  process_ = spawn(process.execPath, ['--import', 'tsx', 'app.mts'], {
    cwd: folder,
    env: { ...process.env, PORT: String(port), TWO_FACTOR_KEYS: generateKey('k1') },
  });
  await started();
}, 60_000);

afterAll(() => {
  process_.removeAllListeners('exit');
  process_.kill();
  rmSync(folder, { recursive: true, force: true });
});

describe('the app of five minutes, copied from the README and started', () => {
  it('protects a login: enrols, halts, lets the code through, and guards the vault', async () => {
    const agent = request.agent(address);
    // The app runs by the real clock; the next step's code is good already, by the window of one step.
    const code = (secret: string, steps = 0): string =>
      totpAt(decodeBase32(secret)!, timeStep(Date.now(), 30) + steps, defaultTotpParameters);

    await agent.get('/vault').expect(401);
    await agent.post('/login').send({ ...ada, password: 'wrong' }).expect(401);
    await agent.post('/login').send(ada).expect(200, { loggedIn: ada.email });
    const refused = await agent.get('/vault').expect(403);
    expect(refused.body).toMatchObject({ error: { code: 'ENROLLMENT_REQUIRED' } });
    const { body } = await agent.post('/2fa/setup').expect(200);
    expect(body.qrCode).toMatch(/^data:image\/png;base64,/);
    const confirmed = await agent.post('/2fa/confirm').send({ code: code(body.secret) }).expect(200);
    expect(confirmed.body.backupCodes).toHaveLength(10);
    await agent.get('/vault').expect(200, { secret: `for ${ada.email}` });
    await agent.post('/logout').expect(200);
    await agent.get('/vault').expect(401);

    const halted = await agent.post('/login').send(ada).expect(202);
    expect(halted.body).toEqual({ requiresTwoFactor: true, methods: { totp: true, backupCode: true }, expiresAt: expect.any(Number) });
    await agent.get('/vault').expect(401);
    await agent.post('/2fa').send({ code: code(body.secret, 1) }).expect(200, { loggedIn: ada.email });
    await agent.get('/vault').expect(200, { secret: `for ${ada.email}` });
  });

  it('keeps its data in SQLite, and says nothing but its address', () => {
    expect(readdirSync(folder)).toContain('app.sqlite');
    expect(output.replace(/http:\/\/localhost:\d+\n/, '')).toBe('');
  });
});
