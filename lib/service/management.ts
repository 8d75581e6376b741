import {
  enrollableMethods,
  isDelivered,
  mechanismOf,
  type EnrollableMethod,
  type TwoFactorMechanism,
} from '../core/methods.js';
import { usedAt } from '../core/last-used.js';
import { totpUri } from '../core/provisioning.js';
import { defaultTotpParameters } from '../core/totp.js';
import {
  InvalidInputError,
  SealedDataError,
  StepUpRequiredError,
  TwoFactorAlreadyEnabledError,
  TwoFactorNotSetupError,
} from '../errors.js';
import type { TwoFactorAuthenticator } from '../store/rows.js';
import { readState, type Context } from './context.js';
import { findUser, type Identity } from './identity.js';
import type { Delivery } from './delivery.js';
import { accountLabel, readLabel } from './enrollment-input.js';
import { makeWay } from './factor-change.js';
import { whyMissing } from './subject.js';
import { readIfReadable } from './unreadable.js';

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
  /** Of a passkey: whether it may be synced over several devices. */
  readonly synced?: boolean;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** Epoch milliseconds, 0 before the first use. */
  readonly lastUsedAt: number;
}

/** @internal @throws InvalidInputError for anything but a member of `TwoFactorMechanism` */
export function readMechanism(mechanism: unknown): EnrollableMethod {
  const known = enrollableMethods.find((method) => mechanismOf(method) === mechanism);
  if (known !== undefined) return known;
  throw new InvalidInputError('mechanism', 'a member of TwoFactorMechanism');
}

/** Each lost try means that another request has taken the label, or was cut off while it did. */
const renameTries = 5;

/**
 * @internal Looks at and changes what is enrolled. Every query names the user, so nobody reaches another one's rows.
 */
export class Management {
  constructor(
    private readonly context: Context,
    private readonly delivery: Delivery,
  ) {}

  async list(identity: Identity): Promise<Authenticator[]> {
    const { account, authenticators } = await this.context.snapshots.ofUser(identity);
    const used = account?.lastUsed ?? '{}';
    const described = authenticators.map(async (authenticator) => {
      const { id, mechanism, label, verifiedAt: createdAt } = authenticator;
      const maskedContact = await this.delivery.mask(authenticator);
      const shown = maskedContact !== undefined && { maskedContact };
      const synced = await isSynced(this.context, authenticator);
      const lastUsedAt = usedAt(used, id);
      return { id, mechanism, label, ...shown, ...(synced !== undefined && { synced }), createdAt, lastUsedAt };
    });
    return Promise.all(described);
  }

  /** Unique and ascending; verified methods only. */
  async mechanisms(identity: Identity): Promise<TwoFactorMechanism[]> {
    const { authenticators } = await this.context.snapshots.ofUser(identity);
    return [...new Set(authenticators.map(({ mechanism }) => mechanism))].sort((a, b) => a - b);
  }

  async has(identity: Identity, mechanism: TwoFactorMechanism): Promise<boolean> {
    return (await this.mechanisms(identity)).includes(mechanism);
  }

  async remainingBackupCodes(identity: Identity): Promise<number> {
    return (await this.context.snapshots.ofUser(identity)).unusedBackupCodes;
  }

  /**
   * Bound to the epoch at which the authenticator was found.
   * @throws StepUpRequiredError where the factors have changed since
   */
  async rename(identity: Identity, id: unknown, given: unknown): Promise<void> {
    const label = readLabel(given);
    await this.context.texts.check('label', label);
    const wanted = readId(id);
    const { authenticators, snapshots } = this.context;
    for (let attempt = 0; attempt < renameTries; attempt += 1) {
      const state = await readState(this.context, identity);
      const found = state.authenticators.find((candidate) => candidate.id === wanted);
      if (!found || !state.account) throw new TwoFactorNotSetupError();
      const factor = this.context.factors.of(found);
      const handle = factor.isNamedByLabel ? factor.handleOf(identity.id, { label, value: '' }) : found.handle;
      const outcome = await authenticators.rename(state.account, found.id, { label, handle });
      if (outcome === 'renamed') return;
      if (outcome === 'changed') throw new StepUpRequiredError();
      await makeWay(this.context, await snapshots.ofUser(identity), { mechanism: found.mechanism, handle });
    }
    throw new TwoFactorAlreadyEnabledError();
  }

  /** The whole address or number of the newest contact. */
  async getContact(identity: Identity, given: unknown): Promise<string> {
    const method = readMechanism(given);
    if (!isDelivered(method)) throw new InvalidInputError('mechanism', 'one whose codes are sent');
    const factor = this.context.factors.sent(method);
    const newest = await this.delivery.newest(await readState(this.context, identity), factor);
    if (!newest) throw await whyMissing(this.context, identity, method);
    return newest.contact;
  }

  /** The key URI of the newest authenticator app, for another device of the same user. */
  async getTotpUri(identity: Identity): Promise<string> {
    const { settings, factors } = this.context;
    const { authenticators } = await readState(this.context, identity);
    const apps = authenticators.filter((row) => factors.of(row) === factors.totp).reverse();
    if (apps.length === 0) throw await whyMissing(this.context, identity, factors.totp.method);
    const user = await findUser(settings, identity);
    if (user === undefined) throw new TwoFactorNotSetupError();
    const secrets = await Promise.all(
      apps.map((app) => readIfReadable(this.context, app, () => factors.totp.secretOf(app))),
    );
    const secret = secrets.find((read): read is Buffer => !(read instanceof SealedDataError));
    if (!secret) throw secrets[0] as SealedDataError;
    return totpUri({
      issuer: settings.issuer,
      label: accountLabel(this.context, user, identity),
      secret,
      ...defaultTotpParameters,
    });
  }

  /**
   * The mechanism to be offered first. Bound to the epoch at which it was found.
   * @throws TwoFactorNotSetupError where the user has no such method, StepUpRequiredError where the factors have
   *   changed since
   */
  async setPreferred(identity: Identity, given: unknown): Promise<void> {
    const method = readMechanism(given);
    const mechanism = mechanismOf(method);
    const { account, authenticators } = await readState(this.context, identity);
    const has = authenticators.some((authenticator) => authenticator.mechanism === mechanism);
    if (!account || !has) throw await whyMissing(this.context, identity, method);
    if (!(await this.context.accounts.prefer(account, mechanism))) throw new StepUpRequiredError();
  }

  async getPreferred(identity: Identity): Promise<TwoFactorMechanism | undefined> {
    const { account, authenticators } = await this.context.snapshots.ofUser(identity);
    return authenticators.find(({ mechanism }) => mechanism === account?.preferred)?.mechanism;
  }

  /**
   * Ends the backoff, the suspension and what was counted of messages: for support staff who have made sure who is
   * asking.
   */
  async unlock(identity: Identity): Promise<void> {
    if (!(await this.context.accounts.unlock(identity.key))) throw new TwoFactorNotSetupError();
    await this.delivery.quota.forget(identity);
  }
}

/** @internal */
export function readId(id: unknown): string {
  if (typeof id !== 'string') throw new InvalidInputError('id', 'the id of an authenticator');
  return id;
}

/** Undefined for what is no passkey, and for one that cannot be read. */
async function isSynced(context: Context, row: TwoFactorAuthenticator): Promise<boolean | undefined> {
  const { passkey } = context.factors;
  if (context.factors.of(row) !== passkey) return undefined;
  const kept = await readIfReadable(context, row, () => passkey.keptOf(row));
  return kept instanceof SealedDataError ? undefined : kept.backupEligible;
}
