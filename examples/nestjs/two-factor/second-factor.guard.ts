import { Inject, Injectable, mixin, type CanActivate, type ExecutionContext, type Type } from '@nestjs/common';
import type { Request, RequestHandler, Response } from 'express';
import { requireSecondFactor, TwoFactorService, type RequireSecondFactorOptions } from 'passport-two-factor';

/** `requireSecondFactor` as a guard: `@UseGuards(SecondFactorGuard({ maxAge: '5m' }))` on a controller or a route. */
export function SecondFactorGuard(
  options: Omit<RequireSecondFactorOptions, 'service' | 'redirect'> = {},
): Type<CanActivate> {
  @Injectable()
  class Guard implements CanActivate {
    private readonly check: RequestHandler;

    constructor(@Inject(TwoFactorService) service: TwoFactorService) {
      this.check = requireSecondFactor({ ...options, service });
    }

    canActivate(context: ExecutionContext): Promise<boolean> {
      const http = context.switchToHttp();
      return new Promise((resolve, reject) => {
        void this.check(http.getRequest<Request>(), http.getResponse<Response>(), (...refusal: unknown[]) => {
          // `next()` alone lets through; whatever it is called with denies, be it an Error or not. It goes to the exception
          // filter as it is: a bare `false` would be a 403 that does not say what is missing.
          if (refusal.length === 0) resolve(true);
          else if (refusal[0] instanceof Error) reject(refusal[0]);
          else reject(new Error('The second factor could not be checked.', { cause: refusal[0] }));
        });
      });
    }
  }
  return mixin(Guard);
}
