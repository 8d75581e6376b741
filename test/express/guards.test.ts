import type { Request, Response } from 'express';
import { describe, expect, it } from 'vitest';
import { requireSecondFactor, type TwoFactorService } from 'passport-two-factor';

const serviceOf = (identify: () => unknown = () => ({ key: 'alice' })) =>
  ({
    setup: {},
    settings: { enabled: true, clock: () => 0 },
    identify,
    snapshot: () => Promise.resolve({ authenticators: [{}], securityEpoch: 1 }),
  }) as unknown as TwoFactorService;

const session = (): object =>
  Object.defineProperties(
    {},
    { id: { value: 'a' }, regenerate: { value: () => undefined }, save: { value: () => undefined } },
  );

/** What the guard does with such a request: the answer's redirect, or what it passes on. */
function ask(
  guard: ReturnType<typeof requireSecondFactor>,
  req: object,
): Promise<{ to?: unknown; error?: unknown; passed?: boolean }> {
  return new Promise((resolve) => {
    const res = {
      redirect: (to: string) => {
        resolve({ to });
      },
    } as Response;
    void guard({ method: 'GET', originalUrl: '/vault', ...req } as Request, res, (error?: unknown) => {
      resolve(error === undefined ? { passed: true } : { error });
    });
  });
}

describe('requireSecondFactor', () => {
  it.each([undefined, null, 0, '', false, 'route', 'router', Symbol('x')])(
    'denies where a function of the app throws %s',
    async (reason) => {
      const failing = serviceOf(() => {
        throw reason as unknown as Error;
      });
      const { error } = await ask(requireSecondFactor({ service: failing }), { user: {}, session: session() });
      expect(error).toBeInstanceOf(Error);
      const redirecting = requireSecondFactor({
        service: serviceOf(),
        redirect: () => {
          throw reason as unknown as Error;
        },
      });
      expect((await ask(redirecting, { user: {}, session: session() })).error).toBeInstanceOf(Error);
    },
  );

  it.each([undefined, null, '', 7, true, {}, Promise.resolve('/2fa')])(
    'denies where redirect answers %s',
    async (target) => {
      const guard = requireSecondFactor({ service: serviceOf(), redirect: () => target as string });
      expect((await ask(guard, { user: {}, session: session() })).error).toMatchObject({
        message: expect.stringMatching(/^requireSecondFactor: redirect must answer/) as string,
      });
    },
  );

  it('sends away, and keeps where the user was going', async () => {
    const own = session();
    expect(
      await ask(requireSecondFactor({ service: serviceOf(), redirect: '/2fa' }), { user: {}, session: own }),
    ).toEqual({ to: '/2fa' });
    expect(own).toMatchObject({ returnTo: '/vault' });
  });

  it.each([
    ['nobody', undefined],
    ['a user', {}],
  ])('says so where it comes before the session, and would redirect %s for ever', async (_who, user) => {
    const { error } = await ask(requireSecondFactor({ service: serviceOf(), redirect: '/login' }), { user });
    expect(error).toMatchObject({
      message: expect.stringMatching(/^There is no req\.session: mount express-session before/) as string,
    });
    expect((await ask(requireSecondFactor({ service: serviceOf() }), { user })).error).toMatchObject({
      code: user ? 'STEP_UP_REQUIRED' : 'NOT_LOGGED_IN',
    });
  });

  it.each([
    [
      { maxage: '5m' },
      /^requireSecondFactor: there is no option "maxage"; there are service, maxAge, redirect, phishingResistant, methods, claims; did you mean "maxAge"\?$/,
    ],
    [{ redirect: 7 }, /^requireSecondFactor: redirect must be a text/],
    [{ maxAge: 'soon' }, /^requireSecondFactor: maxAge must be a duration/],
  ])('refuses %j when it is made', (options, message) => {
    expect(() => requireSecondFactor({ service: serviceOf(), ...options } as never)).toThrow(message);
  });
});
