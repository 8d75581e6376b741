import { Controller, Get, UseGuards } from '@nestjs/common';
import { SecondFactor, SecondFactorGuard } from 'passport-two-factor/nestjs';

@Controller('vault')
@UseGuards(SecondFactorGuard)
@SecondFactor({ maxAge: '5m' })
export class VaultController {
  @Get()
  open() {
    return { secret: 'The key is under the mat.' };
  }
}
