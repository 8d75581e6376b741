import type { Context } from './context.js';
import type { Identity } from './identity.js';
import { changeFactors } from './factor-change.js';

/** Ends what there is of a user: what the sessions stand for, or all of it. */
export class Ending {
  constructor(private readonly context: Context) {}

  /**
   * Ends what every session of the user stands for, without a change of factors: a changed password, "log out
   * everywhere".
   */
  async endStandings(identity: Identity): Promise<void> {
    const { accounts, events, settings } = this.context;
    // A session of a user without an account stands for a password; it ends by the account's first epoch, too.
    await accounts.ensure(identity.key, identity.id);
    let reached = 0;
    await changeFactors(this.context, identity, {
      decide: ({ securityEpoch }) => {
        reached = securityEpoch + 1;
        return {};
      },
      landed: ({ securityEpoch }) => securityEpoch >= reached,
    });
    events.emit('standingsEnded', { userId: identity.id, at: settings.clock() });
  }

  /** Erases everything of the user, in every table. */
  async forget(identity: Identity): Promise<void> {
    const { erasure, events, settings } = this.context;
    if (await erasure.erase(identity.key)) events.emit('forgotten', { userId: identity.id, at: settings.clock() });
  }
}
