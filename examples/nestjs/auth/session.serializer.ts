import { Inject, Injectable } from '@nestjs/common';
import { PassportSerializer } from '@nestjs/passport';
import { Accounts } from '../../quickstart/accounts.js';
import type { Account } from '../../quickstart/database.js';

type Done = (error: unknown, value?: unknown) => void;

@Injectable()
export class SessionSerializer extends PassportSerializer {
  constructor(@Inject(Accounts) private readonly accounts: Accounts) {
    super();
  }

  serializeUser(user: Account, done: Done): void {
    done(null, user.id);
  }

  deserializeUser(id: number, done: Done): void {
    this.accounts.find(id).then((user) => {
      done(null, user ?? false);
    }, done);
  }
}
