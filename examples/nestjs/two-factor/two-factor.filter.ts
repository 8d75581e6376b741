import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { secondFactorErrorHandler, TwoFactorError } from 'passport-two-factor';

/** Renders a halted login, and whatever else the library refuses, as JSON. Other exceptions are Nest's. */
@Catch(TwoFactorError)
export class TwoFactorFilter implements ExceptionFilter<TwoFactorError> {
  private readonly render = secondFactorErrorHandler({ status: 202 });

  catch(error: TwoFactorError, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    void this.render(error, http.getRequest<Request>(), http.getResponse<Response>(), http.getNext<NextFunction>());
  }
}
