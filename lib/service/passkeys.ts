import type {
  AcceptedPasskeys,
  PasskeyCreationOptions,
  PasskeyDescriptor,
  PasskeyRequestOptions,
} from '../core/passkeys.js';
import { SealedDataError, TwoFactorNotSetupError } from '../errors.js';
import type { Question } from '../factors/factor.js';
import type { KeptPasskey } from '../factors/passkey.js';
import type { Snapshot } from '../store/snapshot-store.js';
import type { Change, Context } from './context.js';
import { accountLabel, readLabel } from './enrollment-input.js';
import type { EnrollmentDrafts } from './enrollment-draft.js';
import type { Enrollment } from './enrollment.js';
import { findUser, type Identity } from './identity.js';
import type { PendingToken } from './pending-token.js';
import type { StepUps, StepUpSession } from './step-up.js';
import { whyMissing } from './subject.js';
import { readIfReadable } from './unreadable.js';
import type { Verification } from './verification.js';

/** What browsers are told, so that a passkey is made or used. */
export class PasskeyCeremonies {
  constructor(
    private readonly context: Context,
    private readonly parts: {
      readonly enrollment: Enrollment;
      readonly drafts: EnrollmentDrafts;
      readonly verification: Verification;
      readonly stepUps: StepUps;
    },
  ) {}

  /** Begins an enrollment. @param label default: the name of the authenticator, where it is known */
  async setup(identity: Identity, label?: unknown): Promise<Change<PasskeyCreationOptions>> {
    const { factors, settings, texts } = this.context;
    const factor = factors.passkey;
    const { ceremonies } = factor;
    const name = label === undefined || label === '' ? '' : readLabel(label);
    await texts.check('label', name);
    const user = await findUser(settings, identity);
    if (user === undefined) throw new TwoFactorNotSetupError();
    const snapshot = await this.parts.enrollment.prepare(identity, factor, () => false);
    const { kept } = await this.read(snapshot);
    // The same for all passkeys of a user, also after the keys were rotated: an authenticator replaces its own by it.
    const userHandle = kept[0]?.userHandle ?? factor.userHandleOf(identity.id);
    const draft = { label: name, value: JSON.stringify({ userHandle }) };
    const { id } = await this.parts.drafts.begin({ identity, factor, draft, snapshot });
    const options = await ceremonies.creationOptions({
      challenge: factor.challengeOf({ purpose: 'enrollment', userId: identity.id, id }),
      user: { handle: userHandle, name: accountLabel(this.context, user, identity) },
      exclude: kept.map(descriptorOf),
    });
    return { result: options };
  }

  /** For a pending login. Nothing is written: the challenge is the pending login's own. */
  async forLogin(pending: PendingToken): Promise<PasskeyRequestOptions> {
    const { challenge, snapshot, identity } = await this.parts.verification.ofLogin(pending);
    return this.request(challenge, snapshot, identity);
  }

  /** For a user who is logged in, whose session keeps the token of the step-up. */
  async forStepUp(identity: Identity, session?: StepUpSession): Promise<PasskeyRequestOptions> {
    const { challenge, snapshot } = await this.parts.stepUps.begin(identity, 'passkey', session);
    return this.request(challenge, snapshot, identity);
  }

  /**
   * For the browser to forget the passkeys that do not count any more (WebAuthn L3 §5.1.10).
   * @throws SealedDataError where one of them cannot be read
   */
  async accepted(identity: Identity): Promise<AcceptedPasskeys> {
    const { factors, snapshots } = this.context;
    const { rpId } = factors.passkey.ceremonies;
    const { kept, unreadable } = await this.read(await snapshots.ofUser(identity));
    // The browser would forget it for good.
    if (unreadable) throw unreadable;
    const userId = kept[0]?.userHandle ?? factors.passkey.userHandleOf(identity.id);
    return { rpId, userId, allAcceptedCredentialIds: kept.map(({ id }) => id) };
  }

  private async request(
    question: Omit<Question, 'codes'>,
    snapshot: Snapshot,
    identity: Identity,
  ): Promise<PasskeyRequestOptions> {
    const factor = this.context.factors.passkey;
    const { kept, unreadable } = await this.read(snapshot);
    if (kept.length === 0) throw unreadable ?? (await whyMissing(this.context, identity, 'passkey'));
    return factor.ceremonies.requestOptions({
      challenge: factor.challengeOf(question),
      allow: kept.map(descriptorOf),
    });
  }

  /** One that cannot be read is passed over: another may do. */
  private async read({ authenticators }: Snapshot): Promise<Read> {
    const { factors } = this.context;
    const rows = authenticators.filter((row) => factors.of(row) === factors.passkey);
    const all = await Promise.all(
      rows.map((row) => readIfReadable(this.context, row, () => factors.passkey.keptOf(row))),
    );
    return {
      kept: all.filter((one): one is KeptPasskey => !(one instanceof SealedDataError)),
      unreadable: all.find((one): one is SealedDataError => one instanceof SealedDataError),
    };
  }
}

interface Read {
  readonly kept: readonly KeptPasskey[];
  readonly unreadable: SealedDataError | undefined;
}

const descriptorOf = ({ id, transports }: KeptPasskey): PasskeyDescriptor => ({ id, transports });
