import { Inject, Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import {
  InvalidCredentialsError,
  TwoFactorService,
  UserNotLoggedInError,
  type TwoFactorClaims,
} from 'passport-two-factor';
import { Accounts } from '../../quickstart/accounts.js';
import type { Account } from '../../quickstart/database.js';
import { RefreshTokens } from './refresh-tokens.js';

/** What a client gets. */
export interface Tokens {
  readonly token: string;
  readonly refreshToken: string;
}

@Injectable()
export class AuthService {
  constructor(
    @Inject(Accounts) private readonly accounts: Accounts,
    @Inject(TwoFactorService) private readonly service: TwoFactorService,
    @Inject(RefreshTokens) private readonly refreshTokens: RefreshTokens,
    @Inject(JwtService) private readonly jwt: JwtService,
  ) {}

  /** Of a user with a second factor it throws `SecondFactorRequiredError`, with a `challengeToken` for the code. */
  async logIn(email: unknown, password: unknown): Promise<Tokens> {
    const user = await this.accounts.authenticate(email, password);
    if (!user) throw new InvalidCredentialsError();
    return this.begin(user.id, await this.service.login(user, { via: 'password', kind: 'local' }));
  }

  async enterCode(challengeToken: string, code: string): Promise<Tokens> {
    const { user, claims } = await this.service.finish(challengeToken, code);
    return this.begin((user as Account).id, claims);
  }

  async refresh(given: unknown): Promise<Tokens> {
    const { userId, claims, refreshToken } = await this.refreshTokens.use(given);
    // One who was removed gets no other token.
    if (!(await this.accounts.find(userId))) throw new UserNotLoggedInError();
    return { token: this.sign(userId, claims), refreshToken };
  }

  /** After a change of factors or a step-up: the old logins are ended, this client goes on. */
  async begin(userId: number, claims: TwoFactorClaims): Promise<Tokens> {
    return { token: this.sign(userId, claims), refreshToken: await this.refreshTokens.begin(userId, claims) };
  }

  private sign(userId: number, claims: TwoFactorClaims): string {
    return this.jwt.sign({ ...claims }, { subject: String(userId) });
  }
}
