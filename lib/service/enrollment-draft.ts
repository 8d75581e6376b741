import { randomBytes } from 'node:crypto';
import { sha256 } from '../core/keyring.js';
import { mechanismOf } from '../core/methods.js';
import type { DeliveredFactor } from '../factors/delivered.js';
import type { Draft, Factor } from '../factors/factor.js';
import { newChallenge, type TwoFactorAccount, type TwoFactorChallenge } from '../store/rows.js';
import type { Snapshot } from '../store/snapshot-store.js';
import { refuseLocked } from './backoff.js';
import type { Context } from './context.js';
import type { Identity } from './identity.js';
import type { Delivery } from './delivery.js';
import { createdAfter, ofRow } from './challenge.js';
import { isLive } from './verdicts.js';

/** The user's state with an account to charge attempts to. */
export type PreparedSnapshot = Snapshot & { readonly account: TwoFactorAccount };

/** An enrollment that begins. */
interface Begun {
  readonly identity: Identity;
  readonly factor: Factor;
  readonly draft: Draft;
  readonly snapshot: PreparedSnapshot;
}

/** The row of one whose code was made before it. */
interface Prepared {
  readonly id: string;
  readonly codes: string;
}

const enrollmentExpiry = 15 * 60_000;

const newId = (): string => sha256(randomBytes(32).toString('hex'));

/** The challenges that enrollments are until a code confirms them. */
export class EnrollmentDrafts {
  constructor(
    private readonly context: Context,
    private readonly delivery: Delivery,
  ) {}

  /** Begins an enrollment, in place of one of the same label or contact that was never confirmed. */
  async begin(begun: Begun, prepared: Prepared = { id: newId(), codes: '{}' }): Promise<Prepared> {
    const { settings, keyring, challenges } = this.context;
    const { identity, factor, draft, snapshot } = begun;
    const { id, codes } = prepared;
    const now = settings.clock();
    await challenges.add(
      newChallenge({
        id,
        userKey: identity.key,
        userId: identity.id,
        purpose: 'enrollment',
        mechanism: mechanismOf(factor.method),
        handle: factor.handleOf(identity.id, draft),
        challengeEpoch: snapshot.account.challengeEpoch,
        securityEpoch: snapshot.securityEpoch,
        sealed: keyring.seal('enrollment', { userId: identity.id, rowId: id }, JSON.stringify(draft)),
        codes,
        createdAt: createdAfter(snapshot, now),
        expiresAt: now + enrollmentExpiry,
      }),
    );
    await this.prune(begun, now);
    return prepared;
  }

  /** Read again, so that of requests at once none leaves more than one of a label, or more than there may be. */
  private async prune({ identity, factor }: Begun, now: number): Promise<void> {
    const { settings, snapshots, challenges } = this.context;
    const mechanism = mechanismOf(factor.method);
    const snapshot = await snapshots.ofUser(identity, { purpose: 'enrollment', mechanism });
    const live = snapshot.challenges.filter((one) => isLive(ofRow(one), snapshot, now));
    const newest = live.filter((one, index) => !live.slice(index + 1).some(({ handle }) => handle === one.handle));
    const kept = newest.slice(-settings.pendingLogins);
    await challenges.remove(snapshot.challenges.filter((one) => !kept.includes(one)).map(({ id }) => id));
  }

  /** Begins an enrollment of a contact and sends its code. @returns the code where the app has to send it */
  async beginWithCode(begun: Begun & { readonly factor: DeliveredFactor }): Promise<string | undefined> {
    const { identity, factor, draft, snapshot } = begun;
    const { quota } = this.delivery;
    refuseLocked(this.context, snapshot.account);
    await quota.reserveAll([quota.ofUser(identity, factor.method), quota.ofDestination(draft.value)]);
    const scope = { id: newId(), purpose: 'enrollment', userId: identity.id } as const;
    const { code, live } = factor.issue(scope, '');
    await this.begin(begun, { id: scope.id, codes: JSON.stringify({ [factor.method]: live }) });
    await this.delivery.send({ factor, scope, contact: draft.value, code, expiresAt: live.expiresAt });
    return factor.sender ? undefined : code;
  }

  /** What the confirmed challenge was to enroll. */
  open(challenge: TwoFactorChallenge): Draft {
    return JSON.parse(
      this.context.keyring
        .open('enrollment', { userId: challenge.userId, rowId: challenge.id }, challenge.sealed)
        .toString(),
    ) as Draft;
  }
}
