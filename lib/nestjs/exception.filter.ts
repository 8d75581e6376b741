import { Catch, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { ErrorRequestHandler, NextFunction, Request, Response } from 'express';
import {
  secondFactorErrorHandler,
  SecondFactorRequiredError,
  TooManyAttemptsError,
  TwoFactorError,
} from 'passport-two-factor';
import { TwoFactorHost } from './host.js';

/**
 * Answers the errors of this package as `secondFactorErrorHandler` does, a halted login among them; GraphQL gets them
 * with `extensions.code` and what else a client has to know. `TwoFactorModule` registers it for the whole app.
 *
 * Nest asks filters that `main.ts` registers before it: an app with one that catches everything registers this one
 * after that, as `app.useGlobalFilters(new CatchEverything(), app.get(TwoFactorExceptionFilter))`.
 */
@Catch(TwoFactorError)
export class TwoFactorExceptionFilter implements ExceptionFilter<TwoFactorError> {
  private readonly answer: ErrorRequestHandler;

  /** @internal */
  constructor(@Inject(TwoFactorHost) { settings }: TwoFactorHost) {
    this.answer = secondFactorErrorHandler(settings.errors);
  }

  /** Answers the error; for GraphQL, returns the one that is told. */
  catch(error: TwoFactorError, host: ArgumentsHost): unknown {
    const type: string = host.getType();
    if (type === 'graphql') return forGraphql(error);
    if (type !== 'http') throw error;
    const http = host.switchToHttp();
    return this.answer(error, http.getRequest<Request>(), http.getResponse<Response>(), http.getNext<NextFunction>());
  }
}

/** The same as a JSON client is told, where a client of GraphQL looks for it. */
function forGraphql(error: TwoFactorError): Error {
  const { code, message } = error;
  if (SecondFactorRequiredError.is(error)) {
    const { methods, expiresAt, challengeToken } = error;
    return told(message, { code, methods, expiresAt, ...(challengeToken !== undefined && { challengeToken }) });
  }
  const retryAfter = error instanceof TooManyAttemptsError ? error.retryAfter : undefined;
  return told(message, { code, ...(retryAfter !== undefined && { retryAfter }) });
}

const told = (message: string, extensions: object): Error => Object.assign(new Error(message), { extensions });
