import type { PasskeyRequestOptions } from '../core/passkeys.js';
import { readResponse } from '../core/one-time-code.js';
import { InvalidInputError, InvalidTwoFactorCodeError, TwoFactorExpiredError } from '../errors.js';
import type { Challenge } from './challenge.js';
import type { Context } from './context.js';
import { findUser, identityOf, type Deserialize, type Identity } from './identity.js';
import type { Judge } from './judging.js';
import type { Matching } from './matching.js';
import { newId, type PendingToken } from './pending-token.js';
import type { Proved } from './proved.js';
import type { Subject } from './subject.js';
import { isLive } from './verdicts.js';

/** A login by a passkey that was begun: the browser's options, and what stands for it. */
export interface PasskeyLoginBegun {
  readonly options: PasskeyRequestOptions;
  /** For the session, or with `session: false` for the client to send back. */
  readonly token: string;
}

/** Who has logged in by a passkey, and what it has shown. */
export interface PasskeyLogin {
  readonly identity: Identity;
  readonly user: Express.User;
  readonly proved: Proved;
  /** As it was when the passkey was judged. */
  readonly securityEpoch: number;
}

interface Content {
  readonly id: string;
  readonly expiresAt: number;
  readonly passport: string;
  /** Whether the authenticator was asked to verify its user: an answer without that is not right. */
  readonly needsUv: boolean;
}

/** Logins that begin with a passkey: whose it is, the passkey tells. */
export class PasskeyLogins {
  constructor(
    private readonly context: Context,
    private readonly matching: Matching,
    private readonly judge: Judge,
  ) {}

  /** Nothing is written before a passkey has answered: login pages are asked for by anybody. */
  async begin(
    { carrier, passport }: Omit<PendingToken, 'token'>,
    userVerification: 'required' | 'preferred',
  ): Promise<PasskeyLoginBegun> {
    const { factors, keyring, settings } = this.context;
    const needsUv = userVerification === 'required';
    const content: Content = { id: newId(), expiresAt: settings.clock() + settings.loginExpiry, passport, needsUv };
    const challenge = factors.passkey.challengeOf({ purpose: 'passkey', userId: '', id: content.id });
    const options = await factors.passkey.ceremonies.requestOptions({ challenge, allow: [], userVerification });
    return { options, token: keyring.sealToken('passkey-login', carrier, JSON.stringify(content)) };
  }

  /**
   * Verifies what the browser answered. The challenge is used up by the UPDATE that counts the verdict, in the account
   * that the credential names.
   * @throws TwoFactorExpiredError where nothing was begun or its time is over, InvalidTwoFactorCodeError for what is
   *   not right: a passkey that nobody has, a wrong signature, a used challenge, a user who is removed
   */
  async finish(begun: PendingToken | undefined, given: unknown, deserialize?: Deserialize): Promise<PasskeyLogin> {
    const { authenticators, factors, settings, snapshots } = this.context;
    const content = begun && this.open(begun);
    if (!content || content.expiresAt <= settings.clock()) throw new TwoFactorExpiredError();
    const response = readResponse(given);
    if (!factors.passkey.accepts(response)) throw new InvalidInputError('response', factors.passkey.shape);
    const row = factors.passkey.rowOf(response);
    const owner = await authenticators.ownerOf(row);
    if (owner === undefined) throw new InvalidTwoFactorCodeError();
    const identity = identityOf(owner);
    const { subject, match } = await this.judge.judge({
      load: async () =>
        subjectOf(identity, content, { snapshot: await snapshots.ofUser(identity), now: settings.clock() }),
      decide: async (loaded) => {
        const asked = only(loaded, row);
        // A row that does not count: a passkey that was removed, or is being added.
        if (asked.snapshot.authenticators.length === 0) return undefined;
        const match = await this.matching.decide(asked, { methods: ['passkey'], response });
        return content.needsUv && match?.uv !== true ? undefined : match;
      },
      compared: () => 1,
      failed: 'passkey',
      verdicts: ({ challenge }, proved) => (challenge ? [{ challenge, state: 'used', proved }] : []),
    });
    const user = await findUser(settings, identity, { deserialize });
    if (user === undefined) throw new InvalidTwoFactorCodeError();
    const proved = await this.judge.accept(identity, match);
    return { identity, user, proved, securityEpoch: subject.snapshot.securityEpoch };
  }

  private open({ token, carrier, passport }: PendingToken): Content | undefined {
    const text = this.context.keyring.openToken('passkey-login', carrier, token);
    const content = text === undefined ? undefined : (JSON.parse(text) as Content);
    // Another Passport does not finish what this one has begun.
    return content?.passport === passport ? content : undefined;
  }
}

/** The one credential that has answered. */
const only = (subject: Subject, row: string): Subject => ({
  ...subject,
  snapshot: { ...subject.snapshot, authenticators: subject.snapshot.authenticators.filter(({ id }) => id === row) },
});

interface Loaded {
  readonly snapshot: Subject['snapshot'];
  readonly now: number;
}

/** @throws InvalidTwoFactorCodeError where the challenge was used for this account, or its time is over */
function subjectOf(identity: Identity, { id, expiresAt }: Content, { snapshot, now }: Loaded): Subject {
  const { account, securityEpoch } = snapshot;
  if (!account) throw new InvalidTwoFactorCodeError();
  const { challengeEpoch } = account;
  const challenge: Challenge = {
    id,
    verdictId: id,
    purpose: 'passkey',
    userId: identity.id,
    userKey: identity.key,
    challengeEpoch,
    securityEpoch,
    createdAt: now,
    expiresAt,
    codes: '{}',
    codeVersion: 0,
  };
  if (!isLive(challenge, snapshot, now)) throw new InvalidTwoFactorCodeError();
  return { identity, account, snapshot, challenge };
}
