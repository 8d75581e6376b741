import { Controller, Get, UseGuards } from '@nestjs/common';
import { SecondFactorGuard } from './two-factor/second-factor.guard.js';

@Controller('vault')
@UseGuards(SecondFactorGuard({ maxAge: '5m' }))
export class VaultController {
  @Get()
  open() {
    return { secret: 'The key is under the mat.' };
  }
}
