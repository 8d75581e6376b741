import type { ProvedFactor, Standing } from '../core/standing.js';
import { withFactor } from '../core/standing.js';
import type { FirstFactorKind } from '../options.js';
import type { Context } from './context.js';
import type { PreparedSnapshot } from './enrollment-draft.js';
import type { Identity } from './identity.js';
import type { FinishedLogin } from './login-finish.js';
import type { PasskeyLogin } from './passkey-login.js';

/** What is judged of a login whose first factor was right. */
export interface GivenLogin {
  readonly kind: FirstFactorKind;
  /** Whether a user with a second factor needs it for this login. */
  readonly isRequired: boolean;
}

/** A login that goes on, and what it stands for; or the state that its pending login begins at. */
export type Admission =
  | { readonly halted: PreparedSnapshot; readonly standing?: undefined }
  | { readonly halted?: undefined; readonly standing: Standing | undefined };

/** Decides whether a login goes on, and says what it stands for. */
export class LoginGate {
  constructor(private readonly context: Pick<Context, 'settings' | 'snapshots'>) {}

  /**
   * A login goes on for a user without a verified method, and where none is required. It stands for nothing where it
   * skipped an enrolled factor, or was made by a cookie that remembers: nobody has proved that just now.
   */
  async admit(identity: Identity, { kind, isRequired }: GivenLogin): Promise<Admission> {
    const snapshot = await this.context.snapshots.ofUser(identity);
    const { account, authenticators, securityEpoch: epoch } = snapshot;
    if (isRequired && account && authenticators.length > 0) return { halted: { ...snapshot, account } };
    const isRecent = authenticators.length === 0 && kind !== 'remembered';
    const at = this.context.settings.clock();
    return {
      standing: isRecent ? { userKey: identity.key, epoch, at, factors: firstFactor(kind, at) } : undefined,
    };
  }

  /** What a login stands for whose both factors were right. */
  verified({ identity, securityEpoch: epoch, kind, begunAt, proved }: FinishedLogin): Standing {
    const first = { userKey: identity.key, epoch, at: begunAt, factors: firstFactor(kind, begunAt) };
    return withFactor(first, { ...proved, at: this.context.settings.clock() });
  }

  /** The same for a passkey that is both factors. */
  byPasskey({ identity, proved, securityEpoch: epoch }: PasskeyLogin): Standing {
    const at = this.context.settings.clock();
    return { userKey: identity.key, epoch, at, factors: [{ ...proved, at }] };
  }
}

/** A strategy that proves no password proves nothing that has a name here: a provider answers for it. */
function firstFactor(kind: FirstFactorKind, at: number): readonly ProvedFactor[] {
  if (kind === 'local') return [{ method: 'password', at }];
  return kind === 'passkey' ? [{ method: 'passkey', at, uv: false }] : [];
}
