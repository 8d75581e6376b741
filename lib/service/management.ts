import { sha256 } from '../core/keyring.js';
import { mechanisms, methodNames, TwoFactorMechanism } from '../core/mechanism.js';
import { totpUri } from '../core/provisioning.js';
import { InvalidInputError, StepUpRequiredError, TwoFactorAlreadyEnabledError, TwoFactorNotSetupError } from '../errors.js';
import type { TwoFactorAuthenticator } from '../store/rows.js';
import type { Snapshot } from '../store/snapshot-store.js';
import { findUser, isOutdated, readState, type Change, type Context, type Identity } from './context.js';
import type { Delivery } from './delivery.js';
import { accountLabel, readLabel } from './enrollment-input.js';
import { newestOf } from './code-sending.js';
import { missing } from './subject.js';

/** A verified method, as its owner may see it. */
export interface Authenticator {
  /** For `remove` and `rename`. */
  readonly id: string;
  /** What kind it is. */
  readonly mechanism: TwoFactorMechanism;
  /** The name that the user gave it. */
  readonly label: string;
  /** Of an e-mail address or phone number. */
  readonly maskedContact?: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** Epoch milliseconds, 0 before the first use. */
  readonly lastUsedAt: number;
}

/** @internal @throws InvalidInputError for anything but a member of `TwoFactorMechanism` */
export function readMechanism(mechanism: unknown): TwoFactorMechanism {
  const known = mechanisms.find((candidate) => candidate === mechanism);
  if (known !== undefined) return known;
  throw new InvalidInputError('mechanism', 'TwoFactorMechanism.TOTP, EMAIL or SMS');
}

/** @internal Looks at and changes what is enrolled. Every query names the user, so nobody reaches another one's rows. */
export class Management {
  constructor(private readonly context: Context, private readonly delivery: Delivery) {}

  async list(identity: Identity): Promise<Authenticator[]> {
    const { account, authenticators } = await this.context.snapshots.ofUser(identity);
    const used = JSON.parse(account?.lastUsed ?? '{}') as Record<string, number>;
    return authenticators.map((authenticator) => ({
      id: authenticator.id,
      mechanism: authenticator.mechanism,
      label: authenticator.label,
      ...(authenticator.mechanism !== TwoFactorMechanism.TOTP && { maskedContact: this.delivery.mask(authenticator) }),
      createdAt: authenticator.verifiedAt,
      lastUsedAt: used[authenticator.id] ?? 0,
    }));
  }

  /** Unique and ascending; verified methods only. */
  async mechanisms(identity: Identity): Promise<TwoFactorMechanism[]> {
    const { authenticators } = await this.context.snapshots.ofUser(identity);
    return [...new Set(authenticators.map(({ mechanism }) => mechanism))].sort((a, b) => a - b);
  }

  async remainingBackupCodes(identity: Identity): Promise<number> {
    return (await this.context.snapshots.ofUser(identity)).unusedBackupCodes;
  }

  /** Removes every authenticator of a mechanism. @throws TwoFactorNotSetupError, TwoFactorSetupIncompleteError */
  async disable(identity: Identity, given: unknown): Promise<Change<undefined>> {
    const mechanism = readMechanism(given);
    const before = await readState(this.context, identity);
    const ids = before.authenticators.filter((authenticator) => authenticator.mechanism === mechanism).map(({ id }) => id);
    if (ids.length === 0) throw await missing(this.context, identity, mechanism);
    return this.removeAll(identity, mechanism, ids, before);
  }

  /** @throws TwoFactorNotSetupError where the user has no such authenticator, whoever else has */
  async remove(identity: Identity, id: unknown): Promise<Change<undefined>> {
    const before = await readState(this.context, identity);
    const authenticator = find(before, id);
    return this.removeAll(identity, authenticator.mechanism, [authenticator.id], before);
  }

  async rename(identity: Identity, id: unknown, given: unknown): Promise<void> {
    const label = readLabel(given);
    await this.context.texts.check('label', label);
    const { authenticators } = await this.context.snapshots.ofUser(identity);
    const authenticator = find({ authenticators }, id);
    const isTotp = authenticator.mechanism === TwoFactorMechanism.TOTP;
    const handle = isTotp ? sha256(label) : authenticator.handle;
    const taken = authenticators.some((other) => other.id !== authenticator.id && other.mechanism === authenticator.mechanism && other.handle === handle);
    if (taken) throw new TwoFactorAlreadyEnabledError();
    await this.context.authenticators.update(identity.key, authenticator.id, { label, handle });
  }

