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
import { RefreshTokens, type Begun } from './refresh-tokens.js';

/** What a client gets. */
export interface Tokens {
  readonly token: string;
  readonly refreshToken: string;
}

/** The login that an access token names. */
export type Login = Pick<Begun, 'userId' | 'family'>;

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
    const begun = await this.refreshTokens.use(given);
    // One who was removed gets no other token.
    if (!(await this.accounts.find(begun.userId))) throw new UserNotLoggedInError();
    return this.pair(begun);
  }

  /** After a step-up. */
  async renew({ userId, family }: Login, claims: TwoFactorClaims): Promise<Tokens> {
    return this.pair(await this.refreshTokens.renew(family, userId, claims));
  }

  /** After a change of factors, which ends the logins of before: this client goes on with one of its own. */
  async beginAnew({ userId, family }: Login, claims: TwoFactorClaims): Promise<Tokens> {
    await this.refreshTokens.end(family);
    return this.begin(userId, claims);
  }

  /** An access token of a login that was ended changes nothing. @throws UserNotLoggedInError */
  async checkLive({ userId, family }: Login): Promise<void> {
    if (!(await this.refreshTokens.isLive(family, userId))) throw new UserNotLoggedInError();
  }

  private async begin(userId: number, claims: TwoFactorClaims): Promise<Tokens> {
    return this.pair(await this.refreshTokens.begin(userId, claims));
  }

  private pair({ userId, claims, family, refreshToken }: Begun): Tokens {
    return { token: this.jwt.sign({ ...claims, sid: family }, { subject: String(userId) }), refreshToken };
  }
}
