import request from 'supertest';
import { currentTotp } from 'passport-two-factor/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FormClient } from '../router/form-client.js';
import { AppProcess } from './app-process.js';
import { blocksIn } from './markdown.js';

const ada = { email: 'ada@example.com', password: 'correct horse' };
const block = blocksIn('README.md', '## The whole second factor without writing a route')[0]!;

let app: AppProcess;

beforeAll(async () => {
  app = await AppProcess.start(block);
}, 60_000);
afterAll(() => {
  app.stop();
});

describe('the app around the router, copied from the README and started', () => {
  it('has thirty lines, its imports included', () => {
    const lines = block.lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('//'));
    expect(lines).toHaveLength(30);
    expect(Math.max(...lines.map(({ length }) => length)), 'and none that is two').toBeLessThan(150);
  });

  it('reaches its first TOTP login: log in, enroll by the pages, log out, log in by password and code', async () => {
    const agent = request.agent(app.address);
    const page = new FormClient(agent);
    await page.open('/');
    await page.submit('/login', { ...ada, password: 'wrong' });
    expect((await page.follow()).html).toContain('Log in');
    await (await page.submit('/login', ada)).follow();
    expect(page.text).toContain('Two-step login');

    await page.open('/vault');
    expect(page.location).toBe('/2fa/continue');
    await (await page.follow()).follow();
    await page.submit('/add/totp');
    const secret = /data-copy="([A-Z2-7]+)"/.exec(page.html)![1]!;
    await page.submit('/confirm/totp', { code: currentTotp(secret) });
    expect(page.text).toContain('Save your backup codes');
    await page.submit('/saved');
    expect(page.location).toBe('/vault');
    await agent.get('/vault').expect(200, { for: ada.email });

    await (await page.open('/')).submit('/logout');
    await page.open('/');
    await page.submit('/login', ada);
    expect(page.location).toBe('/2fa');
    await agent.get('/vault').expect(302);
    await page.follow();
    expect(page.text).toContain('One more step to log in');
    // The app runs by the real clock; the next step's code is good already, by the window of one step.
    await page.submit('/verify', { code: currentTotp(secret, Date.now() + 30_000) });
    expect([page.status, page.location]).toEqual([303, '/vault']);
    await agent.get('/vault').expect(200, { for: ada.email });
  });

  it('says nothing but its address', () => {
    expect(app.output).toBe('http://localhost:3000\n');
  });
});
