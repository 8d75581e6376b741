import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { RequestHandler } from 'express';
import { requireEnrollment } from 'passport-two-factor';
import { given, TwoFactorHost } from './host.js';
import { pass, requestOf } from './requests.js';

/**
 * Denies whoever must have a second factor by now (`twoFactor.enforce`) and has none; see `requireEnrollment`. Others
 * pass, those too who are not logged in.
 *
 * Errors: EnrollmentRequiredError, TypeError for a context that is neither HTTP nor GraphQL.
 */
@Injectable()
export class EnrollmentGuard implements CanActivate {
  private readonly guard: RequestHandler;

  /** @internal */
  constructor(@Inject(TwoFactorHost) { service, settings }: TwoFactorHost) {
    this.guard = requireEnrollment({ service, ...given({ claims: settings.claims }) });
  }

  /** Whether the request may go on. */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    return pass(this.guard, requestOf(context, 'EnrollmentGuard'));
  }
}
