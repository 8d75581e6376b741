import * as csrfSyncModule from 'csrf-sync';
import type { ErrorRequestHandler } from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import { FormClient } from '../router/form-client.js';
import { blocksIn } from './markdown.js';
import { GuideApp } from './running.js';

describe('docs/csrf.md, run', () => {
  let guide: GuideApp;
  afterEach(() => guide.close());

  it('sets up the guard before the router, which its forms pass and those of other sites do not', async () => {
    guide = await GuideApp.open();
    await guide.run(blocksIn('docs/csrf.md', '# CSRF')[0], {}, { 'csrf-sync': csrfSyncModule });
    const { user, secret } = await guide.withTotp(1);
    guide.app.post('/login', (req, res, next) => {
      (guide.passport.authenticate('local', { secondFactorRedirect: '/2fa' }) as (...args: unknown[]) => void)(
        req,
        res,
        next,
      );
    });
    guide.app.get('/token', (req, res) => {
      res.json({ token: (req as { csrfToken?: () => string }).csrfToken!() });
    });
    const refused: ErrorRequestHandler = (error: { status: number; message: string }, _req, res, _next) => {
      res.status(error.status).json({ refused: error.message });
    };
    guide.app.use(refused);
    const agent = guide.agent();
    const { body } = await agent.get('/token');
    await agent
      .post('/login')
      .set('x-csrf-token', body.token as string)
      .send(user)
      .expect(302)
      .expect('Location', '/2fa');
    await agent
      .post('/2fa/verify')
      .type('form')
      .send({ code: guide.code(secret) })
      .expect(403, { refused: 'invalid csrf token' });
    const page = await new FormClient(agent).open('/2fa');
    await page.submit('/verify', { code: guide.code(secret) });
    expect([page.status, page.location]).toEqual([303, '/']);
  });
});
