import { randomBytes } from 'node:crypto';
import { sha256 } from '../core/keyring.js';
import { methodNames, type DeliveredMechanism, type TwoFactorMechanism } from '../core/mechanism.js';
import { newChallenge, type TwoFactorAccount, type TwoFactorChallenge } from '../store/rows.js';
import type { Snapshot } from '../store/snapshot-store.js';
import { refuseLocked } from './backoff.js';
import type { Context, Identity } from './context.js';
import type { CodeScope, Delivery } from './delivery.js';
import { createdAfter, ofRow } from './challenge.js';
import { isLive } from './verdicts.js';

/** What an enrolment holds until it is confirmed, sealed in its challenge. */
export interface Draft {
  readonly label: string;
  /** Base64 of the TOTP secret, or the contact. */
  readonly value: string;
}

/** The user's state with an account to charge attempts to. */
export type PreparedSnapshot = Snapshot & { readonly account: TwoFactorAccount };

const enrollmentExpiry = 15 * 60_000;

const newId = (): string => sha256(randomBytes(32).toString('hex'));

/** The challenges that enrolments are until a code confirms them. */
export class EnrollmentDrafts {
  constructor(
    private readonly context: Context,
    private readonly delivery: Delivery,
  ) {}

  /** Begins an enrolment, in place of one of the same label or contact that was never confirmed. */
  async begin(
    identity: Identity,
    mechanism: TwoFactorMechanism,
    handle: string,
    draft: Draft,
    snapshot: PreparedSnapshot,
    prepared?: { id: string; codes: string },
  ): Promise<void> {
    const { settings, keyring, challenges } = this.context;
    const now = settings.clock();
    const id = prepared?.id ?? newId();
    await challenges.add(
      newChallenge({
        id,
        userKey: identity.key,
        userId: identity.id,
        purpose: 'enrollment',
        mechanism,
        handle,
        challengeEpoch: snapshot.account.challengeEpoch,
        securityEpoch: snapshot.securityEpoch,
        sealed: keyring.seal('enrollment', identity.id, id, JSON.stringify(draft)),
        codes: prepared?.codes ?? '{}',
        createdAt: createdAfter(snapshot, now),
        expiresAt: now + enrollmentExpiry,
      }),
    );
    await this.prune(identity, mechanism, now);
  }

  /** Read again, so that of requests at once none leaves more than one of a label, or more than there may be. */
  private async prune(identity: Identity, mechanism: TwoFactorMechanism, now: number): Promise<void> {
    const { settings, snapshots, challenges } = this.context;
    const snapshot = await snapshots.ofUser(identity, { purpose: 'enrollment', mechanism });
    const live = snapshot.challenges.filter((one) => isLive(ofRow(one), snapshot, now));
    const newest = live.filter((one, index) => !live.slice(index + 1).some(({ handle }) => handle === one.handle));
    const kept = newest.slice(-settings.pendingLogins);
    await challenges.remove(snapshot.challenges.filter((one) => !kept.includes(one)).map(({ id }) => id));
  }

  /** Begins an enrolment of a contact and sends its code. @returns the code where the app has to send it */
  async beginWithCode(
    identity: Identity,
    mechanism: DeliveredMechanism,
    handle: string,
    draft: Draft,
    snapshot: PreparedSnapshot,
  ): Promise<string | undefined> {
    refuseLocked(this.context, snapshot.account);
    const quotas = [this.delivery.quota.ofUser(identity, mechanism), this.delivery.quota.ofDestination(draft.value)];
    await this.delivery.quota.reserveAll(quotas);
    const scope: CodeScope = { challengeId: newId(), purpose: 'enrollment', identity, mechanism };
    const { code, live } = this.delivery.issue(scope, '');
    await this.begin(identity, mechanism, handle, draft, snapshot, {
      id: scope.challengeId,
      codes: JSON.stringify({ [methodNames[mechanism]]: live }),
    });
    await this.delivery.send(scope, draft.value, code, live.expiresAt);
    return this.delivery.sender(mechanism) ? undefined : code;
  }

  /** What the confirmed challenge was to enrol. */
  open(challenge: TwoFactorChallenge): Draft {
    return JSON.parse(
      this.context.keyring.open('enrollment', challenge.userId, challenge.id, challenge.sealed).toString(),
    ) as Draft;
  }
}
