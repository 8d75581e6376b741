import {
  BadRequestException,
  Body,
  Controller,
  Get,
  Header,
  HttpCode,
  Inject,
  Post,
  Req,
  UseGuards,
} from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { Request } from 'express';
import { TwoFactorService, type RequestAuth } from 'passport-two-factor';
import { Auth } from 'passport-two-factor/nestjs';
import { Accounts } from '../../quickstart/accounts.js';
import { AuthService, type Login } from './auth.service.js';
import { RefreshTokens } from './refresh-tokens.js';

const idOf = (req: Request): number => (req.user as unknown as { id: number }).id;
/** `JwtStrategy` has verified what the token says. */
const loginOf = (req: Request): Login => ({
  userId: idOf(req),
  family: String((req.authInfo as { readonly sid?: unknown }).sid),
});

@Controller()
export class AuthController {
  constructor(
    @Inject(Accounts) private readonly accounts: Accounts,
    @Inject(AuthService) private readonly auth: AuthService,
    @Inject(RefreshTokens) private readonly refreshTokens: RefreshTokens,
    @Inject(TwoFactorService) private readonly service: TwoFactorService,
  ) {}

  @Post('signup')
  async signUp(@Body('email') email: unknown, @Body('password') password: unknown) {
    const account = await this.accounts.create(email, password);
    if (typeof account === 'string') throw new BadRequestException(account);
    return { email: account.email };
  }

  @Post('login')
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  logIn(@Body('email') email: unknown, @Body('password') password: unknown) {
    return this.auth.logIn(email, password);
  }

  @Post('login/code')
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  enterCode(@Body('challengeToken') challengeToken: string, @Body('code') code: string) {
    return this.auth.enterCode(challengeToken, code);
  }

  @Post('refresh')
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  refresh(@Body('refreshToken') refreshToken: unknown) {
    return this.auth.refresh(refreshToken);
  }

  @Post('logout')
  @HttpCode(204)
  async logOut(@Body('refreshToken') refreshToken: unknown) {
    await this.refreshTokens.end(refreshToken);
  }

  /** "Log out everywhere": no refresh token is good, and no token that is out stands for a second factor. */
  @Post('logout/everywhere')
  @HttpCode(204)
  @UseGuards(AuthGuard('jwt'))
  async logOutEverywhere(@Req() req: Request) {
    await this.refreshTokens.endAll(idOf(req), Number.MAX_SAFE_INTEGER);
    await this.service.endStandings(String(idOf(req)));
  }

  @Post('2fa/totp')
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  @UseGuards(AuthGuard('jwt'))
  async setUpTotp(@Auth() auth: RequestAuth, @Req() req: Request) {
    await this.auth.checkLive(loginOf(req));
    return auth.twoFactor.setup.totp();
  }

  @Post('2fa/totp/confirm')
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  @UseGuards(AuthGuard('jwt'))
  async confirmTotp(@Auth() auth: RequestAuth, @Req() req: Request, @Body('code') code: string) {
    await this.auth.checkLive(loginOf(req));
    const backupCodes = await auth.twoFactor.complete.totp(code);
    return { backupCodes, ...(await this.auth.beginAnew(loginOf(req), auth.claims)) };
  }

  @Post('step-up')
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  @UseGuards(AuthGuard('jwt'))
  async stepUp(@Auth() auth: RequestAuth, @Req() req: Request, @Body('code') code: string) {
    await this.auth.checkLive(loginOf(req));
    await auth.twoFactor.verify.totp(code);
    return this.auth.renew(loginOf(req), auth.claims);
  }

  @Get('me')
  @UseGuards(AuthGuard('jwt'))
  async me(@Req() req: Request) {
    const account = await this.accounts.find(idOf(req));
    return { email: account?.email ?? null };
  }
}
