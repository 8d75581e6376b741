import type { DataSource } from 'typeorm';
import { columnsOf, retrying, type Row } from './database.js';
import { entityNames } from './entities.js';
import type { TwoFactorAccount, TwoFactorAuthenticator, TwoFactorChallenge } from './rows.js';

/** What one SELECT tells about a user: all that a decision needs, of one moment. */
export interface Snapshot {
  readonly account: TwoFactorAccount | undefined;
  /** Oldest first. */
  readonly authenticators: readonly TwoFactorAuthenticator[];
  /** Oldest first; those that were asked for. */
  readonly challenges: readonly TwoFactorChallenge[];
  readonly unusedBackupCodes: number;
}

/** Which challenges of the user to read along; `mechanism` 0 for logins and step-ups. */
export interface ChallengeFilter {
  readonly purpose: TwoFactorChallenge['purpose'];
  readonly mechanism: number;
}

export class SnapshotStore {
  private readonly account;
  private readonly authenticator;
  private readonly challenge;

  constructor(private readonly db: DataSource) {
    this.account = columnsOf<TwoFactorAccount>(db, entityNames.account, 'account');
    this.authenticator = columnsOf<TwoFactorAuthenticator>(db, entityNames.authenticator, 'authenticator');
    this.challenge = columnsOf<TwoFactorChallenge>(db, entityNames.challenge, 'challenge');
  }

  /** The user's account and authenticators, and the challenges of one purpose where asked for. */
  ofUser(userKey: string, filter?: ChallengeFilter): Promise<Snapshot> {
    return this.load(
      {
        challenge: filter ? 'challenge.user_key = :userKey AND challenge.purpose = :purpose AND challenge.mechanism = :mechanism' : undefined,
        user: ':userKey',
      },
      { userKey, ...filter },
    );
  }

  /** The challenge and everything of the user it was made for, found by nothing but the challenge's id. */
  ofChallenge(id: string): Promise<Snapshot> {
    return this.load({ challenge: 'challenge.id = :id', user: 'challenge.user_key' }, { id });
  }

  private async load(on: { challenge: string | undefined; user: string }, parameters: Record<string, unknown>): Promise<Snapshot> {
    // Joined to a constant row: an authenticator whose account is missing must be seen, not hidden by an inner join.
    const query = this.db.createQueryBuilder().select([]).from('(SELECT 1 AS present)', 'origin');
    if (on.challenge !== undefined) query.leftJoin(entityNames.challenge, 'challenge', on.challenge);
    query.leftJoin(entityNames.account, 'account', `account.user_key = ${on.user}`);
    query.leftJoin(entityNames.authenticator, 'authenticator', `authenticator.user_key = ${on.user}`);
    const readers = on.challenge === undefined ? [this.account, this.authenticator] : [this.account, this.authenticator, this.challenge];
    for (const [column, alias] of readers.flatMap(({ select }) => select)) query.addSelect(column, alias);
    query.addSelect(
      (sub) => sub.select('COUNT(*)').from(entityNames.backupCode, 'code')
        .where("code.set_id = account.backup_set_id AND account.backup_set_id <> '' AND code.used_at = 0"),
      'unused_codes',
    );
    const rows = await retrying(() => query.setParameters(parameters).getRawMany<Row>());

    const account = rows[0] && this.account.read(rows[0]);
    const authenticators = distinct(rows.map((row) => this.authenticator.read(row)));
    if (!account && authenticators.length > 0) throw new Error('The account of a user with a second factor is missing.');
    return {
      account,
      authenticators: authenticators.sort((a, b) => a.verifiedAt - b.verifiedAt || (a.id < b.id ? -1 : 1)),
      challenges: on.challenge === undefined ? [] : distinct(rows.map((row) => this.challenge.read(row))).sort((a, b) => a.createdAt - b.createdAt),
      unusedBackupCodes: Number(rows[0]?.unused_codes ?? 0),
    };
  }
}

function distinct<T extends { id: string }>(rows: readonly (T | undefined)[]): T[] {
  const byId = new Map<string, T>();
  for (const row of rows) if (row) byId.set(row.id, row);
  return [...byId.values()];
}
