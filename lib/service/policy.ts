import type { Context } from './context.js';
import { findUser, type Identity } from './identity.js';

/** Who must have a second factor, and by when. */
export class Policy {
  constructor(private readonly context: Context) {}

  /**
   * The time (epoch milliseconds) by which a user without a second factor must have one; not in the future for one who
   * must have it now. Undefined for a user who has one or need not.
   */
  async deadline(identity: Identity, given?: Express.User): Promise<number | undefined> {
    const { settings, snapshots, accounts, texts } = this.context;
    const { enforce, clock } = settings;
    if (!settings.enabled || enforce === false) return undefined;
    const { account, authenticators } = await snapshots.ofUser(identity);
    if (authenticators.length > 0) return undefined;
    if (typeof enforce === 'object') {
      const after = enforce.after.getTime();
      if (account && account.enrollBy > 0) return Math.min(account.enrollBy, after);
      if (!account) await texts.check('id', identity.id);
      if (!account) await accounts.ensure(identity.key, identity.id);
      await accounts.keepDeadline(identity.key, after);
      return after;
    }
    return (await this.concerns(identity, given)) ? clock() : undefined;
  }

  private async concerns(identity: Identity, given: Express.User | undefined): Promise<boolean> {
    const { settings } = this.context;
    const { enforce } = settings;
    if (typeof enforce !== 'function') return enforce === true;
    const user = given ?? (await findUser(settings, identity));
    if (user === undefined) return true;
    const answer: unknown = await enforce(user);
    if (typeof answer !== 'boolean')
      throw new TypeError(`twoFactor.enforce must answer true or false; got ${typeof answer}`);
    return answer;
  }
}
