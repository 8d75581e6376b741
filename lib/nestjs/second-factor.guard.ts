import { Inject, Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { RequestHandler } from 'express';
import { requireSecondFactor, type RequireSecondFactorOptions } from 'passport-two-factor';
import { given, TwoFactorHost } from './host.js';
import { pass, requestOf, type Asked } from './requests.js';

/** What a second factor has to be. */
export type SecondFactorOptions = Pick<RequireSecondFactorOptions, 'maxAge' | 'methods' | 'phishingResistant'>;

const key = 'passport-two-factor:SecondFactor';

/**
 * Says to `SecondFactorGuard` what the second factor has to be, for a route or a controller; the route's own wins.
 *
 * ```ts
 * @UseGuards(SecondFactorGuard)
 * @SecondFactor({ maxAge: '5m' })
 * ```
 */
export const SecondFactor = (options: SecondFactorOptions): MethodDecorator & ClassDecorator =>
  SetMetadata(key, options);

/**
 * Lets through whoever has proved a second factor; see `requireSecondFactor`. Put it after the guard that finds the
 * user: `@UseGuards(AuthGuard('jwt'), SecondFactorGuard)`. Whatever it cannot read, it denies.
 *
 * Errors: UserNotLoggedInError, EnrollmentRequiredError, StepUpRequiredError, TypeError for a wrong option and for
 * a context that is neither HTTP nor GraphQL.
 */
@Injectable()
export class SecondFactorGuard implements CanActivate {
  private readonly guards = new WeakMap<SecondFactorOptions, RequestHandler>();

  /** @internal */
  constructor(
    @Inject(TwoFactorHost) private readonly host: TwoFactorHost,
    @Inject(Reflector) private readonly reflector: Reflector,
  ) {}

  /** Whether the request may go on. */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const wanted =
      this.reflector.getAllAndOverride<SecondFactorOptions | undefined>(key, [
        context.getHandler(),
        context.getClass(),
      ]) ?? none;
    const asked = requestOf(context, 'SecondFactorGuard');
    checkCarrier(this.host, asked);
    return pass(this.guardOf(wanted), asked);
  }

  private guardOf(wanted: SecondFactorOptions): RequestHandler {
    const known = this.guards.get(wanted);
    if (known) return known;
    const { service, settings } = this.host;
    const guard = requireSecondFactor({ ...wanted, service, ...given({ claims: settings.claims }) });
    this.guards.set(wanted, guard);
    return guard;
  }
}

const none: SecondFactorOptions = {};

/** Without a session and without claims, every user would be asked for a step-up for ever. */
function checkCarrier({ settings }: TwoFactorHost, { req }: Asked): void {
  if (settings.claims !== undefined || (req as { session?: unknown }).session) return;
  throw new Error(
    'SecondFactorGuard: the request has neither a session nor claims. With sessions: app.use(session(…)) and ' +
      'app.use(passport.session()) in main.ts; if the store is down, nobody is logged in. With tokens: ' +
      'TwoFactorModule.forRoot({ claims: (req) => the verified payload }).',
  );
}
