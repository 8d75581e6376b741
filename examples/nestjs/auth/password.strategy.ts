import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { Strategy } from 'passport-local';
import { Accounts } from '../../quickstart/accounts.js';
import type { Account } from '../../quickstart/database.js';

/** The first factor, as the app had it before: nothing here knows of the second. */
@Injectable()
export class PasswordStrategy extends PassportStrategy(Strategy) {
  constructor(@Inject(Accounts) private readonly accounts: Accounts) {
    super({ usernameField: 'email' });
  }

  async validate(email: string, password: string): Promise<Account | false> {
    return (await this.accounts.authenticate(email, password)) ?? false;
  }
}
