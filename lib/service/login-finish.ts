import { TwoFactorExpiredError, TwoFactorNotVerifiedError } from '../errors.js';
import type { FirstFactorKind } from '../options.js';
import type { Context } from './context.js';
import { findUser, type Deserialize, type Identity } from './identity.js';
import { tidy } from './factor-change.js';
import type { Judge } from './judging.js';
import { openKept } from './kept-login.js';
import type { PendingToken } from './pending-token.js';
import type { Proved } from './proved.js';
import type { LoginSubject, Verified } from './subject.js';
import type { Verification } from './verification.js';
import { isLive } from './verdicts.js';

/** A login that both factors were right for. */
export interface FinishedLogin {
  readonly identity: Identity;
  readonly user: Express.User;
  readonly info: unknown;
  readonly remember: boolean;
  /** How the first factor was proved, and when (epoch milliseconds). */
  readonly kind: FirstFactorKind;
  readonly begunAt: number;
  /** How the second factor was. */
  readonly proved: Proved;
  /** As it was when the code was judged. */
  readonly securityEpoch: number;
}

/** Each lost try means that another statement on the account came first. */
const completionTries = 20;

/** Ends verified logins: asks the app for the user once more. */
export class LoginFinish {
  constructor(
    private readonly context: Context,
    private readonly verification: Verification,
    private readonly judge: Judge,
  ) {}

  /**
   * Finishes a login whose code this very request has judged, and has used up.
   * @param deserialize Passport's, for an app without `users.find`
   * @throws TwoFactorExpiredError where the user is removed or disabled by now
   */
  async finish({ subject, proved }: Verified<LoginSubject>, deserialize?: Deserialize): Promise<FinishedLogin> {
    const { identity, snapshot, challenge } = subject;
    const kept = openKept(this.context, challenge);
    const user = await findUser(this.context.settings, identity, { ...kept, deserialize });
    if (user === undefined) throw new TwoFactorExpiredError();
    const { remember, kind, createdAt: begunAt } = challenge.content;
    const { securityEpoch } = snapshot;
    return { identity, user, info: kept.info, remember, kind, begunAt, proved, securityEpoch };
  }

  /**
   * Finishes a login that `markLogin` has verified, and uses it up.
   * @param known what this very request has read and written of it
   * @throws TwoFactorNotVerifiedError, TwoFactorExpiredError; of requests at once, one finishes it
   */
  async complete(
    pending: PendingToken | undefined,
    known?: LoginSubject,
    deserialize?: Deserialize,
  ): Promise<FinishedLogin> {
    let subject = known;
    for (let attempt = 0; attempt < completionTries; attempt += 1) {
      subject ??= await this.verification.findLogin(pending);
      const { challenge } = subject;
      const proved = await this.use(subject);
      if (proved !== undefined) {
        if (challenge.isStored) await tidy(() => this.context.challenges.remove([challenge.id]));
        return this.finish({ subject, proved }, deserialize);
      }
      subject = undefined;
    }
    throw new Error('The account changes too often for the login to be completed now.');
  }

  /** What has verified it; undefined where another statement on the account came first. */
  private async use({ account, snapshot, challenge }: LoginSubject): Promise<Proved | undefined> {
    const { accounts, settings } = this.context;
    const { verdicts } = this.judge;
    const proved = verdicts.verifiedBy(account, challenge);
    if (proved === undefined) {
      throw isLive(challenge, snapshot, settings.clock())
        ? new TwoFactorNotVerifiedError()
        : new TwoFactorExpiredError();
    }
    const next = verdicts.after(account, [{ challenge, state: 'used', proved }]);
    return (await accounts.commit(account, next)) ? proved : undefined;
  }
}
