import 'reflect-metadata';
import type { ExecutionContext } from '@nestjs/common';
import type { RequestHandler } from 'express';
import { describe, expect, it } from 'vitest';
import { EnrollmentRequiredError, TwoFactorService } from 'passport-two-factor';
import { SecondFactorGuard } from '../../examples/nestjs/two-factor/second-factor.guard.js';

const context = {
  switchToHttp: () => ({ getRequest: () => ({}), getResponse: () => ({}) }),
} as unknown as ExecutionContext;
const service = Object.create(TwoFactorService.prototype) as TwoFactorService;

/** The guard of the example, with what `requireSecondFactor` answers put in its place. */
async function asked(answer: (next: (...refusal: unknown[]) => void) => void): Promise<boolean> {
  const guard = new (SecondFactorGuard())(service);
  const check: RequestHandler = (_req, _res, next) => {
    answer(next);
  };
  Object.assign(guard, { check });
  return (await guard.canActivate(context)) as boolean;
}

describe('the guard of the Nest example', () => {
  it('lets through what the library lets through', async () => {
    await expect(
      asked((next) => {
        next();
      }),
    ).resolves.toBe(true);
  });

  it('passes a refusal on as it is', async () => {
    await expect(
      asked((next) => {
        next(new EnrollmentRequiredError());
      }),
    ).rejects.toBeInstanceOf(EnrollmentRequiredError);
  });

  it.each([undefined, null, 0, '', false, 'route', 'router', { code: 'STEP_UP_REQUIRED' }])(
    'denies by a refusal that is no Error: %j',
    async (refusal) => {
      await expect(
        asked((next) => {
          next(refusal);
        }),
      ).rejects.toBeInstanceOf(Error);
    },
  );
});
