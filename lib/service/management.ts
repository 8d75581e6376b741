import { sha256 } from '../core/keyring.js';
import { mechanisms, methodNames, TwoFactorMechanism } from '../core/mechanism.js';
import { totpUri } from '../core/provisioning.js';
import { InvalidInputError, TwoFactorAlreadyEnabledError, TwoFactorNotSetupError } from '../errors.js';
import type { TwoFactorAccount, TwoFactorAuthenticator } from '../store/rows.js';
import type { Snapshot } from '../store/snapshot-store.js';
import { findUser, type Context, type Identity } from './context.js';
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
    const { account, authenticators } = await this.context.snapshots.ofUser(identity.key);
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
    const { authenticators } = await this.context.snapshots.ofUser(identity.key);
    return [...new Set(authenticators.map(({ mechanism }) => mechanism))].sort((a, b) => a - b);
  }

  async remainingBackupCodes(identity: Identity): Promise<number> {
    return (await this.context.snapshots.ofUser(identity.key)).unusedBackupCodes;
  }

  /** Removes every authenticator of a mechanism. @throws TwoFactorNotSetupError, TwoFactorSetupIncompleteError */
  async disable(identity: Identity, given: unknown): Promise<TwoFactorAccount> {
    const mechanism = readMechanism(given);
    if (!(await this.context.authenticators.removeMechanism(identity.key, mechanism))) {
      throw await missing(this.context, identity, mechanism);
    }
    return this.removed(identity, mechanism);
  }

  /** @throws TwoFactorNotSetupError where the user has no such authenticator, whoever else has */
  async remove(identity: Identity, id: unknown): Promise<TwoFactorAccount> {
    const authenticator = await this.find(identity, id);
    if (!(await this.context.authenticators.remove(identity.key, authenticator.id))) throw new TwoFactorNotSetupError();
    return this.removed(identity, authenticator.mechanism);
  }

  async rename(identity: Identity, id: unknown, given: unknown): Promise<void> {
    const label = readLabel(given);
    const authenticator = await this.find(identity, id);
    const isTotp = authenticator.mechanism === TwoFactorMechanism.TOTP;
    const handle = isTotp ? sha256(label) : authenticator.handle;
    const { authenticators } = await this.context.snapshots.ofUser(identity.key);
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
    const { account, authenticators } = await this.context.snapshots.ofUser(identity.key);
    return authenticators.find(({ mechanism }) => mechanism === account?.preferred)?.mechanism;
  }

  /** Ends the backoff and the suspension: for support staff who have made sure who is asking. */
  async unlock(identity: Identity): Promise<void> {
    if (!(await this.context.accounts.unlock(identity.key))) throw new TwoFactorNotSetupError();
  }

  private async removed(identity: Identity, mechanism: TwoFactorMechanism): Promise<TwoFactorAccount> {
    const { accounts, backupCodes, events, settings } = this.context;
    const account = await accounts.change(identity.key);
    if (!account) throw new Error('The change of factors was refused.');
    // Backup codes stand in for a factor: without one they are nothing.
    if (account.backupSetId !== '' && (await accounts.dropBackupSet(identity.key, account.backupSetId))) {
      await backupCodes.removeSet(account.backupSetId);
    }
    events.emit('disabled', { userId: identity.id, mechanism, method: methodNames[mechanism], at: settings.clock() });
    return account;
  }

  private async newest(identity: Identity, mechanism: TwoFactorMechanism): Promise<TwoFactorAuthenticator> {
    const snapshot: Snapshot = await this.context.snapshots.ofUser(identity.key);
    const authenticator = newestOf(snapshot, mechanism);
    if (!authenticator) throw await missing(this.context, identity, mechanism);
    return authenticator;
  }

  private async find(identity: Identity, id: unknown): Promise<TwoFactorAuthenticator> {
    if (typeof id !== 'string') throw new InvalidInputError('id', 'the id of an authenticator');
    const { authenticators } = await this.context.snapshots.ofUser(identity.key);
    const authenticator = authenticators.find((candidate) => candidate.id === id);
    if (!authenticator) throw new TwoFactorNotSetupError();
    return authenticator;
  }
}
