import { randomBytes } from 'node:crypto';
import { withHidden } from '../core/hidden.js';
import type { DeliveredMethod, EnrollableMethod } from '../core/methods.js';
import { DeliveryFailedError } from '../errors.js';
import { newChallenge } from '../store/rows.js';
import type { Snapshot } from '../store/snapshot-store.js';
import { createdAfter, ofRow, stepUpRow, type StoredChallenge } from './challenge.js';
import type { ChallengeSent, CodeSending } from './code-sending.js';
import type { Context } from './context.js';
import { roomFor } from './crowd.js';
import type { PreparedSnapshot } from './enrollment-draft.js';
import type { Identity } from './identity.js';
import { whyMissing, type Subject } from './subject.js';
import { isLive } from './verdicts.js';

/** Where the token of a step-up is kept between its requests. */
export interface StepUpSession {
  readonly token?: string;
  /** Called before the code is sent. What it throws ends the sending. */
  readonly keep?: (token: string) => Promise<void>;
}

const stepUpExpiry = 10 * 60_000;

const newToken = (): string => randomBytes(32).toString('base64url');

/** A step-up, and the user's state that it was begun at. */
interface Begun {
  readonly challenge: StoredChallenge;
  readonly snapshot: Snapshot;
}

interface Named {
  readonly token: string;
  readonly challenge: StoredChallenge;
}

type Opened = Omit<Subject, 'challenge'> &
  (
    | { readonly begun: Named; readonly fresh?: undefined; readonly gone?: undefined }
    | { readonly begun?: undefined; readonly fresh: Named; readonly gone: readonly string[] }
  );

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
    const { challenges, factors } = this.context;
    const factor = factors.sent(method);
    const { begun, fresh, gone, ...subject } = await this.open(identity, method, session);
    if (begun) {
      const sent = await this.sending.send({ ...subject, challenge: begun.challenge }, factor);
      return withHidden(sent, { challengeToken: begun.token });
    }
    const { challenge, token } = fresh;
    const add = async (codes: string) => {
      const isAdded = await challenges.add({ ...challenge, codes });
      await session.keep?.(token);
      return isAdded;
    };
    const sent = await this.sending.sendFirst({ ...subject, challenge }, factor, add).catch(async (error: unknown) => {
      // Nobody has its code: a sender that fails again and again must not fill the table.
      if (error instanceof DeliveryFailedError) await challenges.remove([challenge.id]);
      throw error;
    });
    await challenges.remove(gone);
    return withHidden(sent, { challengeToken: token });
  }

  /** Begins a step-up by what no code is sent for, or goes on with the one that the session has. */
  async begin(identity: Identity, method: EnrollableMethod, session: StepUpSession = {}): Promise<Begun> {
    const { challenges } = this.context;
    const { begun, fresh, gone, snapshot } = await this.open(identity, method, session);
    if (begun) return { challenge: begun.challenge, snapshot };
    const { challenge, token } = fresh;
    if (!(await challenges.add(challenge))) throw new Error('Two challenges have the same id.');
    await session.keep?.(token);
    await challenges.remove(gone);
    return { challenge, snapshot };
  }

  /**
   * The step-up that the session has begun, or else a new one that is not stored yet, and which ones it takes the place
   * of.
   * @throws TwoFactorNotSetupError, TwoFactorSetupIncompleteError for a user without the method
   */
  private async open(identity: Identity, method: EnrollableMethod, { token }: StepUpSession): Promise<Opened> {
    const { factors, settings, snapshots } = this.context;
    const snapshot = await snapshots.ofUser(identity, { purpose: 'step-up', mechanism: 0 });
    const { account } = snapshot;
    if (!account || !snapshot.authenticators.some((row) => factors.of(row) === factors.named(method)))
      throw await whyMissing(this.context, identity, method);
    const of = { identity, account, snapshot };
    const now = settings.clock();
    const row = snapshot.challenges.find(({ id }) => token !== undefined && id === stepUpRow(token));
    if (token !== undefined && row && isLive(ofRow(row), snapshot, now))
      return { ...of, begun: { token, challenge: ofRow(row) } };
    const fresh = newToken();
    const challenge = this.challenge(fresh, identity, { ...snapshot, account });
    return { ...of, fresh: { token: fresh, challenge }, gone: roomFor(snapshot, settings.pendingLogins, now) };
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
