import { mechanismOf, type EnrollableMethod } from '../core/methods.js';
import { readCode, readResponse } from '../core/one-time-code.js';
import { InvalidInputError, StepUpRequiredError, TwoFactorNotSetupError } from '../errors.js';
import type { Factor } from '../factors/factor.js';
import { ofRow, type StoredChallenge } from './challenge.js';
import type { Change, Context } from './context.js';
import type { Enabling } from './enabling.js';
import type { EnrollmentDrafts } from './enrollment-draft.js';
import { tidy } from './factor-change.js';
import type { Identity } from './identity.js';
import type { Judge } from './judging.js';
import { provedOf, type Proved } from './proved.js';
import type { Match, Subject } from './subject.js';
import { isLive } from './verdicts.js';

type EnrollmentSubject = Subject & { readonly challenge: StoredChallenge | undefined };

/** The codes that come with it, and what it was proved by. */
export interface Confirmed extends Change<string[]> {
  readonly proved: Proved;
}

/** Confirms enrollments: what was begun becomes a factor by a right response. */
export class EnrollmentConfirmation {
  constructor(
    private readonly context: Context,
    private readonly parts: { readonly drafts: EnrollmentDrafts; readonly judge: Judge; readonly enabling: Enabling },
  ) {}

  /**
   * Confirms the newest live enrollment of the method. It belongs to the epoch that it was begun at: a change of
   * factors ends it, also one that is committed while the code is being judged.
   * @param identity with the epoch that the session stands for, whether or not its authentication is recent
   * @returns fresh backup codes, `[]` where the user has a set already
   */
  async complete(identity: Identity, method: EnrollableMethod, code: unknown): Promise<Confirmed> {
    const { judge, drafts, enabling } = this.parts;
    const factor = this.context.factors.named(method);
    const response = method === 'passkey' ? readResponse(code) : readCode(code);
    const { subject, match } = await judge.judge({
      load: () => this.load(identity, method),
      decide: (given) => this.confirm(given, factor, response),
      compared: () => factor.confirmChances,
      failed: method,
      // Of parallel confirmations one is written and enrolls.
      verdicts: ({ challenge }, proved) => (challenge ? [{ challenge, state: 'used', proved }] : []),
    });
    const { challenge } = subject;
    if (!challenge) throw new TwoFactorNotSetupError();
    await tidy(() => this.context.challenges.remove([challenge.id]));
    const draft = match.draft ?? drafts.open(challenge);
    const added = { factor, draft, confirmedStep: match.confirmedStep ?? 0, isHeld: true, givesCodes: true };
    const change = await enabling.enable({ ...identity, judgedAt: challenge.securityEpoch }, added);
    return { ...change, proved: provedOf(match) };
  }

  private async load(identity: Identity, method: EnrollableMethod): Promise<EnrollmentSubject> {
    const filter = { purpose: 'enrollment', mechanism: mechanismOf(method) } as const;
    const snapshot = await this.context.snapshots.ofUser(identity, filter);
    const { account } = snapshot;
    if (!account) throw new TwoFactorNotSetupError();
    const now = this.context.settings.clock();
    const challenge = snapshot.challenges.map(ofRow).findLast((candidate) => isLive(candidate, snapshot, now));
    const { judgedAt = snapshot.securityEpoch } = identity;
    if (challenge && judgedAt !== snapshot.securityEpoch) throw new StepUpRequiredError();
    return { identity, account, snapshot, challenge };
  }

  private async confirm(
    { challenge }: EnrollmentSubject,
    factor: Factor,
    response: unknown,
  ): Promise<Match | undefined> {
    if (!challenge) throw new TwoFactorNotSetupError();
    if (!factor.accepts(response)) throw new InvalidInputError('code', factor.shape);
    const proof = await factor.confirm(this.parts.drafts.open(challenge), challenge, response);
    // The step is spent for the new factor alone: the others' codes are other ones.
    if (!proof) return undefined;
    const { step, ...others } = proof;
    return { ...others, method: factor.method, ...(step !== undefined && { confirmedStep: step }) };
  }
}
