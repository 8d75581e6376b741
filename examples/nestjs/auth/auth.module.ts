import { Module } from '@nestjs/common';
import { AccountsModule } from '../accounts/accounts.module.js';
import { AuthController } from './auth.controller.js';
import { PasswordStrategy } from './password.strategy.js';
import { SessionSerializer } from './session.serializer.js';

@Module({
  imports: [AccountsModule],
  controllers: [AuthController],
  providers: [PasswordStrategy, SessionSerializer],
})
export class AuthModule {}