  /** The whole address or number of the newest contact. */
  async getContact(identity: Identity, given: unknown): Promise<string> {
    const mechanism = readMechanism(given);
    if (mechanism === TwoFactorMechanism.TOTP) throw new InvalidInputError('mechanism', 'TwoFactorMechanism.EMAIL or SMS');
    return this.delivery.contactOf(await this.newest(identity, mechanism), mechanism);
  }

  /** The key URI of the newest authenticator app, for another device of the same user. */
  async getTotpUri(identity: Identity): Promise<string> {
    const { settings, keyring } = this.context;
    const authenticator = await this.newest(identity, TwoFactorMechanism.TOTP);
    const user = await findUser(settings, identity);
    if (user === undefined) throw new TwoFactorNotSetupError();
    const secret = keyring.open('totp-secret', authenticator.userId, authenticator.id, authenticator.sealed);
    const { algorithm, digits, period } = authenticator;
    return totpUri({ issuer: settings.issuer, label: accountLabel(this.context, user, identity), secret, algorithm, digits, period });
  }

  /** The mechanism to be offered first. @throws TwoFactorNotSetupError where the user has no such method */
  async setPreferred(identity: Identity, given: unknown): Promise<void> {
    const mechanism = readMechanism(given);
    await this.newest(identity, mechanism);
    await this.context.accounts.prefer(identity.key, mechanism);
  }

  async getPreferred(identity: Identity): Promise<TwoFactorMechanism | undefined> {
    const { account, authenticators } = await this.context.snapshots.ofUser(identity);
    return authenticators.find(({ mechanism }) => mechanism === account?.preferred)?.mechanism;
  }

  /** Ends the backoff and the suspension: for support staff who have made sure who is asking. */
  async unlock(identity: Identity): Promise<void> {
    if (!(await this.context.accounts.unlock(identity.key))) throw new TwoFactorNotSetupError();
  }

  /**
   * Raises the epochs before and after. Before, so that a crash leaves factors that can be removed again, and not marks
   * of other sessions that nothing ends any more; after, so that what was verified in between by a factor that goes ends too.
   */
  private async removeAll(identity: Identity, mechanism: TwoFactorMechanism, ids: readonly string[], before: Snapshot): Promise<Change<undefined>> {
    const { accounts, authenticators, backupCodes, events, settings } = this.context;
    const begun = await accounts.change(identity.key, (account) => (isOutdated(identity, account, before) ? undefined : {}), before.securityEpoch);
    if (!begun) throw new StepUpRequiredError();
    // By id: what was enrolled since, perhaps by somebody who has to be asked first, is not touched.
    let removed = 0;
    for (const id of ids) if (await authenticators.remove(identity.key, id)) removed += 1;
    const account = await accounts.change(identity.key, undefined, begun.securityEpoch);
    if (!account) throw new Error('The change of factors was refused.');
    // Backup codes stand in for a factor: without one they are nothing.
    if (account.backupSetId !== '' && (await accounts.dropBackupSet(identity.key, account.backupSetId))) {
      await backupCodes.removeSet(account.backupSetId);
    }
    if (removed === 0) throw new TwoFactorNotSetupError();
    events.emit('disabled', { userId: identity.id, mechanism, method: methodNames[mechanism], at: settings.clock() });
    return { result: undefined, epochs: { from: account.securityEpoch - 2, to: account.securityEpoch } };
  }

  private async newest(identity: Identity, mechanism: TwoFactorMechanism): Promise<TwoFactorAuthenticator> {
    const snapshot = await readState(this.context, identity);
    const authenticator = newestOf(snapshot, mechanism);
    if (!authenticator) throw await missing(this.context, identity, mechanism);
    return authenticator;
  }
}

/** @throws InvalidInputError, TwoFactorNotSetupError */
function find({ authenticators }: Pick<Snapshot, 'authenticators'>, id: unknown): TwoFactorAuthenticator {
  if (typeof id !== 'string') throw new InvalidInputError('id', 'the id of an authenticator');
  const authenticator = authenticators.find((candidate) => candidate.id === id);
  if (!authenticator) throw new TwoFactorNotSetupError();
  return authenticator;
}
