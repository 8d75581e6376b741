import request from 'supertest';
import { currentTotp } from 'passport-two-factor/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppProcess } from './app-process.js';
import { blocksIn } from './markdown.js';

const ada = { email: 'ada@example.com', password: 'correct horse' };

let app: AppProcess;

beforeAll(async () => {
  app = await AppProcess.start(blocksIn('README.md', '## A protected login in five minutes')[0]!);
}, 60_000);

afterAll(() => {
  app.stop();
});

describe('the app of five minutes, copied from the README and started', () => {
  it('protects a login: enrolls, halts, lets the code through, and guards the vault', async () => {
    const agent = request.agent(app.address);
    // The app runs by the real clock; the next step's code is good already, by the window of one step.
    const code = (secret: string, steps = 0): string => currentTotp(secret, Date.now() + steps * 30_000);

    await agent.get('/vault').expect(401);
    await agent
      .post('/login')
      .send({ ...ada, password: 'wrong' })
      .expect(401);
    await agent.post('/login').send(ada).expect(200, { loggedIn: ada.email });
    const refused = await agent.get('/vault').expect(403);
    expect(refused.body).toMatchObject({ error: { code: 'ENROLLMENT_REQUIRED' } });
    const { body } = await agent.post('/2fa/setup').expect(200);
    expect(body.qrCode).toMatch(/^data:image\/png;base64,/);
    const confirmed = await agent
      .post('/2fa/confirm')
      .send({ code: code(body.secret) })
      .expect(200);
    expect(confirmed.body.backupCodes).toHaveLength(10);
    await agent.get('/vault').expect(200, { secret: `for ${ada.email}` });
    await agent.post('/logout').expect(200);
    await agent.get('/vault').expect(401);

    const halted = await agent.post('/login').send(ada).expect(202);
    expect(halted.body).toEqual({
      requiresTwoFactor: true,
      methods: { totp: true, backupCode: true },
      expiresAt: expect.any(Number),
    });
    await agent.get('/vault').expect(401);
    await agent
      .post('/2fa')
      .send({ code: code(body.secret, 1) })
      .expect(200, { loggedIn: ada.email });
    await agent.get('/vault').expect(200, { secret: `for ${ada.email}` });
  });

  it('keeps its data in SQLite, and says nothing but its address', () => {
    expect(app.files()).toContain('app.sqlite');
    expect(app.output.replace(/http:\/\/localhost:\d+\n/, '')).toBe('');
  });
});
