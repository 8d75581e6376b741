import { Module } from '@nestjs/common';
import { Mailer } from './mailer.js';
import { OutboxController } from './outbox.controller.js';

@Module({ controllers: [OutboxController], providers: [Mailer], exports: [Mailer] })
export class MailModule {}
