import { Inject, Injectable, mixin, type CanActivate, type ExecutionContext, type Type } from '@nestjs/common';
import type { Request, RequestHandler, Response } from 'express';
import { requireSecondFactor, TwoFactorService, type RequireSecondFactorOptions } from 'passport-two-factor';

/** `requireSecondFactor` as a guard: `@UseGuards(SecondFactorGuard({ maxAge: '5m' }))` on a controller or a route. */
export function SecondFactorGuard(options: Omit<RequireSecondFactorOptions, 'service' | 'redirect'> = {}): Type<CanActivate> {
  @Injectable()
  class Guard implements CanActivate {
    private readonly check: RequestHandler;

    constructor(@Inject(TwoFactorService) service: TwoFactorService) {
      this.check = requireSecondFactor({ ...options, service });
    }

    canActivate(context: ExecutionContext): Promise<boolean> {
      const http = context.switchToHttp();
      return new Promise((resolve, reject) => {
        void this.check(http.getRequest<Request>(), http.getResponse<Response>(), (refusal?: unknown) => {
          // To the exception filter, as it is: a bare `false` would be a 403 that does not say what is missing.
          if (refusal instanceof Error) reject(refusal);
          else resolve(true);
        });
      });
    }
  }
  return mixin(Guard);
}
