import { BadRequestException, Body, Controller, Get, HttpCode, Inject, Post, Req, UseGuards } from '@nestjs/common';
import type { Request } from 'express';
import { UserNotLoggedInError, type RequestAuth } from 'passport-two-factor';
import { Auth, SessionLogin } from 'passport-two-factor/nestjs';
import { Accounts } from '../../quickstart/accounts.js';
import type { Account } from '../../quickstart/database.js';

/** Who is logged in, as clients see it. */
function me({ user }: Request) {
  if (!user) throw new UserNotLoggedInError();
  return { email: (user as Account).email };
}

@Controller()
export class AuthController {
  constructor(@Inject(Accounts) private readonly accounts: Accounts) {}

  @Post('signup')
  async signUp(@Body('email') email: unknown, @Body('password') password: unknown, @Auth() auth: RequestAuth) {
    const account = await this.accounts.create(email, password);
    if (typeof account === 'string') throw new BadRequestException(account);
    await auth.loginAs(account, { via: 'sign-up' });
    return { email: account.email };
  }

  /** The password. Of a user with a second factor it answers the halt: nobody is logged in. */
  @Post('login')
  @HttpCode(200)
  @UseGuards(SessionLogin('local'))
  logIn(@Req() req: Request) {
    return me(req);
  }

  /** The code: finishes a halted login. For a user who is logged in it is a step-up. */
  @Post('login/code')
  @HttpCode(200)
  @UseGuards(SessionLogin('two-factor'))
  enterCode(@Req() req: Request) {
    return me(req);
  }

  @Post('login/password')
  @HttpCode(200)
  async enterPasswordAgain(@Body('password') password: string, @Req() req: Request) {
    await req.auth.reauthenticate(password);
    return me(req);
  }

  @Post('logout')
  @HttpCode(200)
  async logOut(@Auth() auth: RequestAuth) {
    await auth.logout();
    return { email: null };
  }

  @Get('me')
  whoAmI(@Req() req: Request) {
    return me(req);
  }
}
