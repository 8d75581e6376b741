import { methodOf, type TwoFactorMechanism } from '../core/methods.js';
import { InvalidInputError, TwoFactorNotSetupError } from '../errors.js';
import { takeOut } from '../store/factors.js';
import type { TwoFactorAuthenticator } from '../store/rows.js';
import type { Change, Context } from './context.js';
import { changeFactors, entries, noSet } from './factor-change.js';
import { findUser, type Identity } from './identity.js';
import { readId, readMechanism } from './management.js';
import { whyMissing } from './subject.js';

/** Removes factors. Every query names the user, so nobody reaches another one's rows. */
export class Removal {
  constructor(private readonly context: Context) {}

  /** Removes every authenticator of a mechanism. @throws TwoFactorNotSetupError, TwoFactorSetupIncompleteError */
  async disable(identity: Identity, given: unknown): Promise<Change<undefined>> {
    const method = readMechanism(given);
    return this.take(identity, ({ mechanism }) => methodOf(mechanism) === method).catch(async (reason: unknown) => {
      throw reason instanceof TwoFactorNotSetupError ? await whyMissing(this.context, identity, method) : reason;
    });
  }

  /** @throws TwoFactorNotSetupError where the user has no such authenticator, whoever else has */
  remove(identity: Identity, id: unknown): Promise<Change<undefined>> {
    const wanted = readId(id);
    return this.take(identity, (authenticator) => authenticator.id === wanted);
  }

  private async mustKeepPasskey(identity: Identity): Promise<boolean> {
    const { settings } = this.context;
    const { mustKeepOne = false } = settings.passkeys ?? {};
    if (typeof mustKeepOne === 'boolean') return mustKeepOne;
    const user = await findUser(settings, identity);
    const answer: unknown = user !== undefined && (await mustKeepOne(user));
    if (typeof answer !== 'boolean')
      throw new TypeError(`passkeys.mustKeepOne must answer true or false; got ${typeof answer}`);
    return answer;
  }

  /**
   * Removes the factors that `wanted` picks, and with the last of all the backup codes: they stand in for a factor.
   * In parts for a user who has enrolled dozens of them by version 0.1.
   * @throws TwoFactorNotSetupError where there is none
   */
  private async take(
    identity: Identity,
    wanted: (authenticator: TwoFactorAuthenticator) => boolean,
  ): Promise<Required<Change<undefined>>> {
    const { events, settings } = this.context;
    const mustKeepPasskey = await this.mustKeepPasskey(identity);
    const part = { mechanism: undefined as TwoFactorMechanism | undefined, isLast: true };
    const { epochs } = await changeFactors(this.context, identity, {
      decide: (state) => {
        const found = state.authenticators.filter(wanted);
        if (found.length === 0) throw new TwoFactorNotSetupError();
        // On the state that the UPDATE is bound to: of two removals at once one finds the last passkey.
        if (mustKeepPasskey && leavesNoPasskey(state.authenticators, found))
          throw new InvalidInputError(
            'passkey',
            'kept: this account needs one. Add another before you remove the last',
          );
        part.mechanism = found[0]?.mechanism;
        const { factors, taken } = takeOut(entries(state), found);
        if (taken.length === 0) throw new Error('The rows of factors that were removed could not be deleted.');
        part.isLast = taken.length === found.length;
        return { factors, ...(taken.length === state.authenticators.length && { set: noSet }) };
      },
      landed: ({ authenticators }) => !authenticators.some(wanted),
    });
    if (!part.isLast) {
      const rest = await this.take({ ...identity, judgedAt: epochs.to }, wanted);
      return { result: undefined, epochs: { from: epochs.from, to: rest.epochs.to } };
    }
    const { mechanism } = part;
    const told = mechanism && { mechanism, method: methodOf(mechanism) };
    events.emit('disabled', { userId: identity.id, ...told, at: settings.clock() });
    return { result: undefined, epochs };
  }
}

const isPasskey = ({ mechanism }: TwoFactorAuthenticator): boolean => methodOf(mechanism) === 'passkey';

function leavesNoPasskey(all: readonly TwoFactorAuthenticator[], removed: readonly TwoFactorAuthenticator[]): boolean {
  return removed.some(isPasskey) && !all.some((one) => isPasskey(one) && !removed.includes(one));
}
