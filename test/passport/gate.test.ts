import type { Request } from 'express';
import { Passport } from 'passport';
import { describe, expect, it } from 'vitest';
import { protect, SecondFactorRequiredError, TwoFactorStrategy } from 'passport-two-factor';
import type { InnerStrategy } from '../../lib/passport/run-strategy.js';
import { passportRequest } from '../standing/session.js';
import { outcome, serviceWith, token, type Answers } from './service.js';

const enrolled: Answers = { account: {}, authenticators: [{}] };
const alice = { id: 1 };

/** A strategy whose first factor is right, so many times. */
const right = (times = 1): InnerStrategy => ({
  name: 'local',
  authenticate(this: { success: (user: object) => void }) {
    for (let time = 0; time < times; time += 1) this.success(alice);
  },
});

describe('the gate', () => {
  const login = (answers: Answers, req: object, options: object = {}) => {
    const { service, asked } = serviceWith(answers);
    return { ended: outcome(new TwoFactorStrategy({ service }, right()), req, options), asked };
  };

  it('halts a user with a factor and lets one without it through, an account or not', async () => {
    expect(await login(enrolled, passportRequest().req).ended).toEqual([
      'error',
      expect.any(SecondFactorRequiredError),
    ]);
    expect(await login({}, passportRequest().req).ended).toEqual(['success', alice]);
    expect(await login({ account: {} }, passportRequest().req).ended).toEqual(['success', alice]);
    expect(await login({ ...enrolled, enabled: false }, passportRequest().req).ended).toEqual(['success', alice]);
  });

  it('looks at nothing where the session is missing that should be there', async () => {
    const { ended, asked } = login({}, {});
    expect(await ended).toEqual([
      'error',
      expect.objectContaining({ message: expect.stringMatching(/^There is no req\.session/) as string }),
    ]);
    expect(asked).toEqual([]);
  });

  it('needs none for a login by token, and leaves one alone that is there', async () => {
    expect(await login({}, {}, { session: false }).ended).toEqual(['success', alice]);
    const [ended, error] = await login(enrolled, {}, { session: false }).ended;
    expect(ended).toBe('error');
    expect((error as SecondFactorRequiredError).challengeToken).toBe(token);
    const { req, saved } = passportRequest({ cart: 1 });
    const { logIn, session } = req;
    await login({}, req, { session: false }).ended;
    await login(enrolled, req, { session: false }).ended;
    expect(req.logIn).toBe(logIn);
    expect(req.session).toBe(session);
    expect(saved).toEqual([]);
  });

  it('is passed once by a strategy that succeeds twice', async () => {
    const { service, asked } = serviceWith();
    expect(await outcome(new TwoFactorStrategy({ service }, right(2)), passportRequest().req)).toEqual([
      'success',
      alice,
    ]);
    expect(asked).toEqual([['snapshot']]);
  });

  it('is not there for the linking of an account to a user who is logged in', async () => {
    const linking = (loggedIn: boolean, assignProperty: string) =>
      login(enrolled, Object.assign(passportRequest().req, { isAuthenticated: () => loggedIn }), { assignProperty })
        .ended;
    expect(await linking(true, 'account')).toEqual(['success', alice]);
    expect(await linking(false, 'account')).toMatchObject(['error', { name: 'SecondFactorRequiredError' }]);
    for (const name of ['user', '__proto__', 'constructor', 'session', 'isAuthenticated', '_userProperty']) {
      expect(await linking(true, name)).toMatchObject(['error', { name: 'SecondFactorRequiredError' }]);
    }
    expect(await linking(true, '')).toMatchObject(['error', { name: 'SecondFactorRequiredError' }]);
  });

  it('sends a halted login where protect was told to, or nowhere', async () => {
    for (const [options, ended] of [
      [{ secondFactorRedirect: '/2fa' }, ['redirect', '/2fa']],
      [{}, ['error', expect.any(SecondFactorRequiredError)]],
    ] as const) {
      const passport = new Passport();
      passport.use(right());
      protect(passport, { service: serviceWith(enrolled).service, ...options });
      const { local } = (passport as unknown as { _strategies: Record<string, InnerStrategy> })._strategies;
      expect(await outcome(local!, passportRequest().req as unknown as Request)).toEqual(ended);
    }
  });
});
