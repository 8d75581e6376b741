import { Controller, Get, Inject } from '@nestjs/common';
import { Mailer } from './mailer.js';

/** Development only: it shows everybody's codes to anybody. */
@Controller('outbox')
export class OutboxController {
  constructor(@Inject(Mailer) private readonly mailer: Mailer) {}

  @Get()
  messages() {
    return this.mailer.sent;
  }
}
