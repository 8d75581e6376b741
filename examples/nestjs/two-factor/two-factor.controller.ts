import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import type { RequestAuth } from 'passport-two-factor';
import { Auth } from 'passport-two-factor/nestjs';

/** Enrollment and management. The library checks who is logged in, how long ago, and what the body holds. */
@Controller('2fa')
export class TwoFactorController {
  @Get()
  async overview(@Auth() { twoFactor }: RequestAuth) {
    return { methods: await twoFactor.list(), remainingBackupCodes: await twoFactor.remainingBackupCodes() };
  }

  @Post('totp')
  @HttpCode(200)
  setUpTotp(@Auth() auth: RequestAuth, @Body('label') label?: string) {
    return auth.twoFactor.setup.totp(true, label === undefined ? {} : { label });
  }

  @Post('totp/confirm')
  @HttpCode(200)
  async confirmTotp(@Auth() auth: RequestAuth, @Body('code') code: string) {
    return { backupCodes: await auth.twoFactor.complete.totp(code) };
  }

  /** The account's own address is enabled at once; any other is sent a code to confirm it by. */
  @Post('email')
  @HttpCode(200)
  setUpEmail(@Auth() auth: RequestAuth, @Body('address') address?: string) {
    return auth.twoFactor.setup.email(address);
  }

  @Post('email/confirm')
  @HttpCode(200)
  async confirmEmail(@Auth() auth: RequestAuth, @Body('code') code: string) {
    return { backupCodes: await auth.twoFactor.complete.email(code) };
  }

  /** Another code, for a halted login or a step-up. */
  @Post('email/send')
  @HttpCode(200)
  sendEmail(@Auth() auth: RequestAuth) {
    return auth.twoFactor.challenge.email();
  }

  @Post('backup-codes')
  @HttpCode(200)
  async newBackupCodes(@Auth() auth: RequestAuth) {
    return { backupCodes: await auth.twoFactor.generateNewBackupCodes() };
  }

  @Patch('methods/:id')
  async rename(@Auth() auth: RequestAuth, @Param('id') id: string, @Body('label') label: string) {
    await auth.twoFactor.rename(id, label);
    return this.overview(auth);
  }

  @Delete('methods/:id')
  async remove(@Auth() auth: RequestAuth, @Param('id') id: string) {
    await auth.twoFactor.remove(id);
    return this.overview(auth);
  }
}
