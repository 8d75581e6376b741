import { randomBytes } from 'node:crypto';
import { withHidden } from '../core/hidden.js';
import type { DeliveredMethod } from '../core/methods.js';
import { DeliveryFailedError, TwoFactorNotSetupError } from '../errors.js';
import { newChallenge } from '../store/rows.js';
import type { Snapshot } from '../store/snapshot-store.js';
import { createdAfter, ofRow, stepUpRow, type StoredChallenge } from './challenge.js';
import type { ChallengeSent, CodeSending } from './code-sending.js';
import type { Context } from './context.js';
import { roomFor } from './crowd.js';
import type { PreparedSnapshot } from './enrollment-draft.js';
import type { Identity } from './identity.js';
import { whyMissing } from './subject.js';
import { isLive } from './verdicts.js';

/** Where the token of a step-up is kept between its requests. */
export interface StepUpSession {
  readonly token?: string;
  /** Called before the code is sent. What it throws ends the sending. */
  readonly keep?: (token: string) => Promise<void>;
}

const stepUpExpiry = 10 * 60_000;

const newToken = (): string => randomBytes(32).toString('base64url');

/** Begins and feeds step-ups: a user who is logged in proves a second factor again. */
export class StepUps {
  constructor(
    private readonly context: Context,
    private readonly sending: CodeSending,
  ) {}

  /**
   * Sends a code, or another one, to a user who is logged in.
   * @param session of the step-up, which is begun where there is none
   */
  async send(identity: Identity, method: DeliveredMethod, session: StepUpSession = {}): Promise<ChallengeSent> {
    const { token } = session;
    const { challenges, snapshots, settings, factors } = this.context;
    const factor = factors.sent(method);
    const snapshot = await snapshots.ofUser(identity, { purpose: 'step-up', mechanism: 0 });
    const { account } = snapshot;
    if (!account || !snapshot.authenticators.some((row) => factors.of(row) === factor))
      throw await whyMissing(this.context, identity, method);
    const now = settings.clock();
    const begun = snapshot.challenges.find(({ id }) => token !== undefined && id === stepUpRow(token));
    if (token !== undefined && begun && isLive(ofRow(begun), snapshot, now)) {
      const sent = await this.sending.send({ identity, account, snapshot, challenge: ofRow(begun) }, factor);
      return withHidden(sent, { challengeToken: token });
    }
    const gone = roomFor(snapshot, settings.pendingLogins, now);
    const fresh = newToken();
    const challenge = this.challenge(fresh, identity, { ...snapshot, account });
    const subject = { identity, account, snapshot, challenge };
    const add = async (codes: string) => {
      const isAdded = await challenges.add({ ...challenge, codes });
      await session.keep?.(fresh);
      return isAdded;
    };
    const sent = await this.sending.sendFirst(subject, factor, add).catch(async (error: unknown) => {
      // Nobody has its code: a sender that fails again and again must not fill the table.
      if (error instanceof DeliveryFailedError) await challenges.remove([challenge.id]);
      throw error;
    });
    await challenges.remove(gone);
    return withHidden(sent, { challengeToken: fresh });
  }

  /**
   * Begins a step-up that needs no code, or goes on with the one that the session has.
   * @throws TwoFactorNotSetupError for a user without a second factor
   */
  async begin(
    identity: Identity,
    session: StepUpSession = {},
  ): Promise<{ readonly challenge: StoredChallenge; readonly snapshot: Snapshot }> {
    const { token } = session;
    const { challenges, snapshots, settings } = this.context;
    const snapshot = await snapshots.ofUser(identity, { purpose: 'step-up', mechanism: 0 });
    const { account } = snapshot;
    if (!account || snapshot.authenticators.length === 0) throw new TwoFactorNotSetupError();
    const now = settings.clock();
    const begun = snapshot.challenges.find(({ id }) => token !== undefined && id === stepUpRow(token));
    if (begun && isLive(ofRow(begun), snapshot, now)) return { challenge: ofRow(begun), snapshot };
    const fresh = newToken();
    const challenge = this.challenge(fresh, identity, { ...snapshot, account });
    const gone = roomFor(snapshot, settings.pendingLogins, now);
    if (!(await challenges.add(challenge))) throw new Error('Two challenges have the same id.');
    await session.keep?.(fresh);
    await challenges.remove(gone);
    return { challenge, snapshot };
  }

  private challenge(token: string, identity: Identity, snapshot: PreparedSnapshot): StoredChallenge {
    const now = this.context.settings.clock();
    return ofRow(
      newChallenge({
        id: stepUpRow(token),
        userKey: identity.key,
        userId: identity.id,
        purpose: 'step-up',
        challengeEpoch: snapshot.account.challengeEpoch,
        securityEpoch: snapshot.securityEpoch,
        createdAt: createdAfter(snapshot, now),
        expiresAt: now + stepUpExpiry,
      }),
    );
  }
}
