import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import type { RequestAuth } from 'passport-two-factor';

/** `req.auth`, for a parameter of a route. */
export const Auth = createParamDecorator(
  (_: unknown, context: ExecutionContext): RequestAuth => context.switchToHttp().getRequest<Request>().auth,
);
