import { Controller, Get, UseGuards } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { SecondFactor, SecondFactorGuard } from 'passport-two-factor/nestjs';

@Controller('vault')
@UseGuards(AuthGuard('jwt'), SecondFactorGuard)
@SecondFactor({ maxAge: '15m' })
export class VaultController {
  @Get()
  open() {
    return { secret: 'The key is under the mat.' };
  }
}
