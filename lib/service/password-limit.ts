import { Budgets, type Budget } from './budget.js';
import type { Context } from './context.js';
import type { Identity } from './identity.js';

const limits = { perHour: 10, perDay: 30 };

/**
 * Wrong passwords of a user who is logged in, by all sessions together. A route that asks for the password again would
 * otherwise tell whoever has taken over a session, as often as they like, whether a guess is right.
 */
export class PasswordLimit {
  private readonly budgets: Budgets;

  constructor(private readonly context: Context) {
    this.budgets = new Budgets(context);
  }

  /**
   * Counts one try before the password is checked.
   * @throws TooManyAttemptsError for the 11th in an hour, the 31st in a day
   */
  reserve(identity: Identity): Promise<void> {
    return this.budgets.reserve(this.of(identity), limits);
  }

  /** The password was right: its try is not counted. */
  release(identity: Identity): Promise<void> {
    return this.budgets.release(this.of(identity));
  }

  private of({ id, key }: Identity): Budget {
    return { id: this.context.keyring.mac('quota', ['password', id]), userKey: key };
  }
}
