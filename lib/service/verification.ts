import { sha256 } from '../core/keyring.js';
import { isEnrollable, type MethodName } from '../core/methods.js';
import { readCode, readResponse } from '../core/one-time-code.js';
import { TwoFactorExpiredError, TwoFactorNotSetupError } from '../errors.js';
import { ofRow, stepUpRow } from './challenge.js';
import type { Context } from './context.js';
import type { Identity } from './identity.js';
import { tidy } from './factor-change.js';
import type { Judge } from './judging.js';
import type { Matching } from './matching.js';
import { newId, openPending, sealPending, withCodes, withoutChannel, type PendingToken } from './pending-token.js';
import { whyMissing, type Judging, type Match, type LoginSubject, type Subject, type Verified } from './subject.js';
import { isLive } from './verdicts.js';

/** What a request gives as a second factor. */
export interface Response {
  /** The methods that it may be of. */
  readonly methods: readonly MethodName[];
  /** As the client sent it: nothing is known of its type. */
  readonly code: unknown;
}

/** A pending login that was verified, under the token that it has since. */
export interface MarkedLogin extends Verified<LoginSubject> {
  readonly token: string;
}

interface Verifying<S extends Subject> extends Pick<Judging<S>, 'load' | 'verdicts'> {
  readonly response: Response;
  /** Whether what was right is a second factor for this. */
  readonly isEnough?: (subject: S, match: Match) => boolean;
}

/** One passkey is not two factors, unless it has verified its user. */
const isSecond = ({ challenge: { content } }: LoginSubject, { method, uv }: Match): boolean =>
  content.kind !== 'passkey' || method !== 'passkey' || uv === true;

/** Verifies codes for pending logins and for users who are logged in. */
export class Verification {
  constructor(
    private readonly context: Context,
    private readonly matching: Matching,
    private readonly judge: Judge,
  ) {}

  /** Verifies a code for a pending login, which is used up by the same UPDATE. */
  async verifyLogin(pending: PendingToken | undefined, response: Response): Promise<Verified<LoginSubject>> {
    const verified = await this.verify({
      load: () => this.ofLogin(pending),
      response,
      isEnough: isSecond,
      verdicts: ({ challenge }, proved) => [{ challenge, state: 'used', proved }],
    });
    await this.removeRow(verified.subject);
    return verified;
  }

  /**
   * Verifies a code for a pending login that a later request completes, under another token: whoever knows the one of
   * before, by a planted cookie or a copy of the session, completes nothing.
   */
  async markLogin(pending: PendingToken | undefined, response: Response): Promise<MarkedLogin> {
    const verdictId = newId();
    const verified = await this.verify({
      load: () => this.ofLogin(pending),
      response,
      isEnough: isSecond,
      verdicts: ({ challenge }, proved) => [
        { challenge, state: 'used', proved },
        { challenge: { ...challenge, verdictId }, state: 'verified', proved },
      ],
    });
    const { challenge } = verified.subject;
    const content = { ...challenge.content, id: verdictId };
    if (content.kept !== true) await this.removeRow(verified.subject);
    return {
      proved: verified.proved,
      subject: { ...verified.subject, challenge: { ...challenge, verdictId, content } },
      token: sealPending(this.context, content, challenge.carrier),
    };
  }

  /** Verifies a code of a user who is logged in. @param token of the step-up challenge that a delivered code answers */
  async verifyUser(identity: Identity, response: Response, token?: string): Promise<Verified> {
    const { factors } = this.context;
    const load = async (): Promise<Subject> => {
      const snapshot = await this.context.snapshots.ofUser(identity, { purpose: 'step-up', mechanism: 0 });
      // Backup codes stand in for a factor: without one they are nothing.
      if (!snapshot.account || snapshot.authenticators.length === 0) throw new TwoFactorNotSetupError();
      const { account } = snapshot;
      const now = this.context.settings.clock();
      const live = snapshot.challenges.map(ofRow).filter((challenge) => isLive(challenge, snapshot, now));
      // A code sent to one session does not serve another: the session's token names its challenge.
      const challenge = token === undefined ? live.at(-1) : live.find(({ id }) => id === stepUpRow(token));
      return { identity, account, snapshot, challenge };
    };
    const verified = await this.verify({
      load,
      response,
      verdicts: ({ challenge }, proved) =>
        challenge && factors.answersChallenge(proved.method) ? [{ challenge, state: 'used', proved }] : [],
    }).catch(async (reason: unknown) => {
      const asked = response.methods.filter(isEnrollable);
      throw reason instanceof TwoFactorNotSetupError ? await whyMissing(this.context, identity, ...asked) : reason;
    });
    const { challenge } = verified.subject;
    if (challenge && factors.answersChallenge(verified.proved.method))
      await tidy(() => this.context.challenges.remove([challenge.id]));
    return verified;
  }

  /** Reads a pending login that a code may still answer. @throws TwoFactorExpiredError */
  async ofLogin(pending: PendingToken | undefined): Promise<LoginSubject> {
    const subject = await this.findLogin(pending);
    const { snapshot, challenge } = subject;
    if (!isLive(challenge, snapshot, this.context.settings.clock())) throw new TwoFactorExpiredError();
    return subject;
  }

  /**
   * Reads a pending login, whether or not a code may still answer it: one that was verified stays completable when
   * later failures end the others, since its verdict was committed before.
   * @throws TwoFactorExpiredError where there is none
   */
  async findLogin(pending: PendingToken | undefined): Promise<LoginSubject> {
    const content = pending && openPending(this.context, pending);
    if (!content || content.expiresAt <= this.context.settings.clock()) throw new TwoFactorExpiredError();
    const identity = { id: content.userId, key: sha256(content.userId) };
    const { snapshots } = this.context;
    const read = content.hasRow ? await snapshots.withLogins(identity) : await snapshots.ofUser(identity);
    const snapshot = withoutChannel(read, content.channel);
    const { account, securityEpoch } = snapshot;
    // Verified by a factor that its owner has removed since: a thief's login must not outlive what it was verified by.
    if (!account || content.securityEpoch !== securityEpoch) throw new TwoFactorExpiredError();
    return { identity, account, snapshot, challenge: withCodes(content, pending.carrier, { identity, snapshot }) };
  }

  private async verify<S extends Subject>({
    load,
    response: { methods, code },
    verdicts,
    isEnough = () => true,
  }: Verifying<S>): Promise<Verified<S>> {
    const { factors } = this.context;
    const given = methods.includes('passkey') ? readResponse(code) : readCode(code);
    const asked = { methods, response: given };
    const { subject, match } = await this.judge.judge({
      load,
      verdicts,
      backupCode: methods.includes('backup_code') ? factors.backupCode.read(given) : undefined,
      decide: async (loaded) => {
        const match = await this.matching.decide(loaded, asked);
        return match && isEnough(loaded, match) ? match : undefined;
      },
      compared: (loaded) => this.matching.chances(loaded, asked),
      failed: methods.length === 1 ? methods[0] : undefined,
    });
    return { subject, proved: await this.judge.accept(subject.identity, match) };
  }

  /** The verdict stands in the account: what is left of the codes decides nothing. */
  private async removeRow({ challenge }: LoginSubject): Promise<void> {
    if (challenge.isStored) await tidy(() => this.context.challenges.remove([challenge.id]));
  }
}
