import { Controller, Get, Post, Req, UseGuards } from '@nestjs/common';
import type { Request } from 'express';
import { UserNotLoggedInError, type RequestAuth } from 'passport-two-factor';
import { Auth, SecondFactor, SecondFactorGuard, SessionLogin } from 'passport-two-factor/nestjs';
import type { TestUser } from '../support/app.js';

export const idOf = (req: Request): { id: number } => {
  if (!req.user) throw new UserNotLoggedInError();
  return { id: (req.user as TestUser).id };
};

/** The routes of an app with sessions. */
@Controller()
export class Sessions {
  @Post('login')
  @UseGuards(SessionLogin('local'))
  logIn(@Req() req: Request) {
    return idOf(req);
  }

  @Post('login/code')
  @UseGuards(SessionLogin('two-factor'))
  enterCode(@Req() req: Request) {
    return idOf(req);
  }

  @Get('me')
  me(@Req() req: Request) {
    return idOf(req);
  }

  @Get('methods')
  methods(@Auth() auth: RequestAuth) {
    return auth.twoFactor.list();
  }
}

/** What a second factor opens; the routes say more than the controller. */
@Controller('vault')
@UseGuards(SecondFactorGuard)
@SecondFactor({ maxAge: '5m' })
export class Vault {
  @Get('fresh')
  fresh() {
    return { open: true };
  }

  @Get('any')
  @SecondFactor({})
  any() {
    return { open: true };
  }

  @Get('totp')
  @SecondFactor({ methods: ['totp'] })
  byApp() {
    return { open: true };
  }

  @Get('passkey')
  @SecondFactor({ phishingResistant: true })
  byPasskey() {
    return { open: true };
  }
}
